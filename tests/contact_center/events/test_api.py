import asyncio
import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from contact_center.agents.models import TeamMember
from contact_center.events import actions
from contact_center.events.api import Reader
from contact_center.events.models import Event
from contact_center.events.queries import events_since
from contact_center.events.rules import SYSTEM, agent
from contact_center.tickets.api import log
from contact_center.tickets.queries import lock_ticket
from contact_center.web.permissions import Permission
from tests.support.factories import make_team, make_ticket
from tests.support.patience import PATIENCE


@pytest.fixture
async def ticket(db, clock):
    async with db.begin() as session:
        return await make_ticket(session, now=clock())


async def happen(db, clock, kind, *, ticket=None, by=SYSTEM) -> None:
    async with db.begin() as session:
        if ticket is not None:
            ticket = await lock_ticket(session, ticket.id)
        await actions.record(session, kind, actor=by, now=clock(), ticket=ticket)


async def let_a_minute_pass(db) -> None:
    """By the database's clock, which says what is young."""
    async with db.begin() as session:
        for event in await session.scalars(select(Event)):
            event.recorded_at -= timedelta(minutes=1)


async def next_event(response) -> dict:
    while True:
        block = await asyncio.wait_for(response.content.readuntil(b"\n\n"), PATIENCE)
        lines = dict(line.split(": ", 1) for line in block.decode().strip().split("\n"))
        if "data" in lines:
            return json.loads(lines["data"]) | {"last": int(lines["id"])}


async def test_the_log_tells_who_did_what_newest_first(login, db, clock, ticket) -> None:
    manager = await login("manager")
    await happen(db, clock, "ticket.edited", ticket=ticket, by=agent(7))
    await happen(db, clock, "webhook.edited", by=agent(7))
    await happen(db, clock, "ticket.edited", ticket=ticket)

    async def kinds(**query: object) -> list[str]:
        page = await (await manager.get("/api/v1/events", params=query)).json()
        return [event["kind"] for event in page["items"]]

    assert (await kinds(limit=3)) == ["ticket.edited", "webhook.edited", "ticket.edited"]
    assert await kinds(actor="agent:7") == ["webhook.edited", "ticket.edited"]
    assert await kinds(kind="webhook.edited", actor="system") == []
    assert (await (await login("lead")).get("/api/v1/events")).status == 403


async def test_a_stream_tells_what_happens_from_now_on(token, runtime, db, clock, ticket) -> None:
    shop = await token(Permission.TICKETS_READ)
    await happen(db, clock, "ticket.opened", ticket=ticket)

    async with shop.get("/api/v1/stream?kinds=ticket.*") as response:
        for kind in ("message.sent", "ticket.claimed"):
            await happen(db, clock, kind, ticket=ticket)
        runtime.bus.publish(["events"])
        event = await next_event(response)

    assert response.content_type == "text/event-stream"
    assert (event["kind"], event["ticket_id"]) == ("ticket.claimed", ticket.id)
    assert event["last"] == event["id"]


async def test_a_broken_stream_goes_on_where_it_ended(token, db, clock, ticket) -> None:
    shop = await token(Permission.TICKETS_READ)
    for kind in ("a.one", "a.two", "a.three"):
        await happen(db, clock, kind, ticket=ticket)
    await let_a_minute_pass(db)

    async with shop.get("/api/v1/stream", headers={"Last-Event-ID": "2"}) as response:
        events = [await next_event(response) for _ in range(2)]

    assert [event["kind"] for event in events] == ["a.two", "a.three"]


async def test_a_stream_ends_after_a_while_so_that_a_revoked_token_stops(
    token, db, clock, ticket, monkeypatch
) -> None:
    monkeypatch.setattr(log, "LONGEST_STREAM", 0.2)
    shop = await token(Permission.TICKETS_READ)

    async with asyncio.timeout(PATIENCE), shop.get("/api/v1/stream") as response:
        told = await response.content.read()
    monkeypatch.undo()
    await happen(db, clock, "ticket.claimed", ticket=ticket)
    clock.advance(minutes=1)
    place = re.findall(rb"^id: (\d+)$", told, re.M)[-1].decode()
    async with shop.get("/api/v1/stream", headers={"Last-Event-ID": place}) as response:
        event = await next_event(response)

    assert b"data:" not in told
    assert event["kind"] == "ticket.claimed"


async def test_what_is_no_tickets_business_is_told_to_auditors_only(
    token, db, clock, ticket
) -> None:
    plain = await token(Permission.TICKETS_READ)
    auditor = await token(Permission.TICKETS_READ, Permission.AUDIT_READ)
    first = {"Last-Event-ID": "2"}  # the tokens' own
    await happen(db, clock, "agent.edited")
    await happen(db, clock, "ticket.claimed", ticket=ticket)
    await let_a_minute_pass(db)

    for client, kind in ((plain, "ticket.claimed"), (auditor, "agent.edited")):
        async with client.get("/api/v1/stream", headers=first) as response:
            assert (await next_event(response))["kind"] == kind


async def test_o7_nobody_is_told_what_happens_to_a_complaint_about_them_or_who_leads_them(
    login, db, clock, ticket
) -> None:
    manager, lead = await login("manager", name="Ma"), await login("lead", name="Lee")
    async with db.begin() as session:
        team = await make_team(session, now=clock())
        for who in (manager, lead):
            session.add(TeamMember(team_id=team.id, agent_id=who.agent.id))
        delicate = await make_ticket(session, now=clock(), about_agent_id=manager.agent.id)
    await happen(db, clock, "complaint.assessed", ticket=delicate)
    await happen(db, clock, "ticket.claimed", ticket=ticket)
    await let_a_minute_pass(db)

    listed = await (await manager.get("/api/v1/events")).json()
    told = {}
    for who in (manager, lead, await login("lead", name="Bo")):
        path = "/api/v1/stream?kinds=ticket.claimed&kinds=complaint.*"
        async with who.get(path, headers={"Last-Event-ID": "1"}) as response:
            told[who.agent.name] = (await next_event(response))["kind"]

    assert "complaint.assessed" not in [event["kind"] for event in listed["items"]]
    assert told == {"Ma": "ticket.claimed", "Lee": "ticket.claimed", "Bo": "complaint.assessed"}


@pytest.mark.parametrize("kinds", ["Ticket", "ticket.**", "x" * 65])
async def test_a_kind_that_cannot_be_is_refused(token, kinds) -> None:
    shop = await token(Permission.TICKETS_READ)

    assert (await shop.get("/api/v1/stream", params={"kinds": kinds})).status == 422


async def test_an_event_that_comes_to_light_late_is_not_missed(runtime, db, clock, backend) -> None:
    """A transaction took a lower id for what was asked long ago, and commits after another."""
    if backend == "sqlite":
        pytest.skip("one transaction writes at a time")
    reader = Reader(runtime, after=None)
    events = reader.events()
    async with db.begin() as slow:
        long_ago = clock() - timedelta(minutes=5)
        await actions.record(slow, "a.late", actor=SYSTEM, now=long_ago)
        await happen(db, clock, "a.first")
        await reader.begin()
        first = asyncio.ensure_future(anext(events))
        assert reader.last > 0
    await happen(db, clock, "a.newest")
    runtime.bus.deliver(["events"])

    seen = [(await asyncio.wait_for(first, PATIENCE)).kind, (await anext(events)).kind]
    assert seen == ["a.late", "a.newest"]
    assert reader.last == 3
    await events.aclose()


async def test_a_page_that_has_seen_a_higher_id_is_told_of_a_late_event(db, clock, backend) -> None:
    if backend == "sqlite":
        pytest.skip("one transaction writes at a time")
    async with db.begin() as slow:
        long_ago = clock() - timedelta(minutes=5)
        await actions.record(slow, "a.late", actor=SYSTEM, now=long_ago)
        await happen(db, clock, "a.first")

    async with db.read() as session:
        found = await events_since(session, after=2, within=timedelta(seconds=5))
        assert [event.kind for event in found] == ["a.late", "a.first"]
        assert await events_since(session, after=2, within=timedelta(0)) == []
