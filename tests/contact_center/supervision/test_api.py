from contact_center.supervision.actions import order
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
