"""Where a ticket stands: waiting, resolved, reopened, closed. Callers own the transaction."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.errors import Conflict, Invalid
from contact_center.events.rules import SYSTEM, Actor
from contact_center.sla.actions import promising, together
from contact_center.sla.actions.versions import hours_for
from contact_center.sla.models import ClockKind
from contact_center.tickets import queries
from contact_center.tickets.actions.answering import wait_for_us
from contact_center.tickets.actions.breaking import note_broken
from contact_center.tickets.actions.moving import end, move
from contact_center.tickets.actions.telling import say, tell
from contact_center.tickets.models import WAITING, IllegalTransition, ResolutionCode, Status, Ticket
from contact_center.tickets.rules import check_agreed_waiting, check_nothing_is_open


async def wait(
    session: AsyncSession,
    ticket_id: int,
    *,
    status: Status,
    by: Actor,
    now: datetime,
    reason: str = "",
    review_at: datetime | None = None,
) -> Ticket:
    """Wait for the customer, a third party, until an agreed date, or for work asked of a team."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if status not in WAITING:
        raise Invalid(code="ticket.no_waiting_status", status=status)
    if status is Status.WAITING_CUSTOMER and ticket.waiting_since is not None:
        raise Conflict(code="ticket.waits_for_us", reference=ticket.reference)
    if status is Status.WAITING_CUSTOMER and ticket.asked_at is None:
        raise Conflict(code="ticket.asks_nothing", reference=ticket.reference)
    if status is Status.WAITING_DEPARTMENT and not ticket.open_work_orders:
        raise Conflict(code="ticket.no_department", reference=ticket.reference)
    has_date = status in (Status.ON_HOLD, Status.WAITING_THIRD_PARTY)
    if has_date:
        hours = await hours_for(session, ticket)
        check_agreed_waiting(reason=reason, review_at=review_at, hours=hours, now=now)
    move(ticket, status, now=now)
    ticket.review_at = review_at if has_date else None
    await note_broken(session, ticket, now=now)
    changes = await together.pause(session, ticket, status=status.value, now=now)
    if status is Status.WAITING_CUSTOMER:
        ticket.asked_at, ticket.silent_since = None, now
        ticket.remind_at, ticket.reminders = None, 0
    facts = {"status": status, "reason": reason}
    await say(session, ticket, "ticket.waiting", by=by, now=now, clocks=changes, **facts)
    return ticket


async def resume(session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime) -> Ticket:
    """The waiting is over."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.status not in WAITING:
        raise IllegalTransition(
            code="ticket.not_waiting", reference=ticket.reference, status=ticket.status
        )
    move(ticket, Status.OPEN, now=now)
    ticket.review_at = None
    changes = await together.resume(session, ticket, now=now)
    await say(session, ticket, "ticket.resumed", by=by, now=now, clocks=changes)
    return ticket


async def resolve(
    session: AsyncSession,
    ticket_id: int,
    *,
    code: ResolutionCode,
    by: Actor,
    now: datetime,
) -> Ticket:
    """Done, as far as we see; the customer will be asked. Needs an answer the customer got."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.first_response_at is None:
        raise Conflict(code="ticket.no_answer", reference=ticket.reference)
    check_nothing_is_open(ticket)
    move(ticket, Status.RESOLVED, now=now)
    ticket.resolution_code = code
    ticket.resolved_at = now
    ticket.waiting_since = None
    await note_broken(session, ticket, now=now)
    changes = await together.finish(session, ticket, now=now)
    await say(session, ticket, "ticket.resolved", by=by, now=now, clocks=changes, code=code)
    return ticket


async def reopen(
    session: AsyncSession,
    ticket_id: int,
    *,
    by: Actor,
    now: datetime,
    reason: str,
    message_id: int | None = None,
) -> Ticket:
    """Not solved after all: back to the same owner. `message_id`: the customer wrote it."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.status is not Status.RESOLVED:
        raise IllegalTransition(
            code="ticket.cannot_reopen", reference=ticket.reference, status=ticket.status
        )
    move(ticket, Status.OPEN, now=now)
    ticket.reopen_count += 1
    ticket.resolved_at = ticket.resolution_code = None
    ticket.signed_off_at = ticket.confirmed_at = ticket.settled = None
    ticket.assignee_id = ticket.owner_id or ticket.assignee_id
    changes = await together.go_on(session, ticket, now=now)
    changes += await promising.start_again(session, ticket, kind=ClockKind.STATUS_UPDATE, now=now)
    if message_id is not None:
        changes += await wait_for_us(session, ticket, message_id=message_id, now=now)
    facts = {"reason": reason, "owner": ticket.owner_id}
    await say(session, ticket, "ticket.reopened", by=by, now=now, clocks=changes, **facts)
    return ticket


async def close(
    session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime, reason: str
) -> Ticket:
    """The customer is satisfied, or said nothing in time: the owner's accountability ends."""
    ticket = await queries.lock_ticket(session, ticket_id)
    move(ticket, Status.CLOSED, now=now)
    ticket.closed_at = now
    await note_broken(session, ticket, now=now)
    changes = await together.conclude(session, ticket, now=now)
    await say(session, ticket, "ticket.closed", by=by, now=now, clocks=changes, reason=reason)
    return ticket


async def cancel(
    session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime, reason: str
) -> Ticket:
    """Spam, a test, withdrawn: no promise holds any longer."""
    if not reason.strip():
        raise Invalid(code="closure.say_why_cancelled")
    ticket = await queries.lock_ticket(session, ticket_id)
    changes = await end(session, ticket, now=now)
    await say(session, ticket, "ticket.cancelled", by=by, now=now, clocks=changes, reason=reason)
    return ticket


async def review(session: AsyncSession, ticket_id: int, *, now: datetime) -> None:
    """The agreed date has come: who works on it, and who answers for it, look at it again."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.status in WAITING and ticket.review_at is not None and ticket.review_at <= now:
        await resume(session, ticket.id, by=SYSTEM, now=now)
        to = {number for number in (ticket.assignee_id, ticket.owner_id) if number is not None}
        await tell(session, ticket, "ticket.review_due", to=to, by=SYSTEM, now=now, facts={})


async def abandon(
    session: AsyncSession, ticket_id: int, *, idle_since: datetime, now: datetime
) -> None:
    """A talk with the bot that nobody has taken up again."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.status is Status.BOT and ticket.updated_at <= idle_since:
        await cancel(session, ticket.id, by=SYSTEM, now=now, reason="idle")
