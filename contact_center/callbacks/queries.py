"""Every SQL statement about callbacks.

Whoever changes a callback has locked its ticket: that lock guards both rows.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.callbacks.models import IS_ACTIVE, Callback, CallbackState
from contact_center.db import insert_or_ignore
from contact_center.errors import NotFound
from contact_center.tickets.models import NOT_CALLED_BACK, UNFINISHED, Ticket


async def get_callback(session: AsyncSession, callback_id: int) -> Callback:
    """As it is now, whatever the session has seen before."""
    callback = await session.get(Callback, callback_id, populate_existing=True)
    if callback is None:
        raise NotFound(code="callback.unknown", callback_id=callback_id)
    return callback


async def latest_callback(session: AsyncSession, ticket_id: int) -> Callback | None:
    """The one of the ticket's last resolution that was noticed."""
    found = select(Callback).where(Callback.ticket_id == ticket_id)
    found = found.order_by(Callback.cycle.desc()).limit(1)
    return await session.scalar(found.execution_options(populate_existing=True))


async def sent_back(session: AsyncSession, *, limit: int) -> Sequence[Ticket]:
    """Open tickets whose customers were not satisfied when they were last asked."""
    found = select(Ticket).join(Callback, Callback.ticket_id == Ticket.id)
    found = found.where(
        Ticket.status.in_(UNFINISHED),
        Callback.cycle == Ticket.reopen_count - 1,
        Callback.state == CallbackState.COMPLETED,
    )
    return (await session.scalars(found.order_by(Callback.answered_at.desc()).limit(limit))).all()


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


async def lock_unplanned(session: AsyncSession, *, after: int, limit: int) -> Sequence[int]:
    """Resolved tickets that have no callback for this resolution."""
    found = (
        select(Ticket.id)
        .where(text(NOT_CALLED_BACK), Ticket.id + 0 > after)  # see _lock_due in tickets.queries
        .order_by(Ticket.id + 0)
        .limit(limit)
        .with_for_update(of=Ticket, skip_locked=True, key_share=True)
    )
    return (await session.scalars(found)).all()


async def lock_due(
    session: AsyncSession, *, now: datetime, after: int, limit: int
) -> Sequence[int]:
    """Questions to ask and windows that have ended; their tickets are locked."""
    number = Callback.id + 0  # see _lock_due in tickets.queries
    due = select(Callback.id).where(text(IS_ACTIVE), Callback.due_at <= now, number > after)
    found = (
        select(Callback.id)
        .join(Ticket, Ticket.id == Callback.ticket_id)
        .where(Callback.id.in_(due.order_by(number).limit(limit)))
        .order_by(Callback.id)
        .with_for_update(of=Ticket, skip_locked=True, key_share=True)
    )
    return (await session.scalars(found)).all()


async def put_off(session: AsyncSession, callback_id: int, *, until: datetime) -> None:
    await session.execute(
        update(Callback)
        .where(Callback.id == callback_id)
        .values(due_at=until)
        .execution_options(synchronize_session=False)
    )
