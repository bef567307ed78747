from contact_center.agents.models import TeamMember
from contact_center.web.permissions import Permission


async def offered_to(place, db, agent) -> int:
    """The number of a ticket that is offered to somebody who works here alone."""
    team, _ = await place.team()
    async with db.begin() as session:
        session.add(TeamMember(team_id=team.id, agent_id=agent.id))
    return await place.write()


async def test_an_agent_sees_what_is_offered_with_the_reasons_and_takes_it(
    place, login, db
) -> None:
    li = await login("agent")
    ticket_id = await offered_to(place, db, li.agent)

    [shown] = await (await li.get("/api/v1/me/offers")).json()
    offer = shown["offer"]
    assert shown["ticket"]["id"] == ticket_id
    assert (offer["rule"], offer["reasons"][1]["code"]) == ("pool", "pool")
    assert "comes next of 1 who are free in Service" in offer["why"][1]

    taken = await li.put(f"/api/v1/me/offers/{offer['id']}/acceptance")
    again = await li.put(f"/api/v1/me/offers/{offer['id']}/acceptance")
    assert (taken.status, (await taken.json())["assignee"]["id"]) == (200, li.agent.id)
    assert again.status == 409
    assert await (await li.get("/api/v1/me/offers")).json() == []


async def test_the_reasons_are_told_in_the_callers_language(place, login, db) -> None:
    li = await login("agent", language="zh", name="李娜")
    await offered_to(place, db, li.agent)

    [shown] = await (await li.get("/api/v1/me/offers")).json()

    assert shown["offer"]["why"][1] == "“Service”有 1 人空闲，轮到 李娜（手上 0/20）"


async def test_what_is_declined_is_not_offered_again(place, login, db, token) -> None:
    li = await login("agent")
    ticket_id = await offered_to(place, db, li.agent)
    [shown] = await (await li.get("/api/v1/me/offers")).json()

    declined = await li.put(f"/api/v1/me/offers/{shown['offer']['id']}/refusal")

    assert declined.status == 204
    reader = await token(Permission.TICKETS_READ)
    page = await (await reader.get(f"/api/v1/tickets/{ticket_id}/routing")).json()
    assert [(one["rule"], one["offer"]) for one in page["items"]] == [
        ("queue", None),
        ("pool", "declined"),
    ]


async def test_nobody_takes_what_is_offered_to_others(place, login, db) -> None:
    li, other = await login("agent"), await login("lead")
    await offered_to(place, db, li.agent)
    [shown] = await (await li.get("/api/v1/me/offers")).json()

    refused = await other.put(f"/api/v1/me/offers/{shown['offer']['id']}/acceptance")
    unknown = await other.put("/api/v1/me/offers/999/acceptance")

    assert (refused.status, unknown.status) == (403, 404)


async def test_a_team_is_set_to_give_its_tickets_out(login) -> None:
    boss = await login("manager")
    team = await (await boss.post("/api/v1/teams", json={"name": "Service"})).json()
    assert team["push"] is False

    edited = await boss.patch(f"/api/v1/teams/{team['id']}", json={"push": True})

    assert (await edited.json())["push"] is True
