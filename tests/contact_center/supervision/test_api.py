from contact_center.supervision.actions import order
from contact_center.tickets.models import TicketKind
from contact_center.tickets.queries import lock_ticket
from tests.support.factories import make_ticket


async def test_a_lead_works_off_the_orders(login, runtime) -> None:
    lead, ann = await login("lead"), await login()
    async with runtime.db.begin() as session:
        ticket = await make_ticket(session, now=runtime.now())
        number = await order(session, ticket, cause="breach", now=runtime.now())
    path = f"/api/v1/supervision/{number}"

    refused = await ann.put(f"{path}/taking")
    [listed] = (await (await lead.get("/api/v1/supervision")).json())["items"]
    await lead.put(f"{path}/taking")
    await lead.put(f"{path}/instruction", json={"text": "Call them"})
    unexplained = await lead.put(f"{path}/ending", json={"explanation": ""})
    ended = await lead.put(f"{path}/ending", json={"explanation": "Called"})

    assert refused.status == 403
    assert (listed["id"], listed["cause"], listed["supervisor_id"]) == (number, "breach", None)
    assert unexplained.status == 422
    assert (await ended.json())["instruction"] == "Call them"
    assert (await (await lead.get("/api/v1/supervision")).json())["items"] == []
    [seen] = await (await ann.get(f"/api/v1/tickets/{ticket.id}/supervision")).json()
    assert seen["explanation"] == "Called"


async def test_who_it_is_about_does_not_supervise_it(login, runtime) -> None:
    lead, other = await login("lead"), await login("lead")
    async with runtime.db.begin() as session:
        ticket = await make_ticket(session, now=runtime.now(), kind=TicketKind.COMPLAINT)
        number = await order(session, ticket, cause="breach", now=runtime.now())
    path = f"/api/v1/supervision/{number}"
    await lead.put(f"{path}/taking")
    async with runtime.db.begin() as session:
        (await lock_ticket(session, ticket.id)).about_agent_id = lead.agent.id

    steps = [
        await lead.put(f"{path}/taking"),
        await lead.put(f"{path}/instruction", json={"text": "Leave it"}),
        await lead.put(f"{path}/ending", json={"explanation": "Nothing happened"}),
    ]

    assert [step.status for step in steps] == [403] * 3
    ended = await other.put(f"{path}/ending", json={"explanation": "Looked into"})
    assert ended.status == 200
