"""What a ticket's customer waits for. Callers own the transaction."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.errors import Conflict
from contact_center.events.rules import Actor
from contact_center.sla.actions import promising, together
from contact_center.sla.actions.rows import Changes
from contact_center.sla.models import OF_WORK_ORDERS
from contact_center.sla.queries import all_clocks
from contact_center.tickets import queries
from contact_center.tickets.actions.breaking import note_broken
from contact_center.tickets.actions.telling import say, touch
from contact_center.tickets.models import ACTIVE, IllegalTransition, Ticket


async def note_answer(
    session: AsyncSession, ticket: Ticket, *, message_id: int, now: datetime
) -> Changes:
    """A human has answered: a locked ticket's customer waits no longer. Returns what to log."""
    ticket.waiting_since = None
    ticket.first_response_at = ticket.first_response_at or now
    ticket.asked_at = now
    await note_broken(session, ticket, now=now)
    is_news = ticket.status in ACTIVE
    said = await together.answer(session, ticket, message_id=message_id, is_news=is_news, now=now)
    if is_news:
        said += await promising.report_again(session, ticket, message_id=message_id, now=now)
    return said


async def need_no_reply(
    session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime
) -> Ticket:
    """What the customer said last asks for nothing: nobody waits, and no promise is counted.

    The first answer is never excused. Raises Conflict.
    """
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.status not in ACTIVE:
        raise IllegalTransition(
            code="ticket.nobody_waits", reference=ticket.reference, status=ticket.status
        )
    if ticket.first_response_at is None:
        raise Conflict(code="ticket.not_answered_yet", reference=ticket.reference)
    if ticket.waiting_since is None:
        raise Conflict(code="ticket.answered_already", reference=ticket.reference)
    await note_broken(session, ticket, now=now)
    changes = await together.excuse(session, ticket, now=now)
    ticket.waiting_since = None
    clocks = await all_clocks(session, ticket.id)
    broken = [c.breached_at for c in clocks if c.breached_at and c.kind not in OF_WORK_ORDERS]
    ticket.breached_at = min(broken, default=None)
    touch(ticket, now=now)
    await say(session, ticket, "ticket.needs_no_reply", by=by, now=now, clocks=changes)
    return ticket


async def expect_answer(
    session: AsyncSession, ticket: Ticket, *, message_id: int, by: Actor, now: datetime
) -> None:
    """The customer of a locked ticket has written, and waits for us."""
    changes = await wait_for_us(session, ticket, message_id=message_id, now=now)
    for change in changes:
        facts = {"clock": change["clock"], "ref": change["ref"], "clocks": [change]}
        await say(session, ticket, "clock.started", by=by, now=now, **facts)


async def wait_for_us(
    session: AsyncSession, ticket: Ticket, *, message_id: int, now: datetime
) -> Changes:
    ticket.waiting_since = ticket.waiting_since or now
    return await promising.expect_answer(session, ticket, message_id=message_id, start=now)
