from datetime import timedelta

from tests.support.factories import make_ticket


def away(clock, *, days=5, **fields) -> dict:
    times = {"starts_at": clock(), "ends_at": clock() + timedelta(days=days)}
    return {name: at.isoformat() for name, at in times.items()} | fields


async def test_everybody_plans_their_own_absence_and_leads_that_of_others(login, clock) -> None:
    li, chen, lead = await login(), await login(), await login("lead")
    body = away(clock, deputy_id=chen.agent.id, reason="holiday")

    planned = await li.post("/api/v1/me/absences", json=body)
    refused = await li.post(f"/api/v1/agents/{chen.agent.id}/absences", json=body)
    other = away(clock, deputy_id=lead.agent.id)
    by_lead = await lead.post(f"/api/v1/agents/{chen.agent.id}/absences", json=other)
    acting = await (await li.get(f"/api/v1/agents/{li.agent.id}/acting")).json()

    assert (planned.status, refused.status, by_lead.status) == (201, 403, 201)
    assert acting == {"agent_id": li.agent.id, "acting_id": lead.agent.id}
    everybody = await (await li.get("/api/v1/absences")).json()
    assert [one["agent_id"] for one in everybody] == [li.agent.id, chen.agent.id]
    number = (await planned.json())["id"]
    assert (await li.delete(f"/api/v1/me/absences/{number}")).status == 204
    assert await (await li.get("/api/v1/me/absences")).json() == []
    somebody_elses = (await by_lead.json())["id"]
    assert (await li.delete(f"/api/v1/me/absences/{somebody_elses}")).status == 404


async def test_why_somebody_is_absent_is_for_leads_and_themselves(login, clock) -> None:
    li, chen, lead = await login(), await login(), await login("lead")
    body = away(clock, deputy_id=chen.agent.id, reason="surgery")
    await li.post("/api/v1/me/absences", json=body)

    for path in ("/api/v1/absences", f"/api/v1/agents/{li.agent.id}/absences"):
        told = [(await (await one.get(path)).json())[0]["reason"] for one in (li, chen, lead)]
        assert told == ["surgery", "", "surgery"]


async def test_a_ticket_shows_who_acts_for_its_owner(login, db, clock) -> None:
    li, chen = await login(name="Li"), await login(name="Chen")
    async with db.begin() as session:
        ticket = await make_ticket(
            session, now=clock(), status="open", owner_id=li.agent.id, assignee_id=li.agent.id
        )
    await li.post("/api/v1/me/absences", json=away(clock, deputy_id=chen.agent.id))

    shown = await (await chen.get(f"/api/v1/tickets/{ticket.id}")).json()
    mine = await (await chen.get("/api/v1/tickets?queue=mine")).json()

    assert (shown["owner"]["name"], shown["acting_owner"]["name"]) == ("Li", "Chen")
    assert [line["id"] for line in mine["items"]] == [ticket.id]
    tomorrow = (clock() + timedelta(days=1)).isoformat()
    waiting = {"status": "on_hold", "review_at": tomorrow, "reason": "parts"}
    assert (await chen.put(f"/api/v1/tickets/{ticket.id}/waiting", json=waiting)).status == 200
    stranger = await login()
    refused = await stranger.delete(f"/api/v1/tickets/{ticket.id}/waiting")
    assert refused.status == 403


async def test_an_absent_agent_neither_claims_nor_gets_a_ticket(login, db, clock) -> None:
    li, chen, lead = await login(name="Li"), await login(name="Chen"), await login("lead")
    async with db.begin() as session:
        ticket = await make_ticket(session, now=clock())
    await li.post("/api/v1/me/absences", json=away(clock, deputy_id=chen.agent.id))

    claimed = await li.put(f"/api/v1/tickets/{ticket.id}/claim")
    given = await lead.put(
        f"/api/v1/tickets/{ticket.id}/assignment", json={"agent_id": li.agent.id}
    )

    for refused in (claimed, given):
        problem = await refused.json()
        assert (refused.status, problem["detail"]) == (409, "Li is absent: Chen stands in")
        assert problem["facts"]["deputy"]["id"] == chen.agent.id


async def test_a_usual_deputy_is_part_of_the_profile(login) -> None:
    li, chen = await login(), await login()

    edited = await li.patch("/api/v1/me", json={"deputy_id": chen.agent.id})
    circle = await chen.patch("/api/v1/me", json={"deputy_id": li.agent.id})
    cleared = await li.patch("/api/v1/me", json={"deputy_id": None})

    assert (await edited.json())["deputy_id"] == chen.agent.id
    assert circle.status == 422
    assert (await cleared.json())["deputy_id"] is None
