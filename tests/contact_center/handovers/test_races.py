"""Many hands on few tickets at once. `CC_TEST_RACES=10000` makes as many attempts."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

import pytest

from contact_center.agents.models import Agent, Role, Team
from contact_center.db import Database
from contact_center.errors import ContactCenterError
from contact_center.events.queries import ticket_events
from contact_center.events.rules import agent
from contact_center.handovers import queries
from contact_center.handovers.actions import ownership, requests
from contact_center.handovers.models import HandoverKind, HandoverState
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import AlreadyClaimed, TransferReason
from contact_center.tickets.queries import get_ticket
from tests.contact_center.handovers.conftest import TERMS
from tests.support.factories import make_agent, make_team, make_ticket

ATTEMPTS = int(os.environ.get("CC_TEST_RACES", "200"))
HANDS = 25  # at once
SKILL = TransferReason.SKILL
# What people do, and how often.
WAYS = {
    "claim": 4,
    "ask": 6,
    "accept": 4,
    "decline": 2,
    "expire": 1,
    "override": 2,
    "queue": 1,
}
ANSWERED = {f"handover.{state}" for state in HandoverState if state != "requested"}


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


@dataclass
class Hands:
    """What people do to a ticket, whether they can or not."""

    random: Random
    clock: Callable[[], datetime]
    staff: list = field(default_factory=list)
    lead: Agent | None = None
    team: Team | None = None

    async def claim(self, session, number) -> None:
        by = agent(self.random.choice(self.staff).id)
        await tickets.claim(session, number, by=by, now=self.clock())

    async def ask(self, session, number) -> None:
        await requests.request(
            session,
            number,
            kind=self.random.choice(list(HandoverKind)),
            to=self.random.choice(self.staff).id,
            reason=SKILL,
            terms=TERMS,
            by=agent(self.lead.id),
            now=self.clock(),
        )

    async def accept(self, session, number) -> None:
        for handover in await queries.open_handovers(session, number):
            by = agent(handover.receiver_id)
            await requests.accept(session, handover.id, by=by, now=self.clock())

    async def decline(self, session, number) -> None:
        for handover in await queries.open_handovers(session, number):
            by = agent(handover.receiver_id)
            await requests.decline(session, handover.id, why="no", by=by, now=self.clock())

    async def expire(self, session, number) -> None:
        """As if its time had come."""
        for handover in await queries.open_handovers(session, number):
            await requests.expire(session, handover.id, now=handover.expires_at)

    async def override(self, session, number) -> None:
        what, by = self.random.choice(["owner", "assignee"]), agent(self.lead.id)
        facts = {what: self.random.choice(self.staff).id, "reason": "race"}
        await ownership.override(session, number, by=by, now=self.clock(), **facts)

    async def queue(self, session, number) -> None:
        facts = {"team": self.team.id, "reason": SKILL, "now": self.clock()}
        await requests.to_team(session, number, by=agent(self.lead.id), **facts)

    async def attempt(self, db: Database, ids: list[int]) -> str:
        [do] = self.random.choices([getattr(self, way) for way in WAYS], [*WAYS.values()])
        async with db.begin() as session:
            await do(session, self.random.choice(ids))
        return do.__name__


@pytest.mark.race
async def test_o2_no_owner_is_lost_or_doubled_whatever_happens_at_once(nodes, clock) -> None:
    """Every change of hands starts from what the one before it left."""
    hands = Hands(Random(7), clock)
    async with nodes[0].begin() as session:
        hands.staff = [await make_agent(session, now=clock()) for _ in range(6)]
        hands.lead = await make_agent(session, now=clock(), role=Role.LEAD)
        hands.team = await make_team(session, now=clock())
        ids = [(await make_ticket(session, now=clock())).id for _ in range(4)]

    results = await at_once(hands.attempt(nodes[n % 2], ids) for n in range(ATTEMPTS))

    assert {str(one) for one in results} >= WAYS.keys()
    for number in ids:
        async with nodes[0].read() as session:
            ticket = await get_ticket(session, number)
            events = await ticket_events(session, number, limit=10 * ATTEMPTS)
            asked = await queries.handovers_of(session, number)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert _replay(events) == (ticket.owner_id, ticket.assignee_id)
        assert _answers(events) == {
            one.id: f"handover.{one.state}" for one in asked if one.state != "requested"
        }


def _answers(events) -> dict[int, str]:
    """What came of each request: one thing, once."""
    answers: dict[int, str] = {}
    for event in events:
        if event.kind in ANSWERED:
            assert event.data["handover"] not in answers
            answers[event.data["handover"]] = event.kind
    return answers


def _replay(events) -> tuple[int | None, int | None]:
    """Owner and assignee as the log tells them; each change names what was there before."""
    owner = assignee = None
    for event in events:
        data = event.data
        if event.kind == "ticket.claimed":
            assert assignee is None
            assignee = int(event.actor.partition(":")[2])
        elif event.kind == "ticket.assigned":
            assert data["before"] == assignee
            assignee = data["assignee"]
        elif event.kind == "ticket.transferred":
            assert assignee is not None
            assignee = data["assignee"]
        elif event.kind == "owner.changed":
            assert data["old"] == owner
            goes_along = data["cause"] == "handover" and assignee == owner
            owner, assignee = data["new"], data["new"] if goes_along else assignee
        owner = owner or assignee
    return owner, assignee
