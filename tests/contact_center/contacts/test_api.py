from datetime import timedelta

import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import func, select

from contact_center.agents.models import Absence
from contact_center.app import build_app
from contact_center.channels.dialogue import Step
from contact_center.intake.actions.taking import Intake
from contact_center.messages.queries import ticket_messages
from contact_center.tickets.models import Status, Ticket
from contact_center.tickets.queries import lock_ticket
from tests.support.clients import Browsers, Login
from tests.support.factories import make_customer, make_ticket
from tests.support.inboxes import with_intake

CALL = {"medium": "phone", "text": "Where is my parcel? I told her: tomorrow."}


def silent(state, turn) -> Step:
    return Step(state={})


@pytest.fixture
async def house(runtime, clock):
    """`login` of an application whose inbox takes things in."""
    intake = Intake(
        db=runtime.db,
        settings=runtime.settings,
        texts=runtime.texts,
        routes=runtime.switchboard,
        policies=runtime.policies,
        dialogue=silent,
        now=clock,
    )
    async with (
        with_intake(runtime, intake) as living,
        TestServer(build_app(living)) as server,
        Browsers(server) as browsers,
    ):
        yield Login(browsers, living)


async def test_who_logs_a_call_answers_for_it(house) -> None:
    li = await house(name="Li")

    logged = await li.post("/api/v1/contacts", json={**CALL, "name": "Ann", "phone": "+49 1"})
    ticket = await logged.json()
    events = (await (await li.get(f"/api/v1/tickets/{ticket['id']}/events")).json())["items"]

    assert logged.status == 201
    assert (ticket["status"], ticket["channel"], ticket["customer"]["name"]) == (
        "open",
        "phone",
        "Ann",
    )
    assert ticket["owner"] == ticket["assignee"] == {"id": li.agent.id, "name": "Li"}
    assert ticket["first_response_at"] is not None
    assert ticket["waiting_since"] is None
    assert [e["kind"] for e in events][-2:] == ["ticket.claimed", "contact.logged"]


async def test_the_second_agent_a_customer_asks_adds_to_the_first_ones_ticket(house) -> None:
    li, wang = await house(name="Li"), await house(name="Wang")
    body = {**CALL, "phone": "+49 1"}
    first = await (await li.post("/api/v1/contacts", json=body)).json()

    again = await (await wang.post("/api/v1/contacts", json={**body, "text": "Still?"})).json()

    assert (again["id"], again["owner"]["name"]) == (first["id"], "Li")


async def test_a_visit_about_a_ticket_there_is_claims_it_if_nobody_has_it(house, db, clock) -> None:
    li = await house(name="Li")
    async with db.begin() as session:
        ticket = await make_ticket(session, now=clock())
        over = await make_ticket(session, now=clock(), status="closed")

    body = {"medium": "visit", "text": "She came by", "ticket_id": ticket.id}
    logged = await (await li.post("/api/v1/contacts", json=body)).json()
    late = await li.post("/api/v1/contacts", json={**body, "ticket_id": over.id})

    assert (logged["id"], logged["owner"]["name"], logged["message_count"]) == (ticket.id, "Li", 1)
    assert late.status == 409


async def test_whoever_calls_keeps_us_waiting_no_longer(house, db, clock) -> None:
    li = await house(name="Li")
    async with db.begin() as session:
        asked = await make_ticket(session, now=clock(), status="waiting_customer")

    logged = await li.post("/api/v1/contacts", json={**CALL, "ticket_id": asked.id})

    assert (await logged.json())["status"] == "open"


async def test_a_known_customer_is_one_person_however_they_come(house, db, clock) -> None:
    li = await house(name="Li")
    async with db.begin() as session:
        ann = await make_customer(session, now=clock(), name="Ann")

    ids = set()
    for medium in ("phone", "visit", "phone"):
        body = {"medium": medium, "text": "Hello", "customer_id": ann.id}
        ticket = await (await li.post("/api/v1/contacts", json=body)).json()
        assert ticket["customer"] == {"id": ann.id, "name": "Ann"}
        ids.add(ticket["id"])

    assert len(ids) == 2  # one thread for each medium


async def test_nobody_calls_without_being_somebody(house) -> None:
    li = await house()

    assert (await li.post("/api/v1/contacts", json=CALL)).status == 422
    assert (await li.post("/api/v1/contacts", json={**CALL, "phone": "1" * 41})).status == 422
    assert (await li.post("/api/v1/contacts", json={**CALL, "customer_id": 99})).status == 404
    assert (await li.post("/api/v1/contacts", json={**CALL, "ticket_id": 99})).status == 404


async def test_what_would_join_a_complaint_about_the_logger_is_not_stored(house, db) -> None:
    li, wang = await house(name="Li"), await house(name="Wang")
    body = {**CALL, "phone": "+49 1"}
    ticket = await (await li.post("/api/v1/contacts", json=body)).json()
    recusal = {"about_agent_id": wang.agent.id, "reason": "He was rude"}
    await li.put(f"/api/v1/tickets/{ticket['id']}/recusal", json=recusal)

    refused = await wang.post("/api/v1/contacts", json={**body, "text": "She withdraws it"})
    allowed = await li.post("/api/v1/contacts", json={**body, "text": "Still waiting"})

    assert (refused.status, allowed.status) == (403, 201)
    async with db.read() as session:
        said = [one.text for one in await ticket_messages(session, ticket["id"])]
    assert said == [CALL["text"], "Still waiting"]


async def test_what_comes_soon_after_a_complaint_about_the_logger_is_not_stored(
    house, db, clock
) -> None:
    li, wang = await house(name="Li"), await house(name="Wang")
    body = {**CALL, "phone": "+49 1"}
    ticket = await (await li.post("/api/v1/contacts", json=body)).json()
    async with db.begin() as session:
        about = await lock_ticket(session, ticket["id"])
        about.status, about.about_agent_id = Status.CLOSED, wang.agent.id
        about.resolved_at = clock()

    thanks = await wang.post("/api/v1/contacts", json={**body, "text": "thanks"})
    at_the_desk = await wang.post(
        "/desk/contacts", data={"medium": "phone", "phone": "+49 1", "text": "thanks"}
    )
    async with db.begin() as session:
        (await lock_ticket(session, ticket["id"])).resolved_at = clock() - timedelta(days=15)
    long_after = await wang.post("/api/v1/contacts", json={**body, "text": "A new lamp, please"})

    assert (thanks.status, at_the_desk.status, long_after.status) == (403, 403, 201)
    assert "complaint about that agent" in await at_the_desk.text()
    async with db.read() as session:
        said = [one.text for one in await ticket_messages(session, ticket["id"])]
    assert said == [CALL["text"]]


async def test_who_is_absent_writes_nothing_down_that_they_could_not_take_up(
    house, db, clock
) -> None:
    li = await house(name="Li")
    body = {**CALL, "phone": "+49 1"}
    mine = await (await li.post("/api/v1/contacts", json=body)).json()
    async with db.begin() as session:
        times = {"starts_at": clock(), "ends_at": clock() + timedelta(hours=8)}
        session.add(Absence(agent_id=li.agent.id, created_at=clock(), **times))

    strange = await li.post("/api/v1/contacts", json={**body, "phone": "+49 2"})
    again = await li.post("/api/v1/contacts", json={**body, "text": "She called again"})

    assert (strange.status, again.status) == (409, 201)
    assert (await again.json())["id"] == mine["id"]
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Ticket)) == 1
