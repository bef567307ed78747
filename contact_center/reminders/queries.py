"""Every SQL statement about reminders; their state is on the ticket."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.tickets.models import WAITS_FOR_CUSTOMER, Ticket


async def lock_due(
    session: AsyncSession, *, now: datetime, after: int, limit: int
) -> Sequence[int]:
    """Tickets that wait for the customer and are to be looked at, the fresh ones included."""
    number = Ticket.id + 0  # see _lock_due in tickets.queries
    fresh = and_(Ticket.remind_at.is_(None), Ticket.reminders == 0)
    found = (
        select(Ticket.id)
        .where(text(WAITS_FOR_CUSTOMER), or_(fresh, Ticket.remind_at <= now), number > after)
        .order_by(number)
        .limit(limit)
        .with_for_update(of=Ticket, skip_locked=True, key_share=True)
    )
    return (await session.scalars(found)).all()


async def put_off(session: AsyncSession, ticket_id: int, *, until: datetime) -> None:
    await session.execute(
        update(Ticket)
        .where(Ticket.id == ticket_id)
        .values(remind_at=until)
        .execution_options(synchronize_session=False)
    )
