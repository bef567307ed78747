import pytest

from contact_center.web.permissions import Permission
from tests.support.factories import make_customer, make_team, make_ticket

URL = "/api/v1/canned-replies"
SORRY = {"shortcut": "/Sorry", "title": "Sorry", "text": "Dear {customer}, {agent}: {reference}"}


async def add(client, **fields):
    response = await client.post(URL, json={**SORRY, **fields})
    assert response.status == 201, await response.text()
    return await response.json()


async def test_a_shortcut_is_unique_however_it_is_written(login) -> None:
    lead = await login("lead")
    sorry = await add(lead)
    other = await add(lead, shortcut="抱歉", language="zh")

    assert sorry["shortcut"] == "sorry"
    assert (await lead.post(URL, json={**SORRY, "shortcut": "SORRY"})).status == 409
    rename = {"json": {"shortcut": "Sorry"}}
    assert (await lead.patch(f"{URL}/{other['id']}", **rename)).status == 409
    assert (await lead.patch(f"{URL}/{sorry['id']}", **rename)).status == 200


@pytest.mark.parametrize("wrong", [{"shortcut": "a b"}, {"language": "fr"}, {"text": ""}])
async def test_a_reply_that_cannot_be_used_is_refused(login, wrong) -> None:
    assert (await (await login("lead")).post(URL, json={**SORRY, **wrong})).status == 422


async def test_a_reply_is_everybodys_or_a_teams(login, db, clock) -> None:
    lead = await login("lead")
    async with db.begin() as session:
        team, other = await make_team(session, now=clock()), await make_team(session, now=clock())
    await add(lead)
    await add(lead, shortcut="router", team_id=team.id)

    async def listed(**query) -> list[str]:
        return [r["shortcut"] for r in await (await lead.get(URL, params=query)).json()]

    assert await listed() == await listed(team_id=team.id) == ["router", "sorry"]
    assert await listed(team_id=other.id) == ["sorry"]
    assert (await lead.post(URL, json={**SORRY, "shortcut": "x", "team_id": 99})).status == 404


async def test_a_reply_is_edited_in_the_version_that_was_seen_and_deleted(login) -> None:
    lead, agent = await login("lead"), await login()
    sorry = await add(lead)
    url = f"{URL}/{sorry['id']}"
    seen = (await agent.get(url)).headers["ETag"]

    assert (await agent.patch(url, json={"title": "x"})).status == 403
    edited = await lead.patch(url, json={"title": "So sorry"}, headers={"If-Match": seen})
    assert (await edited.json())["title"] == "So sorry"
    stale = await lead.patch(url, json={"title": "x"}, headers={"If-Match": seen})
    assert stale.status == 412
    assert (await lead.delete(url)).status == 204
    assert (await lead.get(url)).status == 404


async def test_a_reply_is_filled_in_for_a_ticket(login, token, db, clock) -> None:
    lead = await login("lead", name="Li")
    async with db.begin() as session:
        ann = await make_customer(session, name="Ann {agent}", now=clock())
        ticket = await make_ticket(session, now=clock(), customer=ann)
    sorry = await add(lead)
    url = f"/api/v1/tickets/{ticket.id}/canned-replies/{sorry['id']}"

    filled = await (await lead.get(url)).json()

    assert filled == {"text": "Dear Ann {agent}, Li: T-000001"}
    shop = await token(Permission.KNOWLEDGE_READ)
    assert (await shop.get(url)).status == 403
