import asyncio

import pytest
from sqlalchemy import select

from contact_center.agents.rules import agent_of_code
from contact_center.events.models import Event
from tests.support.factories import make_team, make_ticket


async def events(runtime, kind: str) -> list[Event]:
    async with runtime.db.read() as session:
        found = select(Event).where(Event.kind == kind).order_by(Event.id)
        return list(await session.scalars(found))


async def test_an_admin_adds_an_agent_who_can_log_in(login, client, runtime) -> None:
    admin = await login("admin")
    body = {"email": " Bo@Desk.example", "name": "Bo", "password": "correct horse", "role": "lead"}

    response = await admin.post("/api/v1/agents", json=body)

    assert response.status == 201
    added = await response.json()
    assert (added["email"], added["role"]) == ("bo@desk.example", "lead")
    assert response.headers["Location"] == f"/api/v1/agents/{added['id']}"
    credentials = {"email": "bo@desk.example", "password": "correct horse"}
    assert (await client.post("/api/v1/session", json=credentials)).status == 201
    [event] = await events(runtime, "agent.added")
    assert event.actor == f"agent:{admin.agent.id}"
    assert event.data == {"agent_id": added["id"], "role": "lead"}


@pytest.mark.parametrize(("role", "hour"), [("agent", None), ("lead", 8), ("manager", 8)])
async def test_who_leads_gets_a_digest_unless_they_choose_otherwise(login, role, hour) -> None:
    admin = await login("admin")
    body = {"email": "bo@desk.example", "name": "Bo", "password": "correct horse", "role": role}

    added = await (await admin.post("/api/v1/agents", json=body)).json()

    assert added["digest_hour"] == hour


async def test_two_agents_cannot_share_a_mail_address(login) -> None:
    admin = await login("admin")
    body = {"email": admin.agent.email.upper(), "name": "Bo", "password": "correct horse"}

    assert (await admin.post("/api/v1/agents", json=body)).status == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nowhere"},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../etc/passwd"},
        {"password": "short"},
        {"name": "  "},
        {"role": "king"},
        {"capacity": -1},
    ],
)
async def test_an_agent_with_wrong_details_is_refused(login, wrong) -> None:
    admin = await login("admin")
    body = {"email": "bo@desk.example", "name": "Bo", "password": "correct horse", **wrong}

    assert (await admin.post("/api/v1/agents", json=body)).status == 422


@pytest.mark.parametrize("role", ["agent", "lead", "manager"])
async def test_only_admins_add_agents(login, role) -> None:
    other = await login(role)

    assert (await other.post("/api/v1/agents", json={})).status == 403


async def test_an_edit_changes_what_was_sent_and_nothing_else(login, runtime) -> None:
    admin, ann = await login("admin"), await login("agent", telegram_id="5", digest_hour=8)

    response = await admin.patch(
        f"/api/v1/agents/{ann.agent.id}", json={"role": "lead", "telegram_id": None}
    )

    edited = await response.json()
    assert (edited["role"], edited["telegram_id"], edited["digest_hour"]) == ("lead", None, 8)
    [event] = await events(runtime, "agent.edited")
    assert event.data["changed"] == ["role", "telegram_id"]
    assert event.data["role"] == {"old": "agent", "new": "lead"}


async def test_an_edit_of_an_older_version_is_refused(login) -> None:
    admin, ann = await login("admin"), await login("agent")
    address = f"/api/v1/agents/{ann.agent.id}"
    seen = (await admin.get(address)).headers["ETag"]

    first = await admin.patch(address, json={"name": "Anna"}, headers={"If-Match": seen})
    second = await admin.patch(address, json={"name": "Anne"}, headers={"If-Match": seen})

    assert (first.status, second.status) == (200, 412)
    assert first.headers["ETag"] != seen


async def test_somebody_deactivated_is_logged_out_at_once(login) -> None:
    admin, ann = await login("admin"), await login("agent", presence="online")
    assert (await ann.get("/api/v1/me")).status == 200

    gone = await admin.put(f"/api/v1/agents/{ann.agent.id}/deactivation")

    shown = await gone.json()
    assert (shown["active"], shown["presence"]) == (False, "offline")
    assert (await ann.get("/api/v1/me")).status == 401
    back = await admin.delete(f"/api/v1/agents/{ann.agent.id}/deactivation")
    assert (await back.json())["active"] is True


async def test_the_last_admin_stays(login) -> None:
    admin = await login("admin")
    address = f"/api/v1/agents/{admin.agent.id}"

    gone = await admin.put(f"{address}/deactivation")
    demoted = await admin.patch(address, json={"role": "agent"})

    assert (gone.status, demoted.status) == (409, 409)
    assert (await gone.json())["type"].endswith("#problem-last-admin")
    await login("admin")
    assert (await admin.patch(address, json={"role": "agent"})).status == 200


async def test_an_agent_changes_the_own_profile_but_not_the_own_role(login) -> None:
    ann = await login("agent")

    response = await ann.patch("/api/v1/me", json={"language": "zh", "time_zone": "Asia/Shanghai"})

    assert (await response.json())["time_zone"] == "Asia/Shanghai"
    assert (await ann.patch("/api/v1/me", json={"role": "admin"})).status == 422


async def test_a_shift_begins_and_ends(login, runtime) -> None:
    ann, lead = await login("agent", presence="offline"), await login("lead")

    response = await ann.put("/api/v1/me/presence", json={"presence": "online"})
    assert (await response.json())["presence"] == "online"
    address = f"/api/v1/agents/{ann.agent.id}/presence"
    assert (await lead.put(address, json={"presence": "offline"})).status == 200
    assert (await ann.put(address, json={"presence": "online"})).status == 403

    changes = [event.data["new"] for event in await events(runtime, "agent.presence_changed")]
    assert changes == ["online", "offline"]


async def test_agents_are_listed_page_by_page(login) -> None:
    clients = [await login("agent") for _ in range(5)]
    everybody = [c.agent.id for c in clients]

    seen, after = [], None
    for _ in range(3):
        query = {"limit": "2"} | ({"after": after} if after else {})
        page = await (await clients[0].get("/api/v1/agents", params=query)).json()
        seen += [agent["id"] for agent in page["items"]]
        after = page["next"]

    assert seen == everybody
    assert after is None


@pytest.mark.parametrize("after", ["x", "bnVsbA", "WyJhIl0", "WzEsMl0", "WzFlOTk5XQ", "Wy0xXQ"])
async def test_a_cursor_that_was_not_handed_out_is_refused(login, after) -> None:
    ann = await login("agent")

    assert (await ann.get("/api/v1/agents", params={"after": after})).status == 422


async def test_teams_have_members(login, runtime) -> None:
    manager, ann = await login("manager"), await login("agent")
    team = await (await manager.post("/api/v1/teams", json={"name": "Returns"})).json()
    address = f"/api/v1/teams/{team['id']}"
    member = f"{address}/members/{ann.agent.id}"

    for _ in range(2):
        assert (await manager.put(member)).status == 204
    listed = await (await ann.get(f"{address}/members")).json()
    assert [agent["id"] for agent in listed] == [ann.agent.id]
    assert listed[0]["team_ids"] == [team["id"]]
    filtered = await ann.get("/api/v1/agents", params={"team_id": str(team["id"])})
    assert len((await filtered.json())["items"]) == 1

    assert (await manager.delete(member)).status == 204
    assert (await manager.delete(address)).status == 204
    assert (await manager.get(address)).status == 404
    assert len(await events(runtime, "team.joined")) == 1


async def test_two_teams_cannot_share_a_name(login) -> None:
    manager = await login("manager")
    for name in ("Returns", "Billing"):
        assert (await manager.post("/api/v1/teams", json={"name": name})).status == 201

    assert (await manager.post("/api/v1/teams", json={"name": "Returns"})).status == 409
    assert (await manager.patch("/api/v1/teams/2", json={"name": "Returns"})).status == 409


async def test_an_agent_gets_a_code_that_links_an_account(login, runtime) -> None:
    agent = await login("agent")

    response = await agent.post("/api/v1/me/link-code")

    assert response.status == 201
    code = (await response.json())["code"]
    assert agent_of_code(runtime.secret, code, now=runtime.now()) == agent.agent.id


@pytest.mark.race
async def test_two_admins_cannot_demote_each_other_at_once(login) -> None:
    one, two = await login("admin"), await login("admin")
    body = {"role": "agent"}

    answers = await asyncio.gather(
        one.patch(f"/api/v1/agents/{two.agent.id}", json=body),
        two.patch(f"/api/v1/agents/{one.agent.id}", json=body),
    )

    assert sorted(answer.status for answer in answers) in ([200, 403], [200, 409])


@pytest.mark.race
async def test_of_two_edits_at_once_none_is_lost_silently(login) -> None:
    admin, ann = await login("admin"), await login("agent")
    address = f"/api/v1/agents/{ann.agent.id}"

    answers = await asyncio.gather(
        *(admin.patch(address, json={"capacity": capacity}) for capacity in range(1, 6))
    )

    assert {answer.status for answer in answers} <= {200, 412}
    done = [await answer.json() for answer in answers if answer.status == 200]
    shown = await (await admin.get(address)).json()
    assert shown["version"] == 1 + len(done)


async def test_a_team_with_tickets_stays_and_it_is_said_what_to_do(login, db, clock) -> None:
    admin = await login("admin")
    async with db.begin() as session:
        team = await make_team(session, name="Returns", now=clock())
        await make_ticket(session, now=clock(), team_id=team.id)

    refused = await admin.delete(f"/api/v1/teams/{team.id}")

    assert refused.status == 409
    wanted = "team Returns has tickets or work orders, or had some: take its members out instead"
    assert (await refused.json())["detail"] == wanted
    assert (await admin.get(f"/api/v1/teams/{team.id}")).status == 200
