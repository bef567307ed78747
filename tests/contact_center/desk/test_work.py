"""Work orders, promises and the end of a ticket at the desk."""

import re
from datetime import timedelta

import aiohttp
import pytest

from contact_center.agents.models import Role
from contact_center.promises.queries import promises_of
from contact_center.tickets.models import Status
from contact_center.tickets.queries import get_ticket
from contact_center.work_orders.queries import get_work_order
from tests.support.factories import make_team


async def say(desk, login, text, **fields):
    form = aiohttp.FormData({"text": text, "mode": "reply", "after": "0", **fields})
    form.add_field("files", b"", filename="", content_type="application/octet-stream")
    answer = await desk.client.post("/desk/tickets/1/say", data=form, headers=login.htmx)
    return answer.status, await answer.text()


@pytest.fixture
async def house(desk):
    """Li has answered; Ned works in the network team."""
    li, ned = await desk.hire("Li"), await desk.hire("Ned", language="zh")
    async with desk.runtime.db.begin() as session:
        team = await make_team(session, now=desk.runtime.now(), name="Network")
    await desk.join(ned, team.id)
    await desk.arrive("The line is down")
    await say(desk, li, "I look into it")
    return li, ned, team.id


async def ask(desk, li, team_id, **fields):
    values = {"kind": "task", "team": str(team_id), "task": "Look at the line", **fields}
    return await desk.send("/desk/tickets/1/work-order", li, **values)


async def ticket_of(desk):
    async with desk.runtime.db.read() as session:
        return await get_ticket(session, 1)


async def order_of(desk):
    async with desk.runtime.db.read() as session:
        return await get_work_order(session, 1)


async def test_a_team_is_asked_signs_finishes_and_the_owner_verifies(desk, house) -> None:
    li, ned, team_id = house

    status, html = await ask(desk, li, team_id)
    assert status == 200
    assert "Li issued W-000001 to Network" in html
    assert (await ticket_of(desk)).status is Status.WAITING_DEPARTMENT
    board = await desk.page("/desk/work-orders", ned)
    assert "待签收" in board
    assert "Look at the line" in board
    assert 'hx-post="/desk/work-orders/1/sign?board=1"' in board

    signed = await desk.client.post("/desk/work-orders/1/sign?board=1", data={}, headers=ned.htmx)
    assert signed.headers["HX-Redirect"] == "/desk/work-orders"
    status, html = await desk.send("/desk/work-orders/1/finish", ned, text="Cable replaced")
    assert (status, "W-000001" in html) == (200, True)
    assert (await ticket_of(desk)).status is Status.OPEN
    refused, html = await desk.send("/desk/work-orders/1/verify", ned)
    assert (refused, "只有 T-000001 的负责人可以这样做" in html) == (403, True)
    status, html = await desk.send("/desk/work-orders/1/verify", li, rating="5")

    assert (status, (await order_of(desk)).rating) == (200, 5)
    assert "Li verified W-000001" in html


async def test_what_is_missing_is_listed_with_its_place(desk, house) -> None:
    li, _, team_id = house
    await ask(desk, li, team_id)
    await desk.send("/desk/tickets/1/resume", li)

    status, html = await desk.send("/desk/tickets/1/resolve", li, code="solved")

    assert status == 409
    assert "This cannot be done yet. Missing:" in html
    assert '<a href="#w-1">W-000001 is still open</a>' in html


@pytest.mark.parametrize(
    ("step", "fields", "state"),
    [
        ("return", {"text": "not ours"}, "returned"),
        ("start", {}, "in_progress"),
        ("withdraw", {"text": "no longer"}, "cancelled"),
        ("waive", {"text": "never mind"}, "signed"),
        ("comment", {"text": "soon"}, "signed"),
    ],
)
async def test_steps_of_a_signed_order(desk, house, step, fields, state) -> None:
    li, ned, team_id = house
    await ask(desk, li, team_id)
    await desk.send("/desk/work-orders/1/sign", ned)
    who = li if step in ("withdraw", "waive") else ned

    status, html = await desk.send(f"/desk/work-orders/1/{step}", who, **fields)

    assert status == 200, html
    assert (await order_of(desk)).state == state


async def test_a_colleague_is_given_the_work_from_the_board(desk, house) -> None:
    li, ned, team_id = house
    nora = await desk.hire("Nora")
    await desk.join(nora, team_id)
    await ask(desk, li, team_id)
    await desk.send("/desk/work-orders/1/sign", ned)

    board = await desk.page("/desk/work-orders", ned)
    assert f'<option value="{nora.agent.id}">Nora</option>' in board
    assert "筛选" in board
    assert "/desk/work-orders/1/give" not in await desk.page("/desk/work-orders", nora)
    status, html = await desk.send("/desk/work-orders/1/give", nora, to=str(nora.agent.id))
    assert (status, "with a colleague: ask them" in html) == (403, True)
    status, html = await desk.send("/desk/work-orders/1/give", ned, to=str(nora.agent.id))

    assert (status, "Ned 将 W-000001 转给 Nora" in html) == (200, True)
    assert (await order_of(desk)).assignee_id == nora.agent.id


async def test_more_time_a_redo_and_another_team(desk, house, clock) -> None:
    li, ned, team_id = house
    await ask(desk, li, team_id)
    await desk.send("/desk/work-orders/1/sign", ned)
    await desk.send("/desk/work-orders/1/start", ned)
    until = f"{clock() + timedelta(days=30):%Y-%m-%dT%H:%M}"
    status, html = await desk.send("/desk/work-orders/1/extend", ned, until=until, text="Parts")
    assert (status, "申请延期至" in html) == (200, True)
    assert "已超过组长可批准的 14 天" in html
    lead = await desk.hire("Lee", Role.LEAD)
    grant = 'hx-post="/desk/work-orders/1/grant"'
    assert [grant in await desk.page("/desk/tickets/1", one) for one in (li, lead)] == [False, True]
    status, html = await desk.send("/desk/work-orders/1/grant", ned)
    assert (status, "组长审批" in html) == (403, True)
    assert (await desk.send("/desk/work-orders/1/grant", li))[0] == 403
    status, html = await desk.send("/desk/work-orders/1/grant", lead)
    assert (status, "only a manager grants" in html) == (403, True)
    boss = await desk.hire("Bo", Role.MANAGER)
    assert (await desk.send("/desk/work-orders/1/grant", boss))[0] == 200
    await desk.send("/desk/work-orders/1/finish", ned, text="Done")
    status, html = await desk.send("/desk/work-orders/1/redo", li, text="Still noisy")

    assert (status, (await order_of(desk)).redo_count) == (200, 1)
    assert "done again 1×" in html


async def test_a_visit_has_its_appointment_on_the_page(desk, house, clock) -> None:
    li, ned, team_id = house
    times = {
        "begins": f"{clock() + timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "ends": f"{clock() + timedelta(hours=3):%Y-%m-%dT%H:%M}",
    }

    refused, _ = await ask(desk, li, team_id, kind="field_visit", location="1 Long Road")
    status, html = await ask(desk, li, team_id, kind="field_visit", location="1 Long Road", **times)
    await desk.send("/desk/work-orders/1/sign", ned)
    arrived, _ = await desk.send("/desk/work-orders/1/arrive", ned)

    assert (refused, status, arrived) == (422, 200, 200)
    assert "1 Long Road" in html


async def test_nothing_anybody_wrote_on_an_order_is_markup(desk, house) -> None:
    li, ned, team_id = house
    hostile = "<script>alert(1)</script>"
    await ask(desk, li, team_id, task=hostile)
    await desk.send("/desk/work-orders/1/comment", ned, text=hostile)
    await desk.send("/desk/tickets/1/promise", li, text=hostile, until="2026-03-02T18:00")

    for path in ("/desk/tickets/1", "/desk/work-orders", "/desk/promises"):
        html = await desk.page(path, li)
        assert "<script>alert" not in html, path
        assert "&lt;script&gt;alert" in html or path == "/desk/work-orders", path


# Promises


async def test_a_promises_steps_are_shown_to_who_may_take_them(desk, house) -> None:
    li, ned, _ = house
    lead = await desk.hire("Lee", Role.LEAD)
    await desk.send("/desk/tickets/1/promise", li, text="A call", until="2026-03-02T18:00")

    shown = [
        "/desk/promises/1/keep" in await desk.page("/desk/tickets/1", one)
        for one in (li, ned, lead)
    ]

    assert shown == [True, False, True]


async def test_a_reply_makes_a_promise_in_one_go(desk, house) -> None:
    li, _, _ = house

    status, html = await say(
        desk, li, "Sorry. I'll call you by Wednesday 12:00.", promise_until="2026-03-04T12:00"
    )

    assert status == 200, html
    async with desk.runtime.db.read() as session:
        [promise] = await promises_of(session, 1)
    assert promise.text == "I'll call you by Wednesday 12:00."
    assert promise.due_at.isoformat() == "2026-03-04T12:00:00+00:00"
    assert promise.message_id is not None
    assert "I&#39;ll call you by Wednesday" in html
    refused, html = await desk.send("/desk/tickets/1/resolve", li, code="solved")
    assert (refused, '<a href="#promises">' in html) == (409, True)
    assert "Wednesday 12:00" in await desk.page("/desk/promises", li)


async def test_a_promise_in_the_past_keeps_the_reply_back(desk, house) -> None:
    li, _, _ = house
    before = (await ticket_of(desk)).message_count

    status, html = await say(desk, li, "Tomorrow", promise_until="2020-01-01T12:00")

    assert status == 422
    assert "A promise is for the future" in html
    assert (await ticket_of(desk)).message_count == before


async def test_what_looks_like_a_promise_is_offered_in_the_agents_zone(desk) -> None:
    ann = await desk.hire("Ann", time_zone="Asia/Shanghai")

    answer = await desk.client.post(
        "/desk/promise-offers", data={"text": "明天下午3点前给您回复"}, headers=ann.htmx
    )
    nothing = await desk.client.post(
        "/desk/promise-offers", data={"text": "谢谢"}, headers=ann.htmx
    )

    assert await answer.json() == {"until": "2026-03-03T15:00", "said": "2026-03-03 15:00"}
    assert await nothing.json() == {}


async def test_a_promise_is_kept_moved_or_given_up(desk, house) -> None:
    li, _, _ = house
    for _ in range(3):
        form = {"text": "I'll call", "until": "2026-03-02T18:00"}
        status, html = await desk.send("/desk/tickets/1/promise", li, **form)
        assert status == 200, html

    listed = await desk.client.post("/desk/promises/1/keep?listed=mine", data={}, headers=li.htmx)
    assert listed.headers["HX-Redirect"] == "/desk/promises?whose=mine"
    later = {"until": "2026-03-03T18:00", "text": "It takes until tomorrow"}
    status, html = await desk.send("/desk/promises/2/renegotiate", li, **later)
    assert (status, "It takes until tomorrow" in html or "another time" in html) == (200, True)
    await desk.send("/desk/promises/3/cancel", li, text="They called")

    async with desk.runtime.db.read() as session:
        states = [promise.state for promise in await promises_of(session, 1)]
    assert states == ["kept", "renegotiated", "cancelled", "open"]
    assert (await ticket_of(desk)).open_promises == 1


async def test_queues_show_what_is_open(desk, house) -> None:
    li, _, team_id = house
    await ask(desk, li, team_id)
    await desk.send("/desk/tickets/1/promise", li, text="I'll call", until="2026-03-02T18:00")

    html = await desk.page("/desk/queues/all", li)

    assert "1 with departments" in html
    assert "promised 18:00" in html


# The end


async def test_the_owner_signs_off_what_somebody_else_resolved(desk, house) -> None:
    li, _, _ = house
    lead = await desk.hire("Lee", Role.LEAD)
    await desk.send("/desk/tickets/1/resolve", lead, code="solved")
    assert "Li has yet to sign it off." in await desk.page("/desk/tickets/1", lead)
    assert "/desk/tickets/1/sign-off" in await desk.page("/desk/tickets/1", li)

    await desk.send("/desk/tickets/1/confirm", li, text="It works", channel="phone")
    assert (await ticket_of(desk)).status is Status.RESOLVED
    status, _ = await desk.send("/desk/tickets/1/sign-off", li)

    assert (status, (await ticket_of(desk)).status) == (200, Status.CLOSED)


async def test_every_event_of_work_and_promises_has_words_in_both_languages(desk, house) -> None:
    li, ned, team_id = house
    await ask(desk, li, team_id)
    await desk.send("/desk/work-orders/1/sign", ned)
    await desk.send("/desk/tickets/1/promise", li, text="I'll call", until="2026-03-02T18:00")

    for who in (li, ned):
        html = await desk.page("/desk/tickets/1", who)
        assert not re.search(r": (work_order|promise)\.\w+", html)
