"""Links, merges and splits tickets, and merges customers. Callers own the transaction."""

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.complaints.actions import filing as complaints
from contact_center.conversations import queries as conversations
from contact_center.customers import queries as customers
from contact_center.customers.models import Customer
from contact_center.errors import Conflict, Invalid, NotFound
from contact_center.events.actions import record
from contact_center.events.rules import Actor, agent_id
from contact_center.handovers.actions.requests import withdraw_open
from contact_center.handovers.models import HandoverKind
from contact_center.links import queries
from contact_center.links.models import BY_HAND, LinkKind, TicketLink
from contact_center.messages import queries as messages
from contact_center.messages.models import Author
from contact_center.messages.rules import unanswered_since
from contact_center.promises import actions as customers_promises
from contact_center.sla.actions import promising
from contact_center.sla.actions import together as clocks
from contact_center.sla.actions.rows import Changes
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import (
    ACTIVE,
    FINISHED,
    WAITING,
    IllegalTransition,
    Status,
    Ticket,
    reference,
)
from contact_center.work_orders.actions import following as work_orders

MOST_MESSAGES = 10_000  # of one ticket


async def merge(
    session: AsyncSession, ticket_id: int, *, into: int, by: Actor, now: datetime
) -> Ticket:
    """Two tickets about one thing: the messages move to `into`, and so does what comes later."""
    if ticket_id == into:
        raise Invalid(code="link.merge_itself")
    locked = await lock_pair(session, ticket_id, into)
    victim, survivor = locked[ticket_id], locked[into]
    await _check_may_see(session, ticket_id, into, by=by)
    _check_mergeable(victim, survivor)
    await complaints.absorb(session, victim, survivor, by=by, now=now)
    moved = await messages.move_messages(session, old=victim.id, new=survivor.id)
    victim.message_count, survivor.message_count = 0, survivor.message_count + moved
    victim.merged_into_id = survivor.id
    await _inherit_owner(session, victim, survivor, by=by, now=now)
    lost, gained = await _inherit(session, victim, survivor, now=now)
    await conversations.point_to_ticket(session, old=victim.id, new=survivor.id)
    await work_orders.move_all(session, victim, survivor, by=by, now=now)
    await customers_promises.move_all(session, victim, survivor, by=by, now=now)
    await withdraw_open(session, victim, kinds=list(HandoverKind), now=now)
    lost += await tickets.end(session, victim, now=now)
    tickets.touch(survivor, now=now)
    await _put_link(session, victim, survivor, kind=LinkKind.MERGED, by=by, now=now)
    facts: dict[str, Any] = {"into": survivor.id, "clocks": lost}
    await tickets.say(session, victim, "ticket.merged", by=by, now=now, **facts)
    gained += await _expect_answer(session, survivor)
    facts = {"other": victim.id, "clocks": gained}
    await tickets.say(session, survivor, "ticket.absorbed", by=by, now=now, **facts)
    if survivor.waiting_since is not None and survivor.status in WAITING - {
        Status.WAITING_DEPARTMENT
    }:
        await tickets.resume(session, survivor.id, by=by, now=now)  # as after any message
    return survivor


async def _expect_answer(session: AsyncSession, ticket: Ticket) -> Changes:
    """Whoever has been answered once, and asks again, is promised the next answer."""
    since = ticket.waiting_since
    if since is None or ticket.first_response_at is None:
        return []
    said = await messages.ticket_messages(session, ticket.id, limit=MOST_MESSAGES)
    asked = [one for one in said if one.author is Author.CUSTOMER and one.created_at >= since]
    if not asked:
        return []
    oldest = min(asked, key=lambda one: one.created_at)
    return await promising.expect_answer(session, ticket, message_id=oldest.id, start=since)


async def lock_pair(session: AsyncSession, one: int, other: int) -> dict[int, Ticket]:
    """As messages that come in lock them: conversations, then tickets, each in one order."""
    numbers = sorted((one, other))
    await conversations.lock_conversations_of(session, ticket_ids=numbers)
    return {number: await ticket_queries.lock_ticket(session, number) for number in numbers}


async def _check_may_see(session: AsyncSession, *ticket_ids: int, by: Actor) -> None:
    """Whom a complaint is about joins nothing to it, and takes nothing away from it."""
    for number in ticket_ids:
        await ticket_queries.check_may_see(session, number, reader=agent_id(by) or 0)


def _check_mergeable(victim: Ticket, survivor: Ticket) -> None:
    if victim.status in FINISHED:
        raise IllegalTransition(
            code="link.cannot_merge", reference=victim.reference, status=victim.status
        )
    if survivor.status not in ACTIVE:
        raise IllegalTransition(
            code="link.merge_into_open", reference=survivor.reference, status=survivor.status
        )
    if victim.customer_id != survivor.customer_id:
        raise Conflict(code="link.customers_differ")
    if victim.about_agent_id != survivor.about_agent_id:
        raise Conflict(code="link.one_about")


async def _inherit(
    session: AsyncSession, victim: Ticket, survivor: Ticket, *, now: datetime
) -> tuple[Changes, Changes]:
    """The promises count from the first message, and the first answer to either is kept."""
    survivor.created_at = min(survivor.created_at, victim.created_at)
    survivor.waiting_since = _earliest(survivor.waiting_since, victim.waiting_since)
    survivor.breached_at = _earliest(survivor.breached_at, victim.breached_at)
    answered_at = _earliest(survivor.first_response_at, victim.first_response_at)
    is_news = survivor.first_response_at is None
    survivor.first_response_at = answered_at
    return await clocks.inherit(
        session, victim, survivor, answered_at=answered_at if is_news else None, now=now
    )


async def _inherit_owner(
    session: AsyncSession, victim: Ticket, survivor: Ticket, *, by: Actor, now: datetime
) -> None:
    """Whoever answered first answers for both, where nobody answers for the one that stays."""
    if survivor.owner_id is None and victim.owner_id is not None:
        await tickets.change_owner(
            session,
            survivor,
            victim.owner_id,
            cause="first_touch",
            reason="merged",
            by=by,
            now=now,
        )


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


async def split(
    session: AsyncSession,
    ticket_id: int,
    *,
    message_ids: Collection[int],
    subject: str,
    by: Actor,
    now: datetime,
) -> Ticket:
    """Two things on one ticket: the chosen messages become a ticket of their own."""
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    said = await messages.ticket_messages(session, ticket_id, limit=MOST_MESSAGES)
    chosen = [message for message in said if message.id in message_ids]
    rest = [message for message in said if message.id not in message_ids]
    if not chosen or len(chosen) != len(set(message_ids)):
        raise Invalid(code="link.choose_messages", reference=ticket.reference)
    if not rest:
        raise Invalid(code="link.leave_one", reference=ticket.reference)
    part = _part_of(ticket, subject=subject, start=chosen[0].created_at, now=now)
    session.add(part)
    await session.flush()  # its id goes into the messages
    await complaints.open_part(session, part, of=ticket, now=now)
    moved = await messages.move_messages(
        session, old=ticket.id, new=part.id, message_ids=message_ids
    )
    ticket.message_count, part.message_count = ticket.message_count - moved, moved
    left: Changes = []
    if ticket.waiting_since is not None:
        ticket.waiting_since = unanswered_since(rest)
        # Who asked what has moved is answered there.
        left = await clocks.excuse_moved(session, ticket, message_ids=message_ids, now=now)
        left += await _expect_answer(session, ticket)
    begun = await promising.begin(session, part, start=part.created_at)
    tickets.touch(ticket, now=now)
    facts = {"split_from": ticket.id}
    await tickets.say(session, part, "ticket.opened", by=by, now=now, clocks=begun, **facts)
    await _put_link(session, part, ticket, kind=LinkKind.SPLIT, by=by, now=now)
    await tickets.say(session, ticket, "ticket.split", by=by, now=now, into=part.id, clocks=left)
    return part


async def link(
    session: AsyncSession, ticket_id: int, *, to: int, kind: LinkKind, by: Actor, now: datetime
) -> None:
    """From the newer ticket to the older one. Raises Invalid, Conflict, Forbidden."""
    if ticket_id == to:
        raise Invalid(code="link.itself")
    if kind not in BY_HAND:
        raise Invalid(code="link.by_itself", link=kind)
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    other = await ticket_queries.get_ticket(session, to)
    await _check_may_see(session, ticket.id, other.id, by=by)
    if await queries.find_link(session, ticket.id, other.id) is not None:
        raise Conflict(code="link.exists", reference=ticket.reference, other=other.reference)
    await _put_link(session, ticket, other, kind=kind, by=by, now=now)


async def unlink(
    session: AsyncSession, ticket_id: int, *, other: int, by: Actor, now: datetime
) -> None:
    """Raises NotFound, and Conflict for what tells where messages came from."""
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    await _check_may_see(session, ticket_id, other, by=by)
    found = await queries.find_link(session, ticket_id, other)
    if found is None:
        raise NotFound(code="link.unknown", reference=ticket.reference, other=reference(other))
    if found.kind not in BY_HAND:
        raise Conflict(code="link.stays", link=found.kind)
    await session.delete(found)
    await tickets.say(session, ticket, "ticket.unlinked", by=by, now=now, other=other)


async def _put_link(
    session: AsyncSession,
    ticket: Ticket,
    other: Ticket,
    *,
    kind: LinkKind,
    by: Actor,
    now: datetime,
) -> None:
    """Link two tickets; a merge outweighs what was said about them before."""
    found = await queries.find_link(session, ticket.id, other.id)
    if found is None:
        session.add(TicketLink(ticket_id=ticket.id, other_id=other.id, kind=kind, created_at=now))
    else:
        found.kind = kind
    await tickets.say(session, ticket, "ticket.linked", by=by, now=now, other=other.id, link=kind)


async def merge_customer(
    session: AsyncSession, customer_id: int, *, into: int, by: Actor, now: datetime
) -> Customer:
    """One person known as two: all of the first becomes the other's, and the first is no more."""
    if customer_id == into:
        raise Invalid(code="customer.merge_itself")
    pair = sorted((customer_id, into))
    await conversations.lock_conversations_of(session, customer_ids=pair)
    locked = {number: await customers.lock_customer(session, number) for number in pair}
    victim, survivor = locked[customer_id], locked[into]
    if victim.blocked_at is not None and survivor.blocked_at is None:
        raise Conflict(code="customer.blocked", id=victim.id)
    move = {"old": victim.id, "new": survivor.id}
    data = {
        "customer_id": victim.id,
        "into": survivor.id,
        "identities": await customers.move_identities(session, **move),
        "conversations": await conversations.move_conversations(session, **move),
        "tickets": await ticket_queries.move_tickets(session, **move),
    }
    await messages.move_authorship(session, **move)
    for name in ("name", "email", "phone", "account_id"):
        setattr(survivor, name, getattr(survivor, name) or getattr(victim, name))
    survivor.note = "\n\n".join(note for note in (survivor.note, victim.note) if note)
    await session.delete(victim)
    await session.flush()
    await customers.index_again(session, survivor)
    await record(session, "customer.merged", actor=by, now=now, data=data)
    return survivor


def _part_of(ticket: Ticket, *, subject: str, start: datetime, now: datetime) -> Ticket:
    return Ticket(
        public_token=secrets.token_urlsafe(24),
        kind=ticket.kind,
        status=Status.QUEUED,
        priority=ticket.priority,
        subject=subject.strip() or ticket.subject,
        category=ticket.category,
        tags=list(ticket.tags),
        facts={},
        language=ticket.language,
        channel=ticket.channel,
        customer_id=ticket.customer_id,
        conversation_id=ticket.conversation_id,
        team_id=ticket.team_id,
        suggested_owner_id=ticket.owner_id,
        about_agent_id=ticket.about_agent_id,
        policy_version=ticket.policy_version,
        reopen_count=0,
        message_count=0,
        event_count=0,
        version=1,
        created_at=start,
        updated_at=now,
        waiting_since=start,
    )
