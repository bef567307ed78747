"""Changes of status that other actions are made of. Callers own the transaction."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.sla.actions import together
from contact_center.sla.actions.rows import Changes
from contact_center.tickets.actions.telling import touch
from contact_center.tickets.models import WAITING, Status, Ticket


def move(ticket: Ticket, status: Status, *, now: datetime, through_open: bool = False) -> None:
    """Change the status, or raise IllegalTransition; `through_open` ends a waiting on the way."""
    if through_open and ticket.status in WAITING:
        ticket.status = Status.OPEN
    ticket.check_move(status)
    ticket.status = status
    touch(ticket, now=now)


async def put_into_queue(session: AsyncSession, ticket: Ticket, *, now: datetime) -> Changes:
    """Nobody works on a locked ticket any more; its owner stays."""
    move(ticket, Status.QUEUED, now=now, through_open=True)
    ticket.assignee_id = ticket.review_at = None
    return await together.resume(session, ticket, now=now)


async def end(session: AsyncSession, ticket: Ticket, *, now: datetime) -> Changes:
    """Cancel a locked ticket and all it promised. Returns what to log."""
    move(ticket, Status.CANCELLED, now=now)
    ticket.closed_at = now
    ticket.waiting_since = None
    return await together.cancel_all(session, ticket, now=now)
