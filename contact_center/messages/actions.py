"""What can be said on a ticket. Callers own the transaction."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.alerts.actions import alert
from contact_center.channels.base import Button, Outgoing
from contact_center.channels.media import needs_a_person
from contact_center.conversations import queries as conversations
from contact_center.conversations.models import Conversation
from contact_center.db import hint
from contact_center.deliveries import actions as deliveries
from contact_center.deliveries.models import Delivery
from contact_center.deliveries.queries import get_delivery
from contact_center.errors import Invalid, NotFound
from contact_center.events.actions import record
from contact_center.events.rules import SYSTEM, Actor, agent_id
from contact_center.messages import queries, rules
from contact_center.messages.models import Author, Direction, Message
from contact_center.sla import queries as clock_queries
from contact_center.sla.actions import together
from contact_center.sla.actions.rows import Changes
from contact_center.sla.models import ANSWERS, ClockKind
from contact_center.storage import StoredFile
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import (
    ACTIVE,
    FINISHED,
    IllegalTransition,
    Status,
    Ticket,
    reference,
)
from contact_center.tickets.rules import reply_subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Something to be added to a ticket."""

    text: str
    direction: Direction
    author: Author = Author.AGENT
    buttons: Sequence[Button] = ()
    files: Sequence[StoredFile] = ()
    kind: str = "reply"  # of the delivery
    html: str | None = None


async def reply(
    session: AsyncSession,
    ticket_id: int,
    *,
    text: str,
    by: Actor,
    now: datetime,
    files: Sequence[StoredFile] = (),
) -> Message:
    """Answer where the customer wrote. Whoever answers an unclaimed ticket claims it.

    Who called, came, or sent a letter has been told already: nothing is sent.
    """
    if not text.strip() and not files:
        raise Invalid(code="message.answer_empty")
    await tickets.acting_agent(session, by)
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    if ticket.status is Status.QUEUED:
        ticket = await tickets.claim(session, ticket_id, by=by, now=now)
    if ticket.status not in ACTIVE | {Status.RESOLVED}:
        raise IllegalTransition(
            code="ticket.cannot_answer", reference=ticket.reference, status=ticket.status
        )
    words = Words(text=text, direction=Direction.OUT, files=files)
    message = await _add_message(session, ticket, words, by=by, now=now)
    await _tell_owner(session, ticket, by=by, now=now)
    return message


async def _tell_owner(session: AsyncSession, ticket: Ticket, *, by: Actor, now: datetime) -> None:
    """A colleague may answer in the owner's place; the owner hears of it once."""
    number = agent_id(by)
    acting = await ticket_queries.answering_for(session, ticket, now=now)
    if ticket.owner_id is None or number in (ticket.owner_id, ticket.assignee_id, acting):
        return
    await alert(
        session,
        to=[ticket.owner_id],
        kind="ticket.answered",
        facts={"by": number},
        ticket_id=ticket.id,
        key=f"ticket.answered:{ticket.id}:{number}",
        now=now,
    )


async def say_as_system(
    session: AsyncSession,
    ticket: Ticket,
    *,
    text: str,
    kind: str,
    now: datetime,
    by: Actor,
    buttons: Sequence[Button] = (),
) -> Message:
    """A notice or a question of ours to the customer; it counts as no human's answer.

    Where only a person reaches them it becomes a note, and who has the ticket is asked to say it.
    """
    words = Words(
        text=text, direction=Direction.OUT, author=Author.SYSTEM, buttons=buttons, kind=kind
    )
    if not await needs_calling(session, ticket):
        return await _add_message(session, ticket, words, by=by, now=now)
    note = replace(words, direction=Direction.NOTE, buttons=())
    message = await _add_message(session, ticket, note, by=by, now=now)
    to = {number for number in (ticket.assignee_id, ticket.owner_id) if number is not None}
    facts = {"message": message.id}
    await tickets.tell(session, ticket, "message.to_say", to=to, by=by, now=now, facts=facts)
    return message


async def needs_calling(session: AsyncSession, ticket: Ticket) -> bool:
    """Whether the customer wrote last where nothing leaves by itself, or never wrote."""
    return needs_a_person((await conversation_to_answer(session, ticket)).channel)


async def add_note(
    session: AsyncSession,
    ticket_id: int,
    *,
    text: str,
    by: Actor,
    now: datetime,
    files: Sequence[StoredFile] = (),
) -> Message:
    """Something for colleagues only, by an agent or another system."""
    if not text.strip() and not files:
        raise Invalid(code="message.note_empty")
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    author = Author.SYSTEM if agent_id(by) is None else Author.AGENT
    words = Words(text=text, direction=Direction.NOTE, author=author, files=files)
    return await _add_message(session, ticket, words, by=by, now=now)


async def mark_read(session: AsyncSession, ticket_id: int, *, message_id: int, by: Actor) -> None:
    """The agent has seen everything up to this message. Raises NotFound."""
    agent = await tickets.acting_agent(session, by)
    if (await queries.get_message(session, message_id)).ticket_id != ticket_id:
        raise NotFound(
            code="message.not_on_ticket", message_id=message_id, reference=reference(ticket_id)
        )
    await queries.mark_read(session, agent_id=agent.id, ticket_id=ticket_id, message_id=message_id)


async def retry_delivery(
    session: AsyncSession, delivery_id: int, *, by: Actor, now: datetime
) -> Delivery:
    """Try to send again what was given up on: an answer counts from now. NotFound, Conflict."""
    await deliveries.retry(session, delivery_id, now=now)
    delivery = await get_delivery(session, delivery_id)
    ticket, changes = None, Changes()
    if delivery.ticket_id is not None:
        ticket = await ticket_queries.lock_ticket(session, delivery.ticket_id)
    if delivery.message_id is not None:
        message = await queries.get_message(session, delivery.message_id)
        ticket = await ticket_queries.lock_ticket(session, message.ticket_id)
        if message.author is Author.AGENT and ticket.status not in FINISHED:
            await _take_back(session, ticket, message, now=now)
            changes = await tickets.note_answer(session, ticket, message_id=message.id, now=now)
    data: dict[str, Any] = {"delivery": delivery_id, "message": delivery.message_id}
    if changes:
        data["clocks"] = changes
    await record(session, "delivery.retried", actor=by, now=now, ticket=ticket, data=data)
    return delivery


async def note_bounce(
    session: AsyncSession,
    *,
    channel: str,
    external_ids: Collection[str],
    ticket_id: int | None,
    addresses: Collection[str],
    reason: str,
    now: datetime,
) -> None:
    """The network tells that something did not arrive, long after it had taken it."""
    delivery_id = await queries.find_sent(
        session,
        channel=channel,
        external_ids=external_ids,
        ticket_id=ticket_id,
        addresses=addresses,
    )
    if delivery_id is not None and await deliveries.bounce(session, delivery_id, reason=reason):
        await take_back(session, delivery_id, now=now)


async def take_back(session: AsyncSession, delivery_id: int, *, now: datetime) -> None:
    """An answer never arrived: whoever waited for it has waited all the time."""
    delivery = await get_delivery(session, delivery_id)
    if delivery.message_id is None:
        return
    message = await queries.get_message(session, delivery.message_id)
    ticket = await ticket_queries.lock_ticket(session, message.ticket_id)
    if message.author is Author.AGENT and ticket.status not in FINISHED:
        await _take_back(session, ticket, message, now=now)


async def _take_back(
    session: AsyncSession, ticket: Ticket, message: Message, *, now: datetime
) -> None:
    answers = [one for one in await queries.answers_on(session, ticket.id) if one[0] != message.id]
    changes = await together.take_back(
        session,
        ticket,
        message_id=message.id,
        answers=answers,
        ended_at=ticket.resolved_at,
        now=now,
    )
    asked = _forget_answer(ticket, message, answers)
    if not changes and asked:
        return
    clocks = await clock_queries.all_clocks(session, ticket.id)
    waiting = [c.started_at for c in clocks if c.kind in ANSWERS and c.is_owed]
    ticket.waiting_since = min([*waiting, *filter(None, [ticket.waiting_since])], default=None)
    first = next((c for c in clocks if c.kind is ClockKind.FIRST_RESPONSE), None)
    if first is not None and any(change["clock"] == first.kind for change in changes):
        ticket.first_response_at = first.stopped_at if first.stopped_by else None
    facts = {"message": message.id}
    kind = "message.undelivered"
    await tickets.say(session, ticket, kind, by=SYSTEM, now=now, clocks=changes, **facts)
    if not asked and ticket.status is Status.WAITING_CUSTOMER:
        await tickets.resume(session, ticket.id, by=SYSTEM, now=now)
    to = {number for number in (ticket.assignee_id, ticket.owner_id) if number}
    await tickets.tell(session, ticket, kind, to=to, by=SYSTEM, now=now, facts=facts)


def _forget_answer(
    ticket: Ticket, message: Message, answers: Sequence[tuple[int, datetime]]
) -> bool:
    """Whether the customer has been asked something all the same."""
    if ticket.status is Status.WAITING_CUSTOMER:
        return any(number > message.id for number, _ in answers)
    since = ticket.silent_since or ticket.created_at
    asked = [at for _, at in answers if at > since]
    was, ticket.asked_at = ticket.asked_at, max(asked, default=None)
    return ticket.asked_at is not None or was is None


async def conversation_to_answer(session: AsyncSession, ticket: Ticket) -> Conversation:
    """Where the customer wrote last: a merged ticket is talked about in several places."""
    latest = await queries.home_of_latest_inbound(session, ticket.id)
    return await conversations.get_conversation(session, latest or ticket.conversation_id)


async def _add_message(
    session: AsyncSession, ticket: Ticket, words: Words, *, by: Actor, now: datetime
) -> Message:
    conversation = await conversation_to_answer(session, ticket)
    leaves = words.direction is Direction.OUT
    is_sent = leaves and not needs_a_person(conversation.channel)
    external_id = f"{words.kind}-{secrets.token_hex(12)}" if is_sent else None
    row = rules.message_row(
        ticket_id=ticket.id,
        conversation_id=conversation.id,
        direction=words.direction,
        author=words.author,
        author_id=agent_id(by),
        channel=conversation.channel,
        external_id=external_id,
        text=words.text,
        buttons=words.buttons,
        has_attachments=bool(words.files),
        now=now,
    )
    [message_id] = await queries.insert_messages(session, [row])
    if words.files:
        await queries.insert_attachments(
            session, rules.attachment_rows(message_id, words.files, now=now)
        )
    await queries.index_messages(session, {message_id: words.text})
    ticket.message_count += 1
    tickets.touch(ticket, now=now)
    if external_id is not None:
        channel = conversation.channel
        message = await _outgoing(session, ticket, words, channel=channel, key=external_id, by=by)
        await deliveries.enqueue(
            session,
            replace(message, address=conversation.address),
            channel=channel,
            order_key=f"conversation:{conversation.id}",
            kind=words.kind,
            now=now,
            ticket_id=ticket.id,
            message_id=message_id,
        )
    changes: Changes = []
    if leaves and words.author is Author.AGENT:
        changes = await tickets.note_answer(session, ticket, message_id=message_id, now=now)
    kind = {Direction.OUT: "message.sent", Direction.NOTE: "note.added"}[words.direction]
    await tickets.say(session, ticket, kind, by=by, now=now, clocks=changes, message=message_id)
    hint(session, f"conversation:{conversation.id}")
    return await queries.get_message(session, message_id)


async def _outgoing(
    session: AsyncSession, ticket: Ticket, words: Words, *, channel: str, key: str, by: Actor
) -> Outgoing:
    """The message as its channel gets it; mail needs to know what it answers."""
    author = agent_id(by)
    names = await agents.agent_names(session, [author])
    return Outgoing(
        idempotency_key=key,
        address="",
        text=words.text,
        subject=reply_subject(ticket.subject, ticket_id=ticket.id),
        buttons=words.buttons,
        attachments=words.files,
        sender_name=names.get(author) if author else None,
        references=await queries.external_ids(session, ticket.id, channel=channel),
        extra={"ticket_id": ticket.id},
    )
