"""The only way in which anything above resolves, closes or cancels a ticket.

Callers own the transaction.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.alerts.actions import alert
from contact_center.closure import queries, rules
from contact_center.closure.models import Missing
from contact_center.errors import Conflict, Invalid
from contact_center.events.rules import BOT, Actor, agent_id
from contact_center.handovers.actions.requests import withdraw_open
from contact_center.handovers.models import HandoverKind
from contact_center.messages import actions as messages
from contact_center.promises import actions as promises
from contact_center.promises.queries import open_promises_of
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import (
    IllegalTransition,
    ResolutionCode,
    Settled,
    Status,
    Ticket,
    TicketKind,
)
from contact_center.tickets.rules import check_answers_for
from contact_center.work_orders.actions import following as work_orders
from contact_center.work_orders.queries import open_work_orders_of


async def missing_to_resolve(
    session: AsyncSession, ticket: Ticket, *, now: datetime
) -> list[Missing]:
    return rules.to_resolve(
        ticket,
        orders=await open_work_orders_of(session, ticket.id),
        promises=await open_promises_of(session, ticket.id),
        answers=await queries.answers_on(session, ticket, now=now),
    )


async def resolve(
    session: AsyncSession, ticket_id: int, *, code: ResolutionCode, by: Actor, now: datetime
) -> Ticket:
    """Done, as far as we see. Raises NotReady, which says what is missing.

    Whoever answers for the ticket signs it off by this; where somebody else resolves it they
    are asked to.
    """
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    if ticket.status is not Status.WAITING_DEPARTMENT:  # what it waits for is what is missing
        ticket.check_move(Status.RESOLVED)
    _check_is_no_bot(ticket, by=by)
    rules.refuse(ticket, await missing_to_resolve(session, ticket, now=now), what="resolved")
    # The next step is nobody's any more; who answers for the ticket may still change.
    await withdraw_open(session, ticket, kinds=[HandoverKind.TRANSFER], now=now)
    ticket = await tickets.resolve(session, ticket.id, code=code, by=by, now=now)
    acting = await ticket_queries.answering_for(session, ticket, now=now)
    if ticket.owner_id is None or agent_id(by) in (acting, ticket.owner_id):
        ticket.signed_off_at = now
    else:
        facts = {"by": agent_id(by)}
        await _ask_to_sign(
            session, ticket, "closure.sign_off", to=acting or ticket.owner_id, now=now, **facts
        )
    return ticket


async def sign_off(session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime) -> Ticket:
    """Who answers for the ticket agrees that it is over; it closes if the customer has, too."""
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    acting = await ticket_queries.answering_for(session, ticket, now=now)
    check_answers_for(ticket, by=by, acting=acting)
    if ticket.status is not Status.RESOLVED:
        raise IllegalTransition(
            code="ticket.cannot_sign_off", reference=ticket.reference, status=ticket.status
        )
    if ticket.signed_off_at is None:
        ticket.signed_off_at = now
        tickets.touch(ticket, now=now)
        await tickets.say(session, ticket, "ticket.signed_off", by=by, now=now)
    return await _close_if_over(session, ticket, by=by, now=now)


async def settle(
    session: AsyncSession, ticket_id: int, *, how: Settled, by: Actor, now: datetime
) -> Ticket:
    """The customer has confirmed it, or was silent; it closes once it is signed off, too.

    Raises Conflict for a complaint that would end by silence.
    """
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    if ticket.status is not Status.RESOLVED:
        raise IllegalTransition(
            code="ticket.resolve_first", reference=ticket.reference, status=ticket.status
        )
    if not rules.may_end_by(ticket, how):
        raise Conflict(code="closure.silence_never_closes", reference=ticket.reference)
    ticket.settled = how
    if how is Settled.CUSTOMER_CONFIRMED:
        ticket.confirmed_at = ticket.confirmed_at or now
    ticket = await _close_if_over(session, ticket, by=by, now=now)
    if ticket.status is Status.RESOLVED and ticket.signed_off_at is None:
        acting = await ticket_queries.answering_for(session, ticket, now=now)
        kind, facts = "closure.awaits_sign_off", {"settled": how.value}
        await _ask_to_sign(session, ticket, kind, to=acting or ticket.owner_id, now=now, **facts)
    return ticket


async def confirm(
    session: AsyncSession, ticket_id: int, *, quote: str, channel: str, by: Actor, now: datetime
) -> Ticket:
    """The customer has said elsewhere that it is solved; what they said is kept as a note."""
    if not quote.strip():
        raise Invalid(code="closure.say_quote")
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    if ticket.status is not Status.RESOLVED:
        raise IllegalTransition(
            code="ticket.resolve_first", reference=ticket.reference, status=ticket.status
        )
    if ticket.kind is TicketKind.COMPLAINT:
        raise Conflict(code="closure.answer_in_file", reference=ticket.reference)
    note = await messages.add_note(session, ticket.id, text=quote, by=by, now=now)
    facts = {"channel": channel, "message": note.id}
    await tickets.say(session, ticket, "ticket.confirmed", by=by, now=now, **facts)
    return await settle(session, ticket.id, how=Settled.CUSTOMER_CONFIRMED, by=by, now=now)


async def close(
    session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime, reason: str
) -> Ticket:
    """Close what the customer and the owner agree on. Raises NotReady."""
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    ticket.check_move(Status.CLOSED)
    _check_is_no_bot(ticket, by=by)
    rules.refuse(ticket, rules.to_close(ticket), what="closed")
    return await _close(session, ticket, by=by, now=now, reason=reason)


async def cancel(
    session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime, reason: str
) -> Ticket:
    """Spam, a test, withdrawn: nobody waits for work or a promise any longer."""
    if not reason.strip():
        raise Invalid(code="closure.say_why_cancelled")
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    ticket.check_move(Status.CANCELLED)
    rules.check_cancel(ticket)
    await work_orders.cancel_all(session, ticket, by=by, now=now, reason=reason)
    await promises.cancel_all(session, ticket, by=by, now=now, reason=reason)
    await withdraw_open(session, ticket, kinds=list(HandoverKind), now=now)
    return await tickets.cancel(session, ticket.id, by=by, now=now, reason=reason)


async def _close_if_over(
    session: AsyncSession, ticket: Ticket, *, by: Actor, now: datetime
) -> Ticket:
    if ticket.settled is None or rules.to_close(ticket):
        return ticket
    return await _close(session, ticket, by=by, now=now, reason=ticket.settled.value)


async def _close(
    session: AsyncSession, ticket: Ticket, *, by: Actor, now: datetime, reason: str
) -> Ticket:
    """Nobody has to answer a request to take over what is over."""
    await withdraw_open(session, ticket, kinds=list(HandoverKind), now=now)
    return await tickets.close(session, ticket.id, by=by, now=now, reason=reason)


async def _ask_to_sign(
    session: AsyncSession,
    ticket: Ticket,
    kind: str,
    *,
    to: int | None,
    now: datetime,
    **facts: object,
) -> None:
    await alert(
        session,
        to=[to] if to is not None else [],
        kind=kind,
        facts=facts,
        ticket_id=ticket.id,
        key=f"{kind}:{ticket.id}:{ticket.reopen_count}",
        now=now,
    )


def _check_is_no_bot(ticket: Ticket, *, by: Actor) -> None:
    if by == BOT and ticket.kind is TicketKind.COMPLAINT:
        raise Conflict(code="closure.people_end_complaints", reference=ticket.reference)
