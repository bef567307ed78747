"""Writes down calls and visits. Whoever does so first answers for what was asked (首问负责).

Callers own the transaction. What is new goes through the inbox first, as everything does.
"""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.channels.media import Medium
from contact_center.conversations.queries import find_conversation
from contact_center.customers import queries as customers
from contact_center.errors import Invalid
from contact_center.events.rules import Actor
from contact_center.messages import queries as messages
from contact_center.messages.models import Author, Direction
from contact_center.messages.rules import message_row
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import (
    ACTIVE,
    FINISHED,
    WAITING,
    IllegalTransition,
    Status,
    Ticket,
)


async def address_of(
    session: AsyncSession, customer_id: int, *, medium: Medium, now: datetime
) -> str:
    """Under which a known customer is recognised again. Raises NotFound."""
    customer = await customers.get_customer(session, customer_id)
    address = f"customer:{customer.id}"
    row = {"customer_id": customer.id, "channel": medium.value, "address": address}
    more = {"name": customer.name, "verified": True, "created_at": now}
    await customers.insert_identities(session, [row | more])
    return address


async def check_may_log(
    session: AsyncSession,
    *,
    medium: Medium,
    address: str,
    reopen_window: timedelta,
    by: Actor,
    now: datetime,
) -> None:
    """Asked before anything is stored: what is kept is never refused afterwards.

    What would join a complaint about the logger, or comes so soon after one that it may still be
    about it, is for somebody else (Forbidden); the absent take up nothing new (Conflict).
    """
    agent = await tickets.acting_agent(session, by)
    conversation = await find_conversation(session, channel=medium.value, thread=address)
    if conversation is not None and conversation.ticket_id is not None:
        ticket = await ticket_queries.get_ticket(session, conversation.ticket_id)
        if not _is_long_over(ticket, reopen_window=reopen_window, now=now):
            await tickets.check_not_recused(session, ticket, agent.id)
        if ticket.status in (ACTIVE - {Status.QUEUED}) | {Status.RESOLVED}:
            return  # it joins what somebody has already
    await agents.check_present(session, agent, now=now)


def _is_long_over(ticket: Ticket, *, reopen_window: timedelta, now: datetime) -> bool:
    if ticket.status is Status.CANCELLED:
        return True
    resolved_at = ticket.resolved_at
    return ticket.status in FINISHED and (resolved_at is None or now - resolved_at > reopen_window)


async def add_to_ticket(
    session: AsyncSession, ticket_id: int, *, medium: Medium, text: str, by: Actor, now: datetime
) -> Ticket:
    """The customer called or came about a ticket there is."""
    if not text.strip():
        raise Invalid(code="contact.say_what")
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    if ticket.status not in ACTIVE | {Status.RESOLVED}:
        raise IllegalTransition(
            code="contact.ticket_over", reference=ticket.reference, status=ticket.status
        )
    row = message_row(
        ticket_id=ticket.id,
        conversation_id=ticket.conversation_id,
        direction=Direction.IN,
        author=Author.CUSTOMER,
        author_id=ticket.customer_id,
        channel=medium.value,
        external_id=None,
        text=text.strip(),
        now=now,
    )
    [message_id] = await messages.insert_messages(session, [row])
    await messages.index_messages(session, {message_id: text})
    ticket.message_count += 1
    if ticket.status in WAITING:  # as after any message of a customer
        await tickets.resume(session, ticket_id, by=by, now=now)
    return await take(session, ticket_id, message_id=message_id, medium=medium, by=by, now=now)


async def take(
    session: AsyncSession,
    ticket_id: int,
    *,
    message_id: int,
    medium: Medium,
    by: Actor,
    now: datetime,
) -> Ticket:
    """The customer has been spoken to: nobody owns it yet, so the one who did owns it."""
    await tickets.acting_agent(session, by)
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    if ticket.status is Status.QUEUED:
        ticket = await tickets.claim(session, ticket_id, by=by, now=now)
    changes = await tickets.note_answer(session, ticket, message_id=message_id, now=now)
    tickets.touch(ticket, now=now)
    facts = {"message": message_id, "medium": medium.value}
    await tickets.say(session, ticket, "contact.logged", by=by, now=now, clocks=changes, **facts)
    return ticket
