"""What waits in the queues of agents and teams."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, func, select, text, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.tickets.models import IS_ACTIVE, WAITING, Status, Ticket
from contact_center.tickets.queries.sight import visible_to

# Those for whom an agent acts: by whom a complaint is about, and None for all that is no such one.
StandingIn = Mapping[int | None, Collection[int]]
NOBODY: StandingIn = {}


class Queue(StrEnum):
    UNCLAIMED = "unclaimed"
    MINE = "mine"  # I do the next step, or answer for it
    TEAM = "team"
    WAITING = "waiting"
    BREACHED = "breached"
    ALL = "all"


async def queue_page(
    session: AsyncSession,
    queue: Queue,
    *,
    agent_id: int,
    standing_in: StandingIn = NOBODY,
    team_ids: Collection[int] = (),
    after: tuple[datetime | None, int] | None = None,
    limit: int = 50,
) -> Sequence[Ticket]:
    """The most urgent first, beyond the `(next_due_at, id)` of the last ticket seen.

    `standing_in` says for whom the agent acts: what is theirs is the agent's, too. Tickets whose
    promises are all paused come last.
    """
    found = _in_queue(queue, agent_id=agent_id, standing_in=standing_in, team_ids=team_ids)
    due, number = after or (None, 0)
    tickets: list[Ticket] = []
    if after is None or due is not None:  # each half has its part of the index
        pressing = found.where(Ticket.next_due_at.is_not(None))
        if due is not None:
            pressing = pressing.where(tuple_(Ticket.next_due_at, Ticket.id) > tuple_(due, number))
            number = 0
        pressing = pressing.order_by(Ticket.next_due_at, Ticket.id).limit(limit)
        tickets += (await session.scalars(pressing)).all()
    if len(tickets) < limit:
        paused = found.where(Ticket.next_due_at.is_(None), Ticket.id > number)
        paused = paused.order_by(Ticket.id).limit(limit - len(tickets))
        tickets += (await session.scalars(paused)).all()
    return tickets


async def in_queue(
    session: AsyncSession,
    queue: Queue,
    *,
    ticket_ids: Collection[int],
    agent_id: int,
    standing_in: StandingIn = NOBODY,
    team_ids: Collection[int] = (),
) -> Sequence[Ticket]:
    """Those of the given tickets that are in a queue."""
    found = _in_queue(queue, agent_id=agent_id, standing_in=standing_in, team_ids=team_ids)
    return (await session.scalars(found.where(Ticket.id.in_(ticket_ids)))).all()


async def queue_size(
    session: AsyncSession,
    queue: Queue,
    *,
    agent_id: int,
    standing_in: StandingIn = NOBODY,
    team_ids: Collection[int] = (),
    most: int = 1000,
) -> int:
    """How many tickets a queue holds; counting stops at `most`."""
    found = _in_queue(queue, agent_id=agent_id, standing_in=standing_in, team_ids=team_ids)
    inner = found.with_only_columns(Ticket.id)
    counted = select(func.count()).select_from(inner.limit(most).subquery())
    return await session.scalar(counted) or 0


def _in_queue(
    queue: Queue, *, agent_id: int, standing_in: StandingIn, team_ids: Collection[int]
) -> Select[Ticket]:
    # The conditions repeat those of the partial indexes in models.py, or these are not used.
    active = text(IS_ACTIVE)
    conditions: dict[Queue, ColumnElement[bool]] = {
        Queue.UNCLAIMED: Ticket.status == Status.QUEUED,
        Queue.MINE: _held_by(agent_id, standing_in),
        Queue.TEAM: Ticket.team_id.in_(team_ids),
        Queue.BREACHED: Ticket.breached_at.is_not(None),
    }
    if queue is Queue.WAITING:
        waiting = ", ".join(f"'{status}'" for status in _WAITING_ORDER)
        return select(Ticket).where(text(f"status IN ({waiting})"), visible_to(agent_id))
    found = select(Ticket).where(active, visible_to(agent_id))
    return found.where(conditions[queue]) if queue in conditions else found


def _held_by(agent_id: int, standing_in: StandingIn) -> ColumnElement[bool]:
    held = [*_held([agent_id])]
    for about, others in standing_in.items():
        held += [
            one.where(Ticket.about_agent_id.is_not_distinct_from(about)) for one in _held(others)
        ]
    return Ticket.id.in_(union_all(*held))


def _held(agent_ids: Collection[int]) -> Iterator[Select[int]]:
    """Each look has its index; with OR the queue of everybody would be read through."""
    active = select(Ticket.id).where(text(IS_ACTIVE)).correlate(None)
    return (active.where(one.in_(agent_ids)) for one in (Ticket.assignee_id, Ticket.owner_id))


async def stands_in_for(session: AsyncSession, agent_id: int, *, now: datetime) -> StandingIn:
    """For whom an agent acts now.

    A deputy who must not handle a complaint is passed over, and their own deputy acts on that one.
    """
    absent = await agents.absent_agents(session, now=now) if agent_id else set()
    if not absent:
        return NOBODY
    theirs = Ticket.id.in_(union_all(*_held(absent)))
    found = select(Ticket.about_agent_id).where(theirs, Ticket.about_agent_id.is_not(None))
    abouts: list[int | None] = [None, *(await session.scalars(found.distinct()))]
    acts = {
        about: await agents.stood_in_for(session, agent_id, now=now, about=about)
        for about in abouts
    }
    return {about: others for about, others in acts.items() if others}


_WAITING_ORDER = (
    Status.WAITING_CUSTOMER,
    Status.WAITING_DEPARTMENT,
    Status.WAITING_THIRD_PARTY,
    Status.ON_HOLD,
)
assert set(_WAITING_ORDER) == WAITING


async def queued_ticket_ids(
    session: AsyncSession, *, team_ids: Collection[int], limit: int = 500
) -> Sequence[int]:
    """What waits in the queues of some teams, the oldest first."""
    found = select(Ticket.id).where(
        Ticket.status == Status.QUEUED, Ticket.team_id.in_(tuple(team_ids)), text(IS_ACTIVE)
    )
    return (await session.scalars(found.order_by(Ticket.id).limit(limit))).all()


async def unclaimed_before(
    session: AsyncSession, since: datetime, *, limit: int
) -> Sequence[Ticket]:
    """What came before `since` and nobody has taken, the oldest first."""
    found = select(Ticket).where(
        Ticket.status == Status.QUEUED, Ticket.created_at < since, text(IS_ACTIVE)
    )
    return (await session.scalars(found.order_by(Ticket.id).limit(limit))).all()
