from datetime import timedelta

import pytest

from contact_center.agents.models import TeamMember
from contact_center.tickets.queries import lock_ticket
from tests.support.factories import customer_says, make_team, make_ticket


@pytest.fixture
async def house(runtime, login, clock):
    """Li has answered a ticket; Ned works in the network team."""
    li, ned, lead = await login(name="Li"), await login(name="Ned"), await login("lead")
    async with runtime.db.begin() as session:
        team = await make_team(session, now=clock(), name="Network")
        session.add(TeamMember(team_id=team.id, agent_id=ned.agent.id))
        ticket = await make_ticket(session, now=clock())
        await customer_says(session, ticket, now=clock())
    await li.post(f"/api/v1/tickets/{ticket.id}/replies", json={"text": "I look into it"})
    return li, ned, lead, team.id, f"/api/v1/tickets/{ticket.id}"


async def issue(li, ticket, team_id, **fields):
    body = {"kind": "task", "team_id": team_id, "task": "Look at the line", **fields}
    answer = await li.post(f"{ticket}/work-orders", json=body)
    return answer.status, await answer.json()


async def step(agent, order, what, method="put", **body):
    path = f"/api/v1/work-orders/{order['id']}/{what}"
    answer = await getattr(agent, method)(path, json=body or None)
    return answer.status, await answer.json()


async def test_a_work_order_over_http(house, clock) -> None:
    li, ned, _, team_id, ticket = house

    status, order = await issue(li, ticket, team_id)
    assert (status, order["state"], order["blocks"]) == (201, "issued", True)
    assert order["sign_due_at"] < order["finish_due_at"]
    assert (await (await li.get(ticket)).json())["status"] == "waiting_department"

    for what, state in (("signature", "signed"), ("work", "in_progress")):
        status, order = await step(ned, order, what)
        assert (status, order["state"]) == (200, state)
    assert (await step(ned, order, "verification", rating=5))[0] == 403
    status, order = await step(ned, order, "result", text="Cable replaced")
    assert (status, order["state"]) == (200, "finished")
    status, order = await step(li, order, "verification", rating=5)

    assert (status, order["state"], order["rating"]) == (200, "verified", 5)
    assert [entry["kind"] for entry in order["entries"]] == ["issued", "finished", "verified"]
    assert (await (await li.get(ticket)).json())["status"] == "open"


async def test_the_gate_says_over_http_what_is_missing(house) -> None:
    li, _, _, team_id, ticket = house
    _, order = await issue(li, ticket, team_id)
    await li.delete(f"{ticket}/waiting")

    refused = await li.put(f"{ticket}/resolution", json={"code": "solved"})
    problem = await refused.json()
    gate = await (await li.get(f"{ticket}/closure")).json()

    assert (refused.status, problem["title"]) == (409, "Not ready")
    [missing] = problem["facts"]["missing"]
    assert missing["href"] == f"/api/v1/work-orders/{order['id']}"
    assert [one["need"] for one in gate["to_resolve"]] == ["work_order"]
    assert [one["need"] for one in gate["to_close"]] == ["confirmation", "sign_off"]


async def test_what_nobody_has_promised_times_for_cannot_be_asked(house) -> None:
    li, _, _, team_id, ticket = house

    status, problem = await issue(li, ticket, team_id, kind="magic")

    assert status == 422
    assert "'magic' is no kind of work order: there are " in problem["detail"]
    types = await (await li.get("/api/v1/work-order-types")).json()
    assert {"task", "field_visit"} <= {one["id"] for one in types}


async def test_a_visit_is_asked_for_with_its_appointment(house, clock) -> None:
    li, ned, _, team_id, ticket = house
    visit = {
        "location": "1 Long Road",
        "appointment_from": (clock() + timedelta(hours=1)).isoformat(),
        "appointment_until": (clock() + timedelta(hours=3)).isoformat(),
    }

    refused, _ = await issue(li, ticket, team_id, kind="field_visit")
    status, order = await issue(li, ticket, team_id, kind="field_visit", visit=visit)
    await step(ned, order, "signature")
    _, order = await step(ned, order, "arrival")

    assert (refused, status) == (422, 201)
    assert (order["state"], order["location"]) == ("in_progress", "1 Long Road")


async def test_more_time_is_granted_by_a_lead_of_the_owner(house, clock) -> None:
    li, ned, lead, team_id, ticket = house
    _, order = await issue(li, ticket, team_id)
    await step(ned, order, "signature")
    await step(ned, order, "work")
    until = (clock() + timedelta(days=9)).isoformat()
    _, order = await step(ned, order, "extension", until=until, text="Parts")
    assert order["state"] == "extension_requested"

    for one in (ned, li):
        assert (await step(one, order, "extension/decision", granted=True))[0] == 403
    status, order = await step(lead, order, "extension/decision", granted=True)

    assert (status, order["extension_granted"]) == (200, True)


async def test_signed_work_is_given_to_a_colleague(house, login, db) -> None:
    li, ned, _, team_id, ticket = house
    _, order = await issue(li, ticket, team_id)
    await step(ned, order, "signature")
    nora = await login(name="Nora")

    outside, _ = await step(ned, order, "assignee", agent_id=nora.agent.id)
    async with db.begin() as session:
        session.add(TeamMember(team_id=team_id, agent_id=nora.agent.id))
    status, order = await step(ned, order, "assignee", agent_id=nora.agent.id, text="Know it?")

    assert (outside, status, order["assignee_id"]) == (422, 200, nora.agent.id)
    assert [(e["kind"], e["text"]) for e in order["entries"]][-1] == ("handed_on", "Know it?")


async def test_returned_work_is_sent_elsewhere_redone_or_withdrawn(house, runtime, clock) -> None:
    li, ned, _, team_id, ticket = house
    _, order = await issue(li, ticket, team_id)
    status, order = await step(ned, order, "returns", "post", text="not ours")
    assert (status, order["state"]) == (201, "returned")
    _, order = await step(li, order, "team", team_id=team_id, text="It is")
    await step(ned, order, "signature")
    _, order = await step(ned, order, "result", text="Done")
    status, order = await step(li, order, "redos", "post", text="No")
    assert (status, order["state"], order["redo_count"]) == (201, "redo", 1)
    status, order = await step(li, order, "waiver", text="Never mind")
    assert (status, order["blocks"]) == (200, False)
    status, order = await step(ned, order, "comments", "post", text="Thanks")
    assert status == 201

    status, order = await step(li, order, "cancellation", text="Not needed")

    assert (status, order["state"]) == (200, "cancelled")


async def test_lists_hold_what_is_open_the_first_due_first(house) -> None:
    li, ned, _, team_id, ticket = house
    for kind in ("task", "task", "task"):
        await issue(li, ticket, team_id, kind=kind)

    first = await (await ned.get("/api/v1/work-orders", params={"limit": 2})).json()
    rest = await (
        await ned.get("/api/v1/work-orders", params={"team_id": team_id, "after": first["next"]})
    ).json()
    every = await (await ned.get(f"{ticket}/work-orders")).json()

    assert [one["id"] for one in first["items"] + rest["items"]] == [1, 2, 3]
    assert (rest["next"], len(every)) == (None, 3)
    wrong = await ned.get("/api/v1/work-orders", params={"after": "WzEsMl0"})
    assert wrong.status == 422


async def test_nobody_sees_work_for_a_complaint_about_themselves(house, runtime) -> None:
    li, ned, _, team_id, ticket = house
    _, order = await issue(li, ticket, team_id)
    async with runtime.db.begin() as session:
        (await lock_ticket(session, order["ticket_id"])).about_agent_id = ned.agent.id

    seen = await ned.get(f"/api/v1/work-orders/{order['id']}")
    listed = await (await ned.get("/api/v1/work-orders")).json()

    assert (seen.status, listed["items"]) == (403, [])
    assert (await step(ned, order, "signature"))[0] == 403
