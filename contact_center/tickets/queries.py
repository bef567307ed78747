"""Every SQL statement about tickets and their messages."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    Select,
    func,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.errors import NotFound
from contact_center.tickets.models import (
    ACTIVE,
    WAITING,
    Status,
    Ticket,
    reference,
)


class Queue(StrEnum):
    UNCLAIMED = "unclaimed"
    MINE = "mine"  # I do the next step, or answer for it
    TEAM = "team"
    WAITING = "waiting"
    BREACHED = "breached"
    ALL = "all"


# One ticket


async def get_ticket(session: AsyncSession, ticket_id: int) -> Ticket:
    ticket = await session.get(Ticket, ticket_id)
    if ticket is None:
        raise NotFound(f"there is no ticket {reference(ticket_id)}")
    return ticket


async def lock_ticket(session: AsyncSession, ticket_id: int) -> Ticket:
    """The ticket as it is now; nobody else changes it until this transaction ends."""
    found = select(Ticket).where(Ticket.id == ticket_id).with_for_update()
    ticket = await session.scalar(found.execution_options(populate_existing=True))
    if ticket is None:
        raise NotFound(f"there is no ticket {reference(ticket_id)}")
    return ticket


async def find_by_token(session: AsyncSession, public_token: str) -> Ticket:
    ticket = await session.scalar(select(Ticket).where(Ticket.public_token == public_token))
    if ticket is None:
        raise NotFound("there is no such ticket")
    return ticket


async def claim_ticket(
    session: AsyncSession, ticket_id: int, *, agent_id: int, now: datetime
) -> Ticket | None:
    """One conditional statement: of all who try at once exactly one gets the ticket."""
    statement = (
        update(Ticket)
        .where(
            Ticket.id == ticket_id,
            Ticket.status == Status.QUEUED,
            Ticket.assignee_id.is_(None),
        )
        .values(
            status=Status.OPEN,
            assignee_id=agent_id,
            owner_id=func.coalesce(Ticket.owner_id, agent_id),
            version=Ticket.version + 1,
            updated_at=now,
        )
        .returning(Ticket)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return await session.scalar(statement)


async def tickets_of_customer(
    session: AsyncSession, customer_id: int, *, limit: int = 20
) -> Sequence[Ticket]:
    found = select(Ticket).where(Ticket.customer_id == customer_id).order_by(Ticket.id.desc())
    return (await session.scalars(found.limit(limit))).all()


async def tickets_by_id(session: AsyncSession, ticket_ids: Collection[int]) -> dict[int, Ticket]:
    found = await session.scalars(select(Ticket).where(Ticket.id.in_(ticket_ids)))
    return {ticket.id: ticket for ticket in found}


# Queues


async def queue_page(
    session: AsyncSession,
    queue: Queue,
    *,
    agent_id: int,
    team_ids: Collection[int] = (),
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> Sequence[Ticket]:
    """The most urgent first, beyond the `(next_due_at, id)` of the last ticket seen."""
    found = _in_queue(queue, agent_id=agent_id, team_ids=team_ids)
    if after is not None:
        found = found.where(tuple_(Ticket.next_due_at, Ticket.id) > tuple_(*after))
    return (await session.scalars(found.order_by(Ticket.next_due_at, Ticket.id).limit(limit))).all()


async def in_queue(
    session: AsyncSession,
    queue: Queue,
    *,
    ticket_ids: Collection[int],
    agent_id: int,
    team_ids: Collection[int] = (),
) -> Sequence[Ticket]:
    """Those of the given tickets that are in a queue."""
    found = _in_queue(queue, agent_id=agent_id, team_ids=team_ids)
    return (await session.scalars(found.where(Ticket.id.in_(ticket_ids)))).all()


async def queue_size(
    session: AsyncSession,
    queue: Queue,
    *,
    agent_id: int,
    team_ids: Collection[int] = (),
    most: int = 1000,
) -> int:
    """How many tickets a queue holds; counting stops at `most`."""
    inner = _in_queue(queue, agent_id=agent_id, team_ids=team_ids).with_only_columns(Ticket.id)
    counted = select(func.count()).select_from(inner.limit(most).subquery())
    return await session.scalar(counted) or 0


def _in_queue(queue: Queue, *, agent_id: int, team_ids: Collection[int]) -> Select[Ticket]:
    # The conditions repeat those of the partial indexes in models.py, or these are not used.
    active = text("status NOT IN ('bot', 'resolved', 'closed', 'cancelled')")
    conditions: dict[Queue, ColumnElement[bool]] = {
        Queue.UNCLAIMED: Ticket.status == Status.QUEUED,
        Queue.MINE: or_(Ticket.assignee_id == agent_id, Ticket.owner_id == agent_id),
        Queue.TEAM: Ticket.team_id.in_(team_ids),
        Queue.BREACHED: Ticket.breached_at.is_not(None),
    }
    if queue is Queue.WAITING:
        waiting = ", ".join(f"'{status}'" for status in _WAITING_ORDER)
        return select(Ticket).where(text(f"status IN ({waiting})"))
    found = select(Ticket).where(active)
    return found.where(conditions[queue]) if queue in conditions else found


_WAITING_ORDER = (
    Status.WAITING_CUSTOMER,
    Status.WAITING_DEPARTMENT,
    Status.WAITING_THIRD_PARTY,
    Status.ON_HOLD,
)
assert set(_WAITING_ORDER) == WAITING


async def open_tickets_of(session: AsyncSession, agent_id: int) -> int:
    """How many active tickets an agent works on."""
    counted = select(func.count()).where(
        Ticket.assignee_id == agent_id, Ticket.status.in_(tuple(ACTIVE))
    )
    return await session.scalar(counted) or 0


async def queued_ticket_ids(
    session: AsyncSession, *, team_ids: Collection[int], limit: int = 500
) -> Sequence[int]:
    """What waits in the queues of some teams, the oldest first."""
    found = select(Ticket.id).where(
        Ticket.status == Status.QUEUED, Ticket.team_id.in_(tuple(team_ids))
    )
    return (await session.scalars(found.order_by(Ticket.id).limit(limit))).all()
