"""What owners answered for in a week."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.customers.queries import names_of
from contact_center.db import among
from contact_center.messages.models import Author, Direction, Message
from contact_center.reports.models import OwnerTicket
from contact_center.tickets.models import FINISHED, Ticket

_SAID = {(Direction.OUT, Author.AGENT), (Direction.IN, Author.CUSTOMER)}


async def owned(
    session: AsyncSession, owner_ids: Collection[int], *, start: datetime, end: datetime
) -> dict[int, list[OwnerTicket]]:
    """By owner: what is unfinished, and what was talked about until then; what is due first."""
    touched = or_(Ticket.status.not_in(FINISHED), Ticket.updated_at >= start)
    found = select(Ticket).where(
        among(session, Ticket.owner_id, owner_ids), touched, Ticket.created_at <= end
    )
    tickets = (await session.scalars(found)).all()
    said = await _said(session, [ticket.id for ticket in tickets], start=start, end=end)
    names = await names_of(session, {ticket.customer_id for ticket in tickets})
    lines: dict[int, list[OwnerTicket]] = {}
    for ticket in sorted(tickets, key=_what_is_due_first):
        written = said[ticket.id, Direction.OUT]
        received = said[ticket.id, Direction.IN]
        if ticket.status in FINISHED and not (written or received):
            continue
        line = OwnerTicket(
            ticket_id=ticket.id,
            reference=ticket.reference,
            subject=ticket.subject,
            customer=names.get(ticket.customer_id, ""),
            status=ticket.status,
            written=written,
            received=received,
            next_at=ticket.promised_at or ticket.next_due_at,
            work_orders=ticket.open_work_orders,
            is_about_staff=ticket.about_agent_id is not None,
        )
        assert ticket.owner_id is not None
        lines.setdefault(ticket.owner_id, []).append(line)
    return lines


def _what_is_due_first(ticket: Ticket) -> tuple[bool, str, int]:
    at = ticket.promised_at or ticket.next_due_at
    return at is None, at.isoformat() if at else "", ticket.id


async def _said(
    session: AsyncSession, ticket_ids: Sequence[int], *, start: datetime, end: datetime
) -> Counter[tuple[int, Direction]]:
    """Messages between the customer and people, by ticket and direction."""
    counted = select(Message.ticket_id, Message.direction, Message.author, func.count()).where(
        among(session, Message.ticket_id, ticket_ids),
        Message.created_at >= start,
        Message.created_at <= end,
    )
    grouped = counted.group_by(Message.ticket_id, Message.direction, Message.author)
    said: Counter[tuple[int, Direction]] = Counter()
    for ticket_id, direction, author, number in await session.execute(grouped):
        if (direction, author) in _SAID:
            said[ticket_id, direction] += number
    return said
