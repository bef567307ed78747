"""Every SQL statement about hand-overs.

Whoever changes a hand-over has locked its ticket: that lock guards both rows.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.errors import NotFound
from contact_center.handovers.models import IS_OPEN, Handover, HandoverKind
from contact_center.tickets.models import ACTIVE, IS_ACTIVE, Status, Ticket
from contact_center.tickets.queries import visible_to

_OPEN = text(f"handovers.{IS_OPEN}")


async def get_handover(session: AsyncSession, handover_id: int) -> Handover:
    """As it is now, whatever the session has seen before."""
    handover = await session.get(Handover, handover_id, populate_existing=True)
    if handover is None:
        raise NotFound(code="handover.unknown", handover_id=handover_id)
    return handover


async def handovers_of(session: AsyncSession, ticket_id: int) -> Sequence[Handover]:
    """The oldest first."""
    found = select(Handover).where(Handover.ticket_id == ticket_id).order_by(Handover.id)
    return (await session.scalars(found)).all()


async def open_handovers(
    session: AsyncSession, ticket_id: int, *, kind: HandoverKind | None = None
) -> Sequence[Handover]:
    """Those that wait for an answer; one of a kind at most."""
    found = select(Handover).where(Handover.ticket_id == ticket_id, _OPEN)
    if kind is not None:
        found = found.where(Handover.kind == kind)
    return (await session.scalars(found.execution_options(populate_existing=True))).all()


async def inbox_of(session: AsyncSession, agent_id: int, *, limit: int = 200) -> Sequence[Handover]:
    """What somebody is asked to take over, the oldest first."""
    found = select(Handover).where(Handover.receiver_id == agent_id, _OPEN)
    return (await session.scalars(found.order_by(Handover.id).limit(limit))).all()


async def inbox_size(session: AsyncSession, agent_id: int, *, most: int = 100) -> int:
    inner = select(Handover.id).where(Handover.receiver_id == agent_id, _OPEN).limit(most)
    return await session.scalar(select(func.count()).select_from(inner.subquery())) or 0


async def sent_by(session: AsyncSession, agent_id: int, *, limit: int = 200) -> Sequence[Handover]:
    """What somebody would like to hand over, the oldest first."""
    asked = or_(Handover.sender_id == agent_id, Handover.asked_by == f"agent:{agent_id}")
    found = select(Handover).where(asked, _OPEN)
    return (await session.scalars(found.order_by(Handover.id).limit(limit))).all()


async def lock_expired(
    session: AsyncSession, *, now: datetime, after: int, limit: int
) -> Sequence[int]:
    """Requests nobody has accepted in time; their tickets are locked."""
    number = Handover.id + 0  # see _lock_due in tickets.queries
    due = select(Handover.id).where(_OPEN, Handover.expires_at <= now, number > after)
    found = (
        select(Handover.id)
        .join(Ticket, Ticket.id == Handover.ticket_id)
        .where(Handover.id.in_(due.order_by(number).limit(limit)))
        .order_by(Handover.id)
        .with_for_update(of=Ticket, skip_locked=True, key_share=True)
    )
    return (await session.scalars(found)).all()


# What somebody holds


async def owned_unfinished(
    session: AsyncSession, agent_id: int, *, limit: int = 1000
) -> Sequence[Ticket]:
    """Tickets somebody answers for: until they are closed, so resolved ones too."""
    unfinished = Ticket.status.not_in((Status.CLOSED, Status.CANCELLED))
    found = select(Ticket).where(Ticket.owner_id == agent_id, unfinished)
    return (await session.scalars(found.order_by(Ticket.id).limit(limit))).all()


async def assigned_active(
    session: AsyncSession, agent_id: int, *, limit: int = 1000
) -> Sequence[Ticket]:
    """Tickets somebody works on and another answers for."""
    found = select(Ticket).where(
        Ticket.assignee_id == agent_id,
        Ticket.owner_id.is_distinct_from(agent_id),
        Ticket.status.in_(ACTIVE),
        text(IS_ACTIVE),
    )
    return (await session.scalars(found.order_by(Ticket.id).limit(limit))).all()


async def much_transferred(
    session: AsyncSession, *, times: int, reader: int, limit: int
) -> Sequence[Ticket]:
    """Active tickets that went from hand to hand, the most often first."""
    found = select(Ticket).where(
        Ticket.transfer_count >= times,
        text(IS_ACTIVE),
        visible_to(reader),
    )
    found = found.order_by(Ticket.transfer_count.desc(), Ticket.id).limit(limit)
    return (await session.scalars(found)).all()


async def held_by(
    session: AsyncSession, agent_ids: Sequence[int], *, reader: int, limit: int
) -> Sequence[Ticket]:
    """Active tickets whose owners are among some agents, the most urgent first."""
    found = select(Ticket).where(
        Ticket.owner_id.in_(agent_ids),
        text(IS_ACTIVE),
        visible_to(reader),
    )
    return (await session.scalars(found.order_by(Ticket.next_due_at, Ticket.id).limit(limit))).all()
