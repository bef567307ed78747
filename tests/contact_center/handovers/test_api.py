import pytest

from contact_center.customers.queries import get_customer
from contact_center.web.permissions import Permission
from tests.support.factories import make_ticket

TICKETS = "/api/v1/tickets"


@pytest.fixture
async def ticket(db, clock):
    async with db.begin() as session:
        return await make_ticket(session, now=clock())


async def test_a_hand_over_is_asked_for_and_answered(login, ticket) -> None:
    li, wang = await login(name="Li"), await login(name="Wang")
    path = f"{TICKETS}/{ticket.id}"
    await li.put(f"{path}/claim")
    body = {"agent_id": wang.agent.id, "reason": "workload", "note": "until Friday"}

    asked = await (await li.post(f"{path}/handovers", json=body)).json()
    [inbox] = await (await wang.get("/api/v1/me/handovers")).json()
    [sent] = await (await li.get("/api/v1/me/handovers/sent")).json()
    url = f"/api/v1/handovers/{asked['id']}"
    unexplained = await wang.put(f"{url}/refusal", json={"reason": ""})
    declined = await wang.put(f"{url}/refusal", json={"reason": "ill"})
    again = await wang.put(f"{url}/acceptance")

    assert inbox == sent == asked
    assert (asked["kind"], asked["state"], asked["note"]) == (
        "ownership",
        "requested",
        "until Friday",
    )
    assert unexplained.status == 422
    assert (await declined.json())["answer"] == "ill"
    assert again.status == 409
    assert len(await (await li.get(f"{path}/handovers")).json()) == 1


async def test_several_are_accepted_at_once(login, db, clock) -> None:
    li, wang, lead = await login(), await login(name="Wang"), await login("lead")
    async with db.begin() as session:
        ids = [
            (await make_ticket(session, now=clock(), status="open", owner_id=li.agent.id)).id
            for _ in range(3)
        ]
    body = {"agent_id": wang.agent.id, "note": "Li leaves"}

    refused = await li.post(f"/api/v1/agents/{li.agent.id}/handovers", json=body)
    asked = await (await lead.post(f"/api/v1/agents/{li.agent.id}/handovers", json=body)).json()
    numbers = [one["id"] for one in asked]
    taken = await wang.post("/api/v1/me/handovers/acceptance", json={"ids": numbers})

    assert refused.status == 403
    assert sorted(one["ticket_id"] for one in asked) == ids
    assert [one["state"] for one in await taken.json()] == ["accepted"] * 3
    shown = await (await wang.get(f"{TICKETS}/{ids[0]}")).json()
    assert shown["owner"]["name"] == "Wang"


async def test_g29_a_deactivation_is_refused_with_the_list(login, db, clock) -> None:
    admin, li = await login("admin"), await login(name="Li")
    async with db.begin() as session:
        for _ in range(3):
            await make_ticket(session, now=clock(), status="open", owner_id=li.agent.id)

    refused = await admin.put(f"/api/v1/agents/{li.agent.id}/deactivation")
    problem = await refused.json()

    assert refused.status == 409
    assert problem["type"].endswith("responsible")
    assert problem["facts"]["tickets"] == ["T-000001", "T-000002", "T-000003"]
    assert (await li.get("/api/v1/me")).status == 200


async def test_g31_an_override_without_a_reason_is_unprocessable(login, ticket) -> None:
    li, wang, lead = await login(name="Li"), await login(name="Wang"), await login("lead")
    path = f"{TICKETS}/{ticket.id}"
    await li.put(f"{path}/claim")
    body = {"owner_id": wang.agent.id}

    missing = await lead.put(f"{path}/override", json=body)
    empty = await lead.put(f"{path}/override", json={**body, "reason": " "})
    refused = await li.put(f"{path}/override", json={**body, "reason": "x"})
    done = await lead.put(f"{path}/override", json={**body, "reason": "Li is ill"})
    events = (await (await lead.get(f"{path}/events")).json())["items"]

    assert (missing.status, empty.status, refused.status, done.status) == (422, 422, 403, 200)
    assert (await done.json())["owner"]["name"] == "Wang"
    for side in (li, wang):
        [told] = (await (await side.get("/api/v1/me/alerts")).json())["items"]
        assert told["kind"] == "owner.overridden"
        assert "Li is ill" in told["text"]
    assert [e["data"]["old"] for e in events if e["kind"] == "owner.changed"] == [li.agent.id]


async def test_g30_li_sees_nothing_of_a_complaint_about_li(login, ticket, db, clock) -> None:
    li, wang = await login(name="Li"), await login(name="Wang")
    shop = await login("lead")
    path = f"{TICKETS}/{ticket.id}"
    await li.put(f"{path}/claim")
    body = {"about_agent_id": li.agent.id, "reason": "the customer says so"}

    done = await li.put(f"{path}/recusal", json=body)

    assert done.status == 204
    for rest in ("", "/events", "/messages", "/links", "/handovers", "/supervision"):
        assert (await li.get(f"{path}{rest}")).status == 403, rest
    for call in (
        li.put(f"{path}/claim"),
        li.post(f"{path}/notes", json={"text": "x"}),
        li.put(f"{path}/recusal", json={"about_agent_id": None, "reason": "x"}),
    ):
        assert (await call).status == 403
    for query in ("queue=all", "queue=unclaimed", f"query={ticket.reference}"):
        assert (await (await li.get(f"{TICKETS}?{query}")).json())["items"] == [], query
    listed = await li.get(f"/api/v1/customers/{ticket.customer_id}/tickets")
    assert (await listed.json())["items"] == []
    claimed = await (await wang.put(f"{path}/claim")).json()
    assert (claimed["owner"]["name"], claimed["about_agent_id"]) == ("Wang", li.agent.id)
    kept = await wang.put(f"{path}/recusal", json={"about_agent_id": None, "reason": "x"})
    lifted = await shop.put(f"{path}/recusal", json={"about_agent_id": None, "reason": "no"})
    assert (kept.status, lifted.status) == (403, 204)
    assert (await li.get(path)).status == 200


async def test_another_system_whose_number_is_li_s_reads_what_li_may_not(
    login, token, ticket
) -> None:
    li, lead = await login(name="Li"), await login("lead")
    system = await token(Permission.TICKETS_READ)
    body = {"about_agent_id": li.agent.id, "reason": "x"}
    await lead.put(f"{TICKETS}/{ticket.id}/recusal", json=body)

    listed = await (await system.get(f"{TICKETS}?queue=all")).json()

    assert [line["id"] for line in listed["items"]] == [ticket.id]
    assert (await system.get(f"{TICKETS}/{ticket.id}")).status == 200


async def test_a_claim_tells_who_answers_for_what_the_customer_has_open(
    login, ticket, db, clock
) -> None:
    li, wang = await login(name="Li"), await login(name="Wang")
    await li.put(f"{TICKETS}/{ticket.id}/claim")
    async with db.begin() as session:
        ann = await get_customer(session, ticket.customer_id)
        second = await make_ticket(session, now=clock(), customer=ann)

    claimed = await (await wang.put(f"{TICKETS}/{second.id}/claim")).json()
    merged = await wang.put(f"{TICKETS}/{second.id}/merger", json={"into": ticket.id})

    [earlier] = claimed["earlier"]
    assert (earlier["id"], earlier["owner"]["name"]) == (ticket.id, "Li")
    assert (await merged.json())["owner"]["name"] == "Li"


async def test_a_transfer_names_one_agent_or_one_team(login, ticket) -> None:
    li = await login()
    await li.put(f"{TICKETS}/{ticket.id}/claim")

    for target in ({}, {"agent_id": 1, "team_id": 1}):
        body = {"reason": "skill", **target}
        assert (await li.post(f"{TICKETS}/{ticket.id}/transfers", json=body)).status == 422
