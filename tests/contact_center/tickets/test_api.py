from datetime import timedelta

import pytest

from contact_center.sla.models import ClockState
from contact_center.tickets.queries import get_ticket, lock_ticket
from contact_center.web.permissions import Permission
from tests.support.factories import customer_says, make_customer, make_team, make_ticket

READ, WRITE = Permission.TICKETS_READ, Permission.TICKETS_WRITE


@pytest.fixture
async def ticket(db, clock):
    async with db.begin() as session:
        customer = await make_customer(session, name="Ann Lee", now=clock())
        ticket = await make_ticket(session, now=clock(), customer=customer)
        await customer_says(session, ticket, now=clock())
    return ticket


def path(ticket, rest="") -> str:
    return f"/api/v1/tickets/{ticket.id}{rest}"


async def answered(agent, ticket) -> None:
    response = await agent.post(path(ticket, "/replies"), json={"text": "Soon"})
    assert response.status == 201, await response.text()


async def test_a_ticket_shows_who_it_is_about_and_what_was_promised(login, ticket) -> None:
    li = await login(name="Li")
    await answered(li, ticket)

    response = await li.get(path(ticket))

    shown = await response.json()
    assert (shown["reference"], shown["status"]) == ("T-000001", "open")
    assert shown["customer"] == {"id": ticket.customer_id, "name": "Ann Lee"}
    assert shown["owner"] == shown["assignee"] == {"id": li.agent.id, "name": "Li"}
    assert {c["kind"]: c["state"] for c in shown["clocks"]} == {
        "first_response": ClockState.MET,
        "resolution": ClockState.RUNNING,
    }
    assert "resolved" in shown["next_statuses"]
    assert "public_token" not in shown
    assert response.headers["ETag"] == f'"{shown["version"]}"'


async def test_a_ticket_is_edited_in_the_version_that_was_seen(login, ticket) -> None:
    li = await login()
    seen = (await li.get(path(ticket))).headers["ETag"]
    change = {"priority": "urgent", "tags": ["vip"], "category": None, "subject": None}

    assert (await li.patch(path(ticket), json=change)).status == 428
    response = await li.patch(path(ticket), json=change, headers={"If-Match": seen})
    again = await li.patch(path(ticket), json={"kind": "complaint"}, headers={"If-Match": seen})

    edited = await response.json()
    assert (edited["priority"], edited["tags"]) == ("urgent", ["vip"])
    assert edited["subject"] == "Late parcel"
    assert response.headers["ETag"] != seen
    assert again.status == 412


async def test_of_two_who_claim_the_second_is_told_who_was_faster(login, ticket) -> None:
    li, wang = await login(name="Li"), await login(name="Wang")

    assert (await li.put(path(ticket, "/claim"))).status == 200
    response = await wang.put(path(ticket, "/claim"))

    problem = await response.json()
    assert (response.status, problem["type"]) == (409, "/api/docs#problem-already-claimed")
    assert problem["code"] == "ticket.with_somebody"
    assert problem["facts"]["assignee"] == {"id": li.agent.id, "name": "Li"}


async def test_a_token_cannot_do_what_a_person_must(token, ticket) -> None:
    shop = await token(READ, WRITE)

    for method, rest, body in (
        ("PUT", "/claim", None),
        ("POST", "/replies", {"text": "Hi"}),
        ("PUT", "/read-mark", {"message_id": 1}),
        ("PUT", "/resolution", {"code": "solved", "text": "Done"}),
    ):
        response = await shop.request(method, path(ticket, rest), json=body)
        assert response.status == 403
        assert "only a person can do this" in (await response.json())["detail"]


async def test_a_token_acts_in_its_own_name(token, ticket) -> None:
    shop = await token(READ, WRITE, Permission.TICKETS_OVERRIDE)

    response = await shop.put(path(ticket, "/cancellation"), json={"reason": "a test"})

    assert (await response.json())["status"] == "cancelled"
    page = await (await shop.get(path(ticket, "/events"))).json()
    assert [(e["seq"], e["kind"], e["actor"]) for e in page["items"]] == [
        (1, "ticket.cancelled", "token:1")
    ]


async def test_what_somebody_else_works_on_is_left_to_them_and_to_leads(
    login, ticket, clock
) -> None:
    li, wang, lead = await login(), await login(), await login("lead")
    await answered(li, ticket)
    tomorrow = (clock() + timedelta(days=1)).isoformat()
    waiting = {"status": "on_hold", "review_at": tomorrow, "reason": "parts"}

    refused = await wang.put(path(ticket, "/waiting"), json=waiting)
    assert refused.status == 403
    assert "somebody else" in (await refused.json())["detail"]

    assert (await lead.put(path(ticket, "/waiting"), json=waiting)).status == 200
    resumed = await li.delete(path(ticket, "/waiting"))
    assert (await resumed.json())["status"] == "open"


async def test_a_ticket_goes_from_hand_to_hand_and_keeps_its_owner(
    login, ticket, db, clock
) -> None:
    li, wang, lead = await login(), await login(), await login("lead")
    async with db.begin() as session:
        team = await make_team(session, now=clock())
    await answered(li, ticket)

    transfer = {"reason": "skill", "agent_id": wang.agent.id}
    asked = await li.post(path(ticket, "/transfers"), json=transfer)
    answer = await asked.json()
    assert (asked.status, answer["assignee"]["id"]) == (201, li.agent.id)
    await wang.put(f"/api/v1/handovers/{answer['handover']['id']}/acceptance")
    handed = await (await wang.get(path(ticket))).json()
    assert handed["assignee"]["id"] == wang.agent.id
    transfer = {"reason": "workload", "team_id": team.id}
    queued = await (await wang.post(path(ticket, "/transfers"), json=transfer)).json()
    assert (queued["status"], queued["assignee"]) == ("queued", None)
    assignment = {"agent_id": wang.agent.id}
    assert (await wang.put(path(ticket, "/assignment"), json=assignment)).status == 403
    given = await (await lead.put(path(ticket, "/assignment"), json=assignment)).json()

    assert (given["owner"]["id"], given["assignee"]["id"]) == (li.agent.id, wang.agent.id)


async def test_a_transfer_that_is_repeated_by_its_key_happens_once(login, ticket) -> None:
    li, wang = await login(), await login()
    await answered(li, ticket)
    transfer = {"reason": "skill", "agent_id": wang.agent.id}

    for _ in range(2):
        response = await li.post(
            path(ticket, "/transfers"), json=transfer, headers={"Idempotency-Key": "k1"}
        )
        assert response.status == 201

    page = await (await li.get(path(ticket, "/events"))).json()
    assert [e["kind"] for e in page["items"]].count("handover.requested") == 1


async def test_a_release_after_the_answer_is_a_leads_business(login, ticket) -> None:
    li, lead = await login(), await login("lead")
    await li.put(path(ticket, "/claim"))
    assert (await (await li.delete(path(ticket, "/claim"))).json())["status"] == "queued"

    await answered(li, ticket)

    assert (await li.delete(path(ticket, "/claim"))).status == 403
    assert (await lead.delete(path(ticket, "/claim"))).status == 200


async def test_a_resolution_is_taken_back_or_made_final(login, ticket) -> None:
    li, lead = await login(), await login("lead")
    await answered(li, ticket)
    resolution, closure = path(ticket, "/resolution"), path(ticket, "/closure")
    await li.put(resolution, json={"code": "solved"})

    reopened = await li.delete(resolution, params={"reason": "it is late again"})
    assert (await reopened.json())["status"] == "open"
    assert (await li.delete(resolution, params={"reason": "again"})).status == 409
    await li.put(resolution, json={"code": "answered"})
    assert (await li.put(closure, json={"reason": "agreed"})).status == 403
    refused = await lead.put(closure, json={"reason": "agreed"})
    assert (await refused.json())["facts"]["missing"][0]["need"] == "confirmation"
    await li.put(path(ticket, "/confirmation"), json={"quote": "It works now, thank you"})
    closed = await li.get(path(ticket))
    assert (await closed.json())["status"] == "closed"


async def test_a_state_is_changed_only_in_the_version_that_was_seen(login, ticket) -> None:
    li = await login()
    await answered(li, ticket)
    waiting = {"status": "waiting_customer"}

    stale = await li.put(path(ticket, "/waiting"), json=waiting, headers={"If-Match": '"1"'})

    assert stale.status == 412
    assert (await li.put(path(ticket, "/waiting"), json=waiting)).status == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "open"},
        {"status": "on_hold", "reason": "parts"},
        {"status": "on_hold", "reason": "parts", "review_at": "2020-01-01T00:00:00Z"},
        {"status": "on_hold", "reason": "parts", "review_at": "2099-01-01T00:00:00Z"},
        {"status": "on_hold", "reason": "parts", "review_at": 5},
        {"status": "waiting_customer", "reason": "x" * 1001},
        {"status": "waiting_customer", "colour": "red"},
    ],
)
async def test_a_waiting_that_makes_no_sense_is_refused(login, ticket, wrong) -> None:
    li = await login()
    await answered(li, ticket)

    assert (await li.put(path(ticket, "/waiting"), json=wrong)).status == 422


async def test_a_customers_tickets_come_newest_first_in_pages(login, ticket, db, clock) -> None:
    li = await login()
    async with db.begin() as session:
        from contact_center.customers.queries import get_customer

        ann = await get_customer(session, ticket.customer_id)
        ids = [(await make_ticket(session, now=clock(), customer=ann)).id for _ in range(3)]
    url = f"/api/v1/customers/{ticket.customer_id}/tickets"

    first = await (await li.get(url, params={"limit": 3})).json()
    rest = await (await li.get(url, params={"limit": 3, "after": first["next"]})).json()

    assert [line["id"] for line in first["items"]] == ids[::-1]
    assert [line["id"] for line in rest["items"]] == [ticket.id]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("GET", "", None),
        ("GET", "/events", None),
        ("GET", "/messages", None),
        ("GET", "/links", None),
        ("PUT", "/claim", None),
        ("DELETE", "/claim", None),
        ("PUT", "/assignment", {"agent_id": 1}),
        ("POST", "/transfers", {"reason": "skill", "agent_id": 1}),
        ("PUT", "/waiting", {"status": "waiting_customer"}),
        ("PUT", "/resolution", {"code": "solved"}),
        ("PUT", "/closure", {"reason": "x"}),
        ("PUT", "/cancellation", {"reason": "x"}),
        ("POST", "/replies", {"text": "x"}),
        ("POST", "/notes", {"text": "x"}),
        ("PUT", "/read-mark", {"message_id": 1}),
        ("POST", "/splits", {"message_ids": [1]}),
        ("PUT", "/merger", {"into": 99}),
        ("POST", "/links", {"other_id": 99}),
    ],
)
async def test_what_is_not_there_is_not_found(login, method, rest, body) -> None:
    admin = await login("admin")

    for number in (404, 2**63 - 1):
        response = await admin.request(method, f"/api/v1/tickets/{number}{rest}", json=body)
        assert response.status == 404, await response.text()


async def test_an_agent_says_that_no_reply_is_needed(login, db, clock, ticket) -> None:
    li = await login(name="Li")
    refused = await li.put(path(ticket, "/no-reply-needed"))
    await answered(li, ticket)
    async with db.begin() as session:
        locked = await lock_ticket(session, ticket.id)
        await customer_says(session, locked, "Thanks!", now=clock())

    response = await li.put(path(ticket, "/no-reply-needed"))

    assert (refused.status, response.status) == (409, 200)
    async with db.read() as session:
        assert (await get_ticket(session, ticket.id)).waiting_since is None
