"""Every SQL statement about callbacks."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.callbacks.models import Callback, CallbackState
from contact_center.db import insert_or_ignore
from contact_center.tickets.models import Status, Ticket

_WAITING = (CallbackState.PLANNED, CallbackState.ASKED)


async def callback_of(session: AsyncSession, ticket_id: int, *, cycle: int) -> Callback | None:
    found = select(Callback).where(Callback.ticket_id == ticket_id, Callback.cycle == cycle)
    return await session.scalar(found)


async def callbacks_of(session: AsyncSession, ticket_id: int) -> Sequence[Callback]:
    found = select(Callback).where(Callback.ticket_id == ticket_id).order_by(Callback.cycle)
    return (await session.scalars(found)).all()


async def resolved_without_callback(
    session: AsyncSession, *, limit: int
) -> Sequence[tuple[int, int, datetime]]:
    """Ticket, cycle and time of resolutions nobody has asked about yet."""
    asked = exists().where(
        and_(Callback.ticket_id == Ticket.id, Callback.cycle == Ticket.reopen_count)
    )
    found = (
        select(Ticket.id, Ticket.reopen_count, Ticket.resolved_at)
        .where(Ticket.status == Status.RESOLVED, Ticket.resolved_at.is_not(None), ~asked)
        .order_by(Ticket.id)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(found) if row[2]]


async def plan(
    session: AsyncSession, ticket_id: int, *, cycle: int, due_at: datetime, now: datetime
) -> None:
    """Once per resolution, whoever else plans at the same moment."""
    row = {
        "ticket_id": ticket_id,
        "cycle": cycle,
        "state": CallbackState.PLANNED,
        "due_at": due_at,
        "created_at": now,
    }
    await session.execute(insert_or_ignore(session, Callback).values(**row))


async def due_callbacks(session: AsyncSession, *, now: datetime, limit: int) -> Sequence[Callback]:
    """Questions to ask and windows that have ended; locked, and others' locked ones skipped."""
    found = (
        select(Callback)
        .where(Callback.state.in_(_WAITING), Callback.due_at <= now)
        .order_by(Callback.due_at, Callback.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(found)).all()
