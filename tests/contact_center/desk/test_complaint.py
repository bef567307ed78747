"""The file of a complaint, the register, the board and the letters at the desk."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from contact_center.agents.models import Role
from contact_center.complaints.models import ActionState, Complaint, CorrectiveAction
from contact_center.desk import complaints
from contact_center.sla.models import Clock
from contact_center.tickets.queries import get_ticket

HOSTILE = "<script>alert('x')</script>"
TICKED = ["decision", "reasons", "internal_alternatives", "external_alternatives"]
SCORES = {"severity": "1", "safety": "0", "complexity": "1", "impact": "1", "urgency": "1"}


async def take(desk, login, number: int, step: str, *, status: int = 200, **fields) -> str:
    got, text = await desk.send(f"/desk/tickets/{number}/complaint/{step}", login, **fields)
    assert got == status, text
    return text


async def complain(desk, ann, text: str = "The kettle burnt my hand") -> int:
    receipt = await desk.arrive(text, kind="complaint", facts={"remedy": "a refund"})
    await desk.claim(receipt.ticket_id, ann)
    return receipt.ticket_id


async def file(desk, login, number: int) -> str:
    return await desk.page(f"/desk/tickets/{number}/complaint", login)


async def decide(desk, ann, lee, number: int) -> None:
    """A rejection by two people; the page is looked at after each step."""
    when = f"{desk.runtime.now().replace(year=2027):%Y-%m-%dT%H:%M}"
    await take(desk, ann, number, "acknowledge", next_step="We look", next_at=when)
    await file(desk, ann, number)
    await take(desk, ann, number, "assess", **SCORES)
    await file(desk, ann, number)
    await take(desk, ann, number, "investigate", handler=str(ann.agent.id))
    await file(desk, ann, number)
    await take(desk, ann, number, "evidence", kind="observation", text="A crack")
    await take(desk, ann, number, "cause", root_cause="product_defect", findings="Glue")
    await take(desk, ann, number, "redress", kind="refund", amount="12.50")
    await take(desk, ann, number, "decide", outcome="rejected", reasons="It was dropped")
    html = await file(desk, ann, number)
    assert "12.50 CNY" in html
    await take(desk, ann, number, "respond", status=409, text="No", contents="reasons")
    await take(desk, lee, number, "approve")
    for content in TICKED:
        assert f'value="{content}"' in html


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_complaint_goes_all_the_way_at_the_desk(desk, language) -> None:
    ann = await desk.hire("Ann", language=language)
    lee = await desk.hire("Lee", Role.LEAD, language=language)
    number = await complain(desk, ann)
    assert 'aria-current="step"' in await file(desk, ann, number)

    await decide(desk, ann, lee, number)
    answer = await desk.client.post(
        f"/desk/tickets/{number}/complaint/respond",
        data=[("text", "We cannot agree"), *(("contents", code) for code in TICKED)],
        headers=ann.htmx,
    )
    assert answer.status == 200, await answer.text()
    await file(desk, ann, number)
    await take(desk, ann, number, "answer", accepted="false", channel="phone", quote="No!")
    assert await file(desk, ann, number)
    await take(desk, ann, number, "close", status=409)
    await take(desk, ann, number, "decline")
    await take(desk, ann, number, "close")

    await file(desk, ann, number)
    async with desk.runtime.db.read() as session:
        ticket = await get_ticket(session, number)
    assert (ticket.status, ticket.stage) == ("closed", "closed")
    register = await desk.page("/desk/complaints?only=&stage=closed", lee)
    assert ticket.reference in register
    assert ticket.reference not in await desk.page("/desk/complaints?only=open", lee)
    for kind in ("acknowledgement", "holding", "final", "summary"):
        address = f"/desk/tickets/{number}/complaint/letters/{kind}"
        assert ticket.reference in await desk.page(address, ann)


async def test_what_is_missing_is_said_before_anything_is_tried(desk) -> None:
    ann = await desk.hire("Ann")
    number = await complain(desk, ann)
    when = f"{desk.runtime.now().replace(year=2027):%Y-%m-%dT%H:%M}"
    await take(desk, ann, number, "acknowledge", next_step="We look", next_at=when)
    await take(desk, ann, number, "assess", **SCORES)
    await take(desk, ann, number, "investigate")

    html = await file(desk, ann, number)

    assert "the root cause" in html
    assert "evidence for it" in html


async def test_nothing_in_a_file_is_markup(desk) -> None:
    ann, lee = await desk.hire(HOSTILE), await desk.hire("Lee", Role.LEAD)
    number = await complain(desk, ann, HOSTILE)
    await take(desk, ann, number, "escalate", body=HOSTILE, reference=HOSTILE)
    await take(desk, ann, number, "evidence", kind="statement", text=HOSTILE)
    await take(desk, ann, number, "redress", kind="other", description=HOSTILE)

    for path in (
        f"/desk/tickets/{number}",
        f"/desk/tickets/{number}/complaint",
        f"/desk/tickets/{number}/complaint/letters/final",
        "/desk/complaints",
    ):
        assert HOSTILE not in await desk.page(path, lee)


@pytest.mark.parametrize(("language", "asked"), [("en", "holding letter"), ("zh", "延期告知函")])
async def test_g39_the_page_offers_the_letter_that_is_overdue(desk, language, asked) -> None:
    ann = await desk.hire("Ann", language=language)
    number = await complain(desk, ann)
    assert "/complaint/hold" not in await file(desk, ann, number)
    async with desk.runtime.db.begin() as session:
        over = desk.runtime.now() - timedelta(days=1)
        await session.execute(update(Clock).values(legal_due_at=over, due_at=over))

    html = await file(desk, ann, number)
    assert "/complaint/hold" in html
    assert asked in html
    await take(desk, ann, number, "hold", text="The ombudsman is open to you")

    assert "/complaint/hold" not in await file(desk, ann, number)
    assert "ombudsman" in await desk.page(f"/desk/tickets/{number}/complaint/letters/overdue", ann)


@pytest.mark.parametrize(
    ("language", "asked"), [("en", "Send the summary letter"), ("zh", "发送摘要解决函")]
)
async def test_g38_the_page_takes_an_early_yes_and_offers_the_letter(desk, language, asked) -> None:
    ann = await desk.hire("Ann", language=language)
    number = await complain(desk, ann)
    now = desk.runtime.now()
    await take(
        desk,
        ann,
        number,
        "acknowledge",
        next_step="We look",
        next_at=f"{now.replace(year=2027):%Y-%m-%dT%H:%M}",
    )
    assert 'name="accepted" value="true"' not in await file(desk, ann, number)
    async with desk.runtime.db.begin() as session:
        early = {"summary_due_at": now + timedelta(hours=1), "summary_contents": ["six_months"]}
        await session.execute(update(Complaint).values(early))

    assert 'name="accepted" value="true"' in await file(desk, ann, number)
    said = {"accepted": "true", "channel": "phone", "quote": "Fine"}
    await take(desk, ann, number, "answer", **said)
    html = await file(desk, ann, number)
    assert asked in html
    assert 'value="six_months"' in html
    await take(desk, ann, number, "close", status=409)
    await take(desk, ann, number, "summary", text="It is settled", contents="six_months")

    assert asked not in await file(desk, ann, number)
    await take(desk, ann, number, "close")


async def test_after_the_review_no_other_review_is_offered(desk) -> None:
    ann, bob = await desk.hire("Ann"), await desk.hire("Bob")
    lee = await desk.hire("Lee", Role.LEAD)
    number = await complain(desk, ann)
    await decide(desk, ann, lee, number)
    contents = [("text", "No"), *(("contents", code) for code in TICKED)]
    address = f"/desk/tickets/{number}/complaint/respond"
    await desk.client.post(address, data=contents, headers=ann.htmx)
    await take(desk, ann, number, "answer", accepted="false", channel="phone", quote="No!")
    assert "You can ask for a review" in await file(desk, ann, number)
    await take(desk, lee, number, "review", handler=str(bob.agent.id))
    assert "It is with Bob" in await file(desk, ann, number)
    await take(desk, bob, number, "decide", outcome="partly_upheld", reasons="It was weak")
    await desk.client.post(address, data=contents, headers=bob.htmx)

    html = await file(desk, lee, number)

    assert "You can ask for a review" not in html
    assert "bodies outside Tea" in html


async def test_the_page_says_how_much_more_time_there_may_be_and_who_grants_it(desk) -> None:
    ann = await desk.hire("Ann")
    number = await complain(desk, ann)

    assert "granted by a Lead, or somebody above" in await file(desk, ann, number)


async def test_an_inquiry_has_no_file(desk) -> None:
    ann = await desk.hire("Ann")
    receipt = await desk.arrive()

    answer = await desk.client.get(
        f"/desk/tickets/{receipt.ticket_id}/complaint", headers=ann.headers
    )

    assert answer.status == 404


async def test_the_ticket_leads_to_its_file(desk) -> None:
    ann = await desk.hire("Ann")
    number = await complain(desk, ann)

    assert f'href="/desk/tickets/{number}/complaint"' in await desk.page(
        f"/desk/tickets/{number}", ann
    )


async def test_only_leads_see_the_register_and_its_file(desk) -> None:
    ann, lee = await desk.hire("Ann"), await desk.hire("Lee", Role.LEAD)
    number = await complain(desk, ann)

    for path in ("/desk/complaints", "/desk/complaints.csv"):
        assert (await desk.client.get(path, headers=ann.headers)).status == 403
    answer = await desk.client.get("/desk/complaints.csv?only=open", headers=lee.headers)
    assert f"T-{number:06d}" in await answer.text()


@pytest.mark.parametrize("amount", ["12.345", "ten", "NaN", "1e30"])
async def test_an_amount_that_is_none_is_refused(desk, amount) -> None:
    ann = await desk.hire("Ann")
    number = await complain(desk, ann)

    await take(desk, ann, number, "redress", status=422, kind="refund", amount=amount)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_board_takes_an_action_from_plan_to_close(desk, language) -> None:
    ann, bob = await desk.hire("Ann", language=language), await desk.hire("Bob")
    lee = await desk.hire("Lee", Role.LEAD)
    number = await complain(desk, ann)
    address = f"/desk/tickets/{number}/complaint/corrective-actions"
    assert "<form" in await desk.page(f"{address}/new", ann)
    due = f"{desk.runtime.now().replace(year=2027):%Y-%m-%dT%H:%M}"
    plan = {"cause": "glue", "plan": "new glue", "measure": "cracks", "due": due}
    status, _ = await desk.send(address, ann, owner=str(bob.agent.id), **plan)
    assert status in (200, 201)

    async def go(login, step, **fields) -> int:
        return (await desk.send(f"/desk/corrective-actions/1/{step}", login, **fields))[0]

    assert await go(lee, "approve") < 300
    assert "new glue" in await desk.page("/desk/corrective-actions", ann)
    assert await go(bob, "finish", note="done") < 300
    assert await go(lee, "close") == 409
    assert await go(ann, "check", effective="true", result="none left") < 300
    assert await go(lee, "close") < 300
    assert "none left" in await desk.page("/desk/corrective-actions", ann)


async def test_what_was_closed_hides_nothing_that_is_open(desk, monkeypatch) -> None:
    monkeypatch.setattr(complaints, "MOST", 1)
    ann = await desk.hire("Ann")
    number = await complain(desk, ann)
    async with desk.runtime.db.begin() as session:
        now = desk.runtime.now()
        for plan, state in (("old glue", ActionState.CLOSED), ("new glue", ActionState.APPROVED)):
            session.add(
                CorrectiveAction(
                    ticket_id=number,
                    state=state,
                    cause="glue",
                    plan=plan,
                    measure="cracks",
                    owner_id=ann.agent.id,
                    due_at=now + timedelta(days=state is ActionState.APPROVED),
                    proposed_by="agent:1",
                    created_at=now,
                )
            )

    board = await desk.page("/desk/corrective-actions", ann)

    assert "new glue" in board
    assert "old glue" in board


async def test_redress_is_taken_back_with_a_reason_that_the_file_shows(desk) -> None:
    ann = await desk.hire("Ann")
    number = await complain(desk, ann)
    await take(desk, ann, number, "redress", kind="refund", amount="12.50")
    assert "/complaint/redress/1/withdraw" in await file(desk, ann, number)

    await take(desk, ann, number, "redress/1/withdraw", status=422)
    await take(desk, ann, number, "redress/1/withdraw", reason="Paid by the bank")

    html = await file(desk, ann, number)
    assert "Paid by the bank" in html
    assert "/complaint/redress/1/withdraw" not in html


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_manager_holds_a_file(desk, language) -> None:
    ann = await desk.hire("Ann", language=language)
    boss = await desk.hire("Max", Role.MANAGER, language=language)
    number = await complain(desk, ann)
    assert "/complaint/legal-hold" not in await file(desk, ann, number)
    assert "/complaint/legal-hold" in await file(desk, boss, number)

    await take(desk, ann, number, "legal-hold", status=403, reason="Court")
    await take(desk, boss, number, "legal-hold", reason="Court, 12 C 34/26")

    assert "Court, 12 C 34/26" in await file(desk, ann, number)
    assert "/complaint/lift-hold" in await file(desk, boss, number)
    await take(desk, boss, number, "lift-hold")
    assert "Court, 12 C 34/26" not in await file(desk, ann, number)
