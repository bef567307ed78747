"""Many hands on few tickets at once. `CC_TEST_RACES=10000` makes as many attempts."""

import asyncio
import os
from random import Random

import pytest

from contact_center.agents.models import Role
from contact_center.db import Database
from contact_center.errors import ContactCenterError
from contact_center.events.queries import ticket_events
from contact_center.events.rules import agent
from contact_center.handovers import queries
from contact_center.handovers.actions import ownership, requests
from contact_center.handovers.models import HandoverKind
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import AlreadyClaimed, TransferReason
from contact_center.tickets.queries import get_ticket
from tests.contact_center.handovers.conftest import TERMS
from tests.support.factories import make_agent, make_team, make_ticket

ATTEMPTS = int(os.environ.get("CC_TEST_RACES", "200"))
HANDS = 25  # at once
SKILL = TransferReason.SKILL


@pytest.fixture
async def nodes(database_url):
    """Two processes' ways to one database."""
    nodes = [Database(database_url), Database(database_url)]
    yield nodes
    for db in nodes:
        await db.dispose()


async def at_once(attempts) -> list[object]:
    """Refusals are results, anything else is an error."""
    places = asyncio.Semaphore(HANDS)

    async def one(attempt):
        async with places:
            try:
                return await attempt
            except ContactCenterError as refusal:
                return refusal

    return await asyncio.gather(*(one(attempt) for attempt in attempts))


@pytest.mark.race
async def test_g26_o3_of_fifty_who_claim_at_once_one_wins_and_all_learn_who(nodes, clock) -> None:
    async with nodes[0].begin() as session:
        staff = [await make_agent(session, now=clock()) for _ in range(50)]
        ticket = await make_ticket(session, now=clock())

    async def claim(number: int, person):
        async with nodes[number % 2].begin() as session:
            await tickets.claim(session, ticket.id, by=agent(person.id), now=clock())
            return person

    results = await at_once(claim(number, person) for number, person in enumerate(staff))

    [winner] = [one for one in results if not isinstance(one, ContactCenterError)]
    losers = [one for one in results if isinstance(one, AlreadyClaimed)]
    assert len(losers) == 49
    assert {one.facts["assignee"]["id"] for one in losers} == {winner.id}
    async with nodes[0].read() as session:
        kinds = [event.kind for event in await ticket_events(session, ticket.id)]
        assert (await get_ticket(session, ticket.id)).owner_id == winner.id
    assert kinds == ["ticket.claimed"]


@pytest.mark.race
async def test_o2_no_owner_is_lost_or_doubled_whatever_happens_at_once(nodes, clock) -> None:
    """Every change of hands starts from what the one before it left."""
    random = Random(7)
    async with nodes[0].begin() as session:
        staff = [await make_agent(session, now=clock()) for _ in range(6)]
        lead = await make_agent(session, now=clock(), role=Role.LEAD)
        team = await make_team(session, now=clock())
        ids = [(await make_ticket(session, now=clock())).id for _ in range(4)]

    async def claim(session, number, one, other):
        await tickets.claim(session, number, by=agent(one.id), now=clock())

    async def ask(session, number, one, other):
        kind = random.choice(list(HandoverKind))
        await requests.request(
            session,
            number,
            kind=kind,
            to=other.id,
            reason=SKILL,
            terms=TERMS,
            by=agent(lead.id),
            now=clock(),
        )

    async def accept(session, number, one, other):
        for handover in await queries.open_handovers(session, number):
            by = agent(handover.receiver_id)
            await requests.accept(session, handover.id, by=by, now=clock())

    async def override(session, number, one, other):
        what = random.choice(["owner", "assignee"])
        by = agent(lead.id)
        await ownership.override(
            session, number, reason="race", by=by, now=clock(), **{what: one.id}
        )

    async def queue(session, number, one, other):
        by = agent(lead.id)
        await requests.to_team(session, number, team=team.id, reason=SKILL, by=by, now=clock())

    async def attempt(number: int):
        do = random.choices([claim, ask, accept, override, queue], [4, 3, 4, 2, 1])[0]
        one, other = random.sample(staff, 2)
        async with nodes[number % 2].begin() as session:
            await do(session, random.choice(ids), one, other)
        return do.__name__

    results = await at_once(attempt(number) for number in range(ATTEMPTS))

    assert {"claim", "ask", "accept", "override", "queue"} <= {str(one) for one in results}
    for number in ids:
        async with nodes[0].read() as session:
            ticket = await get_ticket(session, number)
            events = await ticket_events(session, number, limit=10 * ATTEMPTS)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert _replay(events) == (ticket.owner_id, ticket.assignee_id)


def _replay(events) -> tuple[int | None, int | None]:
    """Owner and assignee as the log tells them; each change names what was there before."""
    owner = assignee = None
    for event in events:
        data = event.data
        if event.kind == "ticket.claimed":
            assert assignee is None
            assignee = int(event.actor.partition(":")[2])
            owner = owner or assignee
            assert data["owner"] == owner
        elif event.kind == "ticket.assigned":
            assert data["before"] == assignee
            assignee = data["assignee"]
            owner = owner or assignee
        elif event.kind == "ticket.transferred":
            assert assignee is not None
            assignee = data["assignee"]
        elif event.kind == "owner.changed":
            assert data["old"] == owner
            assignee = (
                data["new"] if data["cause"] == "handover" and assignee == owner else assignee
            )
            owner = data["new"]
    return owner, assignee
