import aiohttp

from contact_center.tickets.queries import get_ticket


async def test_a_call_is_written_down_and_its_writer_owns_it(desk) -> None:
    ann, bob = await desk.hire("Ann"), await desk.hire("Bob", language="zh")
    call = {"medium": "phone", "text": "Where is it?", "phone": "+49 1", "name": "Carla"}

    form = await desk.page("/desk/contacts", ann)
    status, _ = await desk.send("/desk/contacts", ann, **call)
    again, _ = await desk.send(
        "/desk/contacts", bob, medium="visit", text="Still not there", ticket="T-000001"
    )
    html = await desk.page("/desk/tickets/1", bob)
    nobody, why = await desk.send("/desk/contacts", bob, medium="phone", text="Hello")

    assert "Write down a call or a visit" in form
    assert (status, again, nobody) == (200, 200, 422)
    assert "请填写工单编号、客户或客户电话" in why
    assert "Bob 登记了一次联系：来访" in html
    async with desk.runtime.db.read() as session:
        ticket = await get_ticket(session, 1)
    assert (ticket.owner_id, ticket.message_count) == (ann.agent.id, 2)


async def test_an_answer_to_a_call_is_kept_as_said_and_nothing_is_sent(desk) -> None:
    ann, bob = await desk.hire("Ann"), await desk.hire("Bob", language="zh")
    call = {"medium": "phone", "text": "Where is it?", "phone": "+49 1", "name": "Carla"}
    await desk.send("/desk/contacts", ann, **call)
    form = aiohttp.FormData({"text": "It is on its way", "mode": "reply", "after": "0"})
    form.add_field("files", b"", filename="", content_type="application/octet-stream")

    answer = await desk.client.post("/desk/tickets/1/say", data=form, headers=ann.htmx)
    page, seite = await desk.page("/desk/tickets/1", ann), await desk.page("/desk/tickets/1", bob)

    assert answer.status == 200
    assert "What Carla was told (Phone): nothing is sent" in page
    assert ("said: Phone" in page, "已告知：电话" in seite) == (True, True)
    assert "f-sending" not in page
