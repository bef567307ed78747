"""Every SQL statement of the gate."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.closure.models import Answers
from contact_center.messages.models import Author, Direction, Message
from contact_center.tickets.models import Ticket
from contact_center.tickets.queries import answering_for
from contact_center.work_orders.queries import last_finished_at


async def answers_on(session: AsyncSession, ticket: Ticket, *, now: datetime) -> Answers:
    """When departments finished, and when who answers for the ticket last told the customer."""
    finished_at = await last_finished_at(session, ticket.id)
    if finished_at is None:
        return Answers(by_owner_at=None, work_finished_at=None)
    acting = await answering_for(session, ticket, now=now)
    owners = {number for number in (ticket.owner_id, acting) if number is not None}
    said_at = await _last_said_at(session, ticket.id, by=owners)
    return Answers(by_owner_at=said_at, work_finished_at=finished_at)


async def _last_said_at(
    session: AsyncSession, ticket_id: int, *, by: Collection[int]
) -> datetime | None:
    found = select(func.max(Message.created_at)).where(
        Message.ticket_id == ticket_id,
        Message.direction == Direction.OUT,
        Message.author == Author.AGENT,
        Message.author_id.in_(by),
    )
    return await session.scalar(found)
