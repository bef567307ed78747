"""The way of a complaint over HTTP."""

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import update

from contact_center.complaints.actions.filing import open_all
from contact_center.complaints.models import Complaint
from contact_center.procedure import usual_procedure
from contact_center.tickets.models import Priority, TicketKind
from contact_center.web.permissions import Permission
from tests.contact_center.complaints.conftest import ALL, MILD
from tests.support.factories import customer_says, make_ticket


@pytest.fixture
async def ticket(db, clock):
    async with db.begin() as session:
        made = await make_ticket(
            session, now=clock(), kind=TicketKind.COMPLAINT, facts={"remedy": "a refund"}
        )
        await customer_says(session, made, "It burnt my hand", now=clock())
        await open_all(session, [made], procedure=usual_procedure(), now=clock())
    return made


def path(ticket, *parts: str) -> str:
    return "/".join((f"/api/v1/tickets/{ticket.id}/complaint", *parts))


async def put(client, address: str, **body) -> dict:
    answer = await client.put(address, json=body)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def acknowledged(ann, ticket, clock) -> None:
    at = (clock() + timedelta(days=1)).isoformat()
    await put(ann, path(ticket, "acknowledgement"), next_step="We look", next_at=at)
    await put(ann, path(ticket, "assessment"), **MILD)


async def test_a_complaint_goes_all_the_way(login, ticket, clock) -> None:
    ann, lee = await login("agent", name="Ann"), await login("lead", name="Lee")
    shown = await (await ann.get(path(ticket))).json()
    assert shown["next_stages"]["acknowledged"] == ["owner", "next_step", "next_date"]

    await acknowledged(ann, ticket, clock)
    await put(ann, path(ticket, "investigation"))
    answer = await ann.post(
        path(ticket, "evidence"), json={"kind": "observation", "text": "A crack"}
    )
    assert answer.status == 201
    await put(ann, path(ticket, "cause"), root_cause="product_defect")
    await ann.post(path(ticket, "redress"), json={"kind": "refund", "amount": 90_000})
    await put(ann, path(ticket, "decision"), outcome="upheld", reasons="The crack")
    shown = await put(lee, path(ticket, "decision", "approval"))
    assert [item["state"] for item in shown["redress"]] == ["approved"]
    await put(ann, path(ticket, "response"), text="You are right", contents=ALL)
    await put(ann, path(ticket, "answer"), accepted=True, channel="phone", quote="Fine")
    [item] = shown["redress"]
    await put(ann, path(ticket, "redress", str(item["id"]), "provision"))
    shown = await put(ann, path(ticket, "closure"))

    assert (shown["stage"], shown["close_reason"]) == ("closed", "accepted")
    view = await (await ann.get(f"/api/v1/tickets/{ticket.id}")).json()
    assert view["status"] == "closed"


async def test_g38_who_accepts_early_gets_a_summary_letter(login, ticket, db, clock) -> None:
    ann, until = await login("agent", name="Ann"), clock() + timedelta(hours=1)
    await acknowledged(ann, ticket, clock)
    async with db.begin() as session:
        await session.execute(
            update(Complaint).values(summary_due_at=until, summary_contents=["six_months"])
        )
    shown = await put(ann, path(ticket, "answer"), accepted=True, channel="phone", quote="Fine")
    assert (shown["stage"], shown["summary"], shown["summary_contents"]) == (
        "accepted",
        True,
        ["six_months"],
    )
    assert shown["next_stages"]["closed"] == ["summary"]
    letter = {"text": "It is settled", "contents": []}
    refused = await ann.put(path(ticket, "summary-letter"), json=letter)
    assert refused.status == 409
    assert "missing content.six_months" in (await refused.json())["detail"]

    shown = await put(ann, path(ticket, "summary-letter"), **letter | {"contents": ["six_months"]})

    assert shown["summary_sent_at"]
    shown = await put(ann, path(ticket, "closure"))
    assert (shown["stage"], shown["close_reason"]) == ("closed", "accepted")


async def test_a_step_that_is_not_ready_says_what_it_lacks(login, ticket) -> None:
    ann = await login("agent")

    answer = await ann.put(path(ticket, "decision"), json={"outcome": "rejected", "reasons": "no"})

    assert answer.status == 409
    assert (await answer.json())["type"].endswith("step-refused")


async def test_a_token_takes_no_step(token, ticket) -> None:
    shop = await token(Permission.TICKETS_WRITE, Permission.TICKETS_READ)

    answer = await shop.put(path(ticket, "assessment"), json=MILD)

    assert answer.status == 403


async def test_the_priority_follows_the_assessment(login, ticket, clock) -> None:
    ann = await login("agent")
    await acknowledged(ann, ticket, clock)

    await put(ann, path(ticket, "assessment"), **MILD | {"safety": 3})

    view = await (await ann.get(f"/api/v1/tickets/{ticket.id}")).json()
    assert view["priority"] == Priority.URGENT


async def test_that_it_is_no_complaint_says_a_lead_with_a_reason(login, ticket) -> None:
    ann, lee = await login("agent"), await login("lead")
    address = f"/api/v1/tickets/{ticket.id}/kind"

    refused = await ann.put(address, json={"kind": "inquiry", "reason": "a question"})
    missing = await lee.put(address, json={"kind": "inquiry"})
    done = await lee.put(address, json={"kind": "inquiry", "reason": "a question"})

    assert (refused.status, missing.status, done.status) == (403, 422, 200)
    assert (await ann.get(path(ticket))).status == 404


async def test_the_register_lists_and_filters(login, ticket, clock) -> None:
    ann, lee = await login("agent"), await login("lead")
    await acknowledged(ann, ticket, clock)

    async def found(query: str = "") -> list[str]:
        answer = await lee.get(f"/api/v1/complaints{query}")
        return [line["reference"] for line in (await answer.json())["items"]]

    assert (await ann.get("/api/v1/complaints")).status == 403
    assert await found() == [ticket.reference]
    assert await found("?stage=assessed&open_only=true") == [ticket.reference]
    assert await found("?stage=closed") == []
    assert await found("?unsafe=true") == []
    assert await found("?outcome=upheld") == []
    assert await found("?external=true") == []
    assert await found("?since=2026-03-02T00:00:00Z&until=2026-03-03T00:00:00Z") == [
        ticket.reference
    ]


async def test_no_cell_of_the_file_is_a_formula(login, db, clock) -> None:
    async with db.begin() as session:
        hostile = await make_ticket(
            session,
            now=clock(),
            kind=TicketKind.COMPLAINT,
            subject='=HYPERLINK("http://evil")',
            facts={"remedy": "@SUM(1)"},
        )
        await open_all(session, [hostile], procedure=usual_procedure(), now=clock())
    lee = await login("lead")

    answer = await lee.get("/api/v1/complaints.csv")

    text = (await answer.text()).removeprefix("\ufeff")
    [line] = csv.DictReader(io.StringIO(text))
    assert line["reference"] == hostile.reference
    assert line["subject"].startswith("'=")
    assert line["remedy_requested"] == "'@SUM(1)"


@pytest.mark.parametrize("kind", ["acknowledgement", "holding", "final", "summary"])
@pytest.mark.parametrize(("language", "words"), [("en", "complaint"), ("zh", "投诉")])
async def test_letters_know_what_the_file_knows(login, ticket, kind, language, words) -> None:
    ann = await login("agent")

    answer = await ann.get(f"{path(ticket, 'letters', kind)}?language={language}")

    letter = await answer.json()
    assert ticket.reference in letter["title"]
    assert words in letter["title"]
    assert len(letter["paragraphs"]) > 2


async def test_a_corrective_action_is_planned_done_checked_and_closed(login, ticket, clock) -> None:
    ann, bob, lee = await login("agent"), await login("agent"), await login("lead")
    plan = {
        "cause": "cracks",
        "plan": "test",
        "measure": "cracks per 1,000",
        "owner_id": bob.agent.id,
        "due_at": (clock() + timedelta(days=30)).isoformat(),
    }
    answer = await ann.post(path(ticket, "corrective-actions"), json=plan)
    number = (await answer.json())["id"]
    address = f"/api/v1/corrective-actions/{number}"

    await put(lee, f"{address}/approval")
    await put(bob, f"{address}/execution", note="tested")
    assert (await lee.put(f"{address}/closure")).status == 409
    await put(ann, f"{address}/check", effective=False, result="no better")
    await put(lee, f"{address}/closure")

    [again] = await (await lee.get("/api/v1/corrective-actions")).json()
    assert (again["cycle"], again["follows_id"], again["state"]) == (2, number, "proposed")


async def test_the_file_of_what_was_no_complaint_is_held_too(login, ticket, db, clock) -> None:
    lee, boss = await login("lead", name="Lee"), await login("manager", name="Max")
    address = f"/api/v1/tickets/{ticket.id}/kind"
    await put(lee, address, kind="inquiry", reason="A question only")
    assert (await lee.put(path(ticket, "legal-hold"), json={"reason": "Court"})).status == 403

    shown = await put(boss, path(ticket, "legal-hold"), reason="Court")
    assert (shown["legal_hold_reason"], shown["next_stages"]) == ("Court", {})
    assert shown["legal_hold_at"] is not None

    assert (await boss.put(path(ticket, "closure"))).status == 409
    lifted = await boss.delete(path(ticket, "legal-hold"))
    assert (lifted.status, (await lifted.json())["legal_hold_at"]) == (200, None)
    assert (await boss.delete(path(ticket, "legal-hold"))).status == 409
