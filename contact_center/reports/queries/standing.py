"""How things stand at this moment."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import case, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.ledger.models import Quarantined
from contact_center.reports.models import TeamQueue, Waiting
from contact_center.tickets.models import IS_ACTIVE, WAITING, Status, Ticket
from contact_center.tickets.queries import visible_to

LONGEST = 10  # customers who wait

# As in the partial indexes of tickets, or these are not used.
_ACTIVE = text(IS_ACTIVE)


async def longest_waiting(
    session: AsyncSession,
    *,
    now: datetime,
    team_ids: Collection[int] | None = None,
    reader: int = 0,
    limit: int = LONGEST,
) -> list[Waiting]:
    """Customers who wait for an answer, the longest first, as far as the reader may know."""
    found = select(Ticket).where(_ACTIVE, Ticket.waiting_since.is_not(None), visible_to(reader))
    if team_ids is not None:
        found = found.where(Ticket.team_id.in_(team_ids))
    found = found.order_by(Ticket.waiting_since, Ticket.id).limit(limit)
    tickets = (await session.scalars(found)).all()
    names = await agents.agent_names(session, {ticket.owner_id for ticket in tickets})
    return [_waiting(ticket, names, now=now) for ticket in tickets]


def _waiting(ticket: Ticket, names: Mapping[int, str], *, now: datetime) -> Waiting:
    assert ticket.waiting_since is not None
    is_late = ticket.next_due_at is not None and ticket.next_due_at < now
    return Waiting(
        ticket_id=ticket.id,
        reference=ticket.reference,
        subject=ticket.subject,
        status=ticket.status,
        since=ticket.waiting_since,
        is_late=is_late or ticket.breached_at is not None,
        owner_id=ticket.owner_id,
        owner=names.get(ticket.owner_id or 0),
    )


async def team_queues(session: AsyncSession) -> list[TeamQueue]:
    counted = select(
        Ticket.team_id,
        func.count(),
        func.count(case((Ticket.status == Status.QUEUED, 1))),
        func.count(case((Ticket.status.in_(tuple(WAITING)), 1))),
        func.count(Ticket.breached_at),
    ).where(_ACTIVE)
    rows = (await session.execute(counted.group_by(Ticket.team_id))).all()
    names = {team.id: team.name for team in await agents.all_teams(session)}
    queues = [
        TeamQueue(
            team_id=team,
            name=names.get(team or 0),
            active=active,
            unclaimed=unclaimed,
            waiting=waiting,
            late=late,
        )
        for team, active, unclaimed, waiting, late in rows
    ]
    return sorted(queues, key=lambda queue: (queue.name is None, queue.name or ""))


async def count_quarantined(session: AsyncSession) -> int:
    counted = select(func.count()).where(Quarantined.released_at.is_(None))
    return await session.scalar(counted) or 0
