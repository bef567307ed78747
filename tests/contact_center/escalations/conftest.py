"""A desk in China: a team with a lead, an owner, managers, and a ticket due in eight hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from contact_center.agents.models import Agent, Role, TeamMember
from contact_center.calendars.hours import Calendar
from contact_center.escalations.models import Escalation
from contact_center.escalations.queries import escalations_of
from contact_center.runtime import Runtime
from contact_center.sla.actions import together
from contact_center.sla.models import Clock, ClockKind
from contact_center.sla.queries import all_clocks, keep_calendar
from contact_center.sla.rules.versions import calendar_digest, calendar_text
from contact_center.tickets.models import Status, Ticket
from contact_center.tickets.queries import get_ticket
from scheduler import sweeps
from tests.contact_center.sla.calendars import CHINA, terms
from tests.support.factories import make_agent, make_team, make_ticket


def cn(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """In November 2026, by the clocks of China; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC) - timedelta(hours=8)


async def keep(session, calendar: Calendar, *, now: datetime) -> None:
    await keep_calendar(
        session,
        name=calendar.name,
        digest=calendar_digest(calendar),
        definition=calendar_text(calendar),
        now=now,
    )


@dataclass(frozen=True)
class Desk:
    runtime: Runtime
    owner: Agent
    lead: Agent
    manager: Agent
    team_id: int

    async def ticket(self, goal: str = "8bh", *, hours: Calendar = CHINA, **fields) -> int:
        """Open, with one clock."""
        now = self.runtime.now()
        values = {"owner_id": self.owner.id, "team_id": self.team_id} | fields
        async with self.runtime.db.begin() as session:
            ticket = await make_ticket(session, now=now, status=Status.RESOLVED, **values)
            ticket.status = Status.OPEN  # without the usual clocks
            await together.start_all(
                session, ticket, {ClockKind.RESOLUTION: terms(goal, hours)}, start=now
            )
        return ticket.id

    async def sweep(self, *moments: datetime) -> list[int]:
        """How many were told at each moment."""
        told = []
        for moment in moments:
            self.runtime.now.now = moment
            told.append(await sweeps.climb_ladder(self.runtime))
        return told

    async def climbed(self, ticket_id: int) -> list[tuple[int, str, datetime, datetime]]:
        return [
            (one.rung, one.state.value, one.crossed_at, one.fired_at)
            for one in await self.rows(ticket_id)
        ]

    async def rows(self, ticket_id: int) -> Sequence[Escalation]:
        async with self.runtime.db.read() as session:
            return await escalations_of(session, ticket_id)

    async def told(self, ticket_id: int) -> list[list[int]]:
        return [sorted(one.told) for one in await self.rows(ticket_id)]

    async def clock(self, ticket_id: int) -> Clock:
        async with self.runtime.db.read() as session:
            return (await all_clocks(session, ticket_id))[0]

    async def look(self, ticket_id: int) -> Ticket:
        async with self.runtime.db.read() as session:
            return await get_ticket(session, ticket_id)


@pytest.fixture
async def desk(runtime, clock) -> Desk:
    clock.now = cn(23, 9)
    async with runtime.db.begin() as session:
        await keep(session, CHINA, now=clock())
        owner = await make_agent(session, now=clock())
        lead = await make_agent(session, now=clock(), role=Role.LEAD)
        manager = await make_agent(session, now=clock(), role=Role.MANAGER)
        team = await make_team(session, now=clock())
        session.add(TeamMember(team_id=team.id, agent_id=owner.id))
        session.add(TeamMember(team_id=team.id, agent_id=lead.id))
    return Desk(runtime, owner, lead, manager, team.id)
