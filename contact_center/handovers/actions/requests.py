"""Asking a colleague to take over, and answering. Callers own the transaction."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.agents.models import Role
from contact_center.calendars.hours import Calendar, add
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events.rules import SYSTEM, Actor, agent_id
from contact_center.handovers import queries, rules
from contact_center.handovers.models import Handover, HandoverKind, HandoverState
from contact_center.policies.choosing import Policies
from contact_center.policies.terms import Facts
from contact_center.promises.queries import give_promises
from contact_center.settings import HandoverSettings
from contact_center.supervision.actions import order
from contact_center.supervision.models import Cause
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import Ticket, TransferReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long somebody has to answer, in whose working time."""

    calendar: Calendar
    settings: HandoverSettings

    def expires_at(self, kind: HandoverKind, *, now: datetime) -> datetime:
        is_transfer = kind is HandoverKind.TRANSFER
        minutes = self.settings.accept_within if is_transfer else self.settings.own_within
        return add(self.calendar, now, minutes * 60)


async def terms_for(
    session: AsyncSession, ticket: Ticket, policies: Policies, settings: HandoverSettings
) -> Terms:
    """Our working hours for such a ticket."""
    team = None
    if ticket.team_id is not None:
        team = (await agents.get_team(session, ticket.team_id)).name
    facts = Facts(
        kind=ticket.kind.value,
        priority=ticket.priority.value,
        channel=ticket.channel,
        category=ticket.category,
        team=team,
    )
    return Terms(calendar=policies.hours_of(facts), settings=settings)


async def request(
    session: AsyncSession,
    ticket_id: int,
    *,
    kind: HandoverKind,
    to: int,
    reason: TransferReason,
    terms: Terms,
    by: Actor,
    now: datetime,
    note: str = "",
) -> Handover:
    """Ask a colleague. Nothing changes hands before they accept.

    Raises IllegalTransition, Invalid, NotFound, Conflict, Absent with the deputy, Forbidden.
    """
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    rules.check_can_move(ticket, kind)
    sender = rules.holder(ticket, kind)
    if to == sender:
        raise Invalid(code="ticket.same_agent", reference=ticket.reference)
    if kind is HandoverKind.OWNERSHIP:
        await _check_may_give_away(session, ticket, by=by, now=now)
    await tickets.hold_receiver(session, ticket, to, now=now)
    await _clear_the_way(session, ticket, kind, now=now)
    handover = Handover(
        ticket_id=ticket.id,
        kind=kind,
        state=HandoverState.REQUESTED,
        sender_id=sender,
        receiver_id=to,
        asked_by=by,
        reason=reason,
        note=note.strip(),
        created_at=now,
        expires_at=terms.expires_at(kind, now=now),
        answer="",
    )
    session.add(handover)
    await session.flush()  # its id goes into the log
    await _tell(session, ticket, handover, "requested", to=[to], by=by, now=now)
    if kind is HandoverKind.TRANSFER:
        await count_transfer(session, ticket, now=now)
    return handover


async def to_team(
    session: AsyncSession,
    ticket_id: int,
    *,
    team: int,
    reason: TransferReason,
    by: Actor,
    now: datetime,
) -> Ticket:
    """Into a team's queue: whoever claims it has accepted it."""
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    rules.check_can_move(ticket, HandoverKind.TRANSFER)
    await withdraw_open(session, ticket, kinds=[HandoverKind.TRANSFER], now=now)
    ticket = await tickets.transfer(session, ticket_id, to_team=team, reason=reason, by=by, now=now)
    await count_transfer(session, ticket, now=now)
    return ticket


async def release(
    session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime, as_lead: bool = False
) -> Ticket:
    """Back into the queue; nobody is asked to take it over any more."""
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    await withdraw_open(session, ticket, kinds=[HandoverKind.TRANSFER], now=now)
    return await tickets.release(session, ticket.id, by=by, now=now, as_lead=as_lead)


async def assign(
    session: AsyncSession, ticket_id: int, *, to: int, by: Actor, now: datetime, reason: str = ""
) -> Ticket:
    """A lead decides who works on it; nobody else is asked to any more."""
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    await withdraw_open(session, ticket, kinds=[HandoverKind.TRANSFER], now=now)
    return await tickets.assign(session, ticket.id, to=to, by=by, now=now, reason=reason)


async def in_order(session: AsyncSession, handover_ids: Collection[int]) -> list[int]:
    """Several that are answered at once: their tickets are locked in one order. Raises NotFound."""
    found = [await queries.get_handover(session, number) for number in set(handover_ids)]
    return [one.id for one in sorted(found, key=lambda one: (one.ticket_id, one.id))]


async def accept(session: AsyncSession, handover_id: int, *, by: Actor, now: datetime) -> Handover:
    """From now on it is theirs. Only the receiver can; Conflict when it comes too late."""
    handover, ticket = await _open(session, handover_id)
    _check_is_receiver(handover, by)
    if now > handover.expires_at:
        raise Conflict(code="handover.expired")
    if rules.holder(ticket, handover.kind) != handover.sender_id:
        raise Conflict(code="handover.overtaken", reference=ticket.reference)
    asker = Actor(handover.asked_by)
    if handover.kind is HandoverKind.TRANSFER:
        reason, to = handover.reason, handover.receiver_id
        await tickets.transfer(session, ticket.id, to_agent=to, reason=reason, by=asker, now=now)
    else:
        await _give_ownership(session, ticket, handover, by=by, now=now)
    await _settle(session, ticket, handover, HandoverState.ACCEPTED, by=by, now=now)
    return handover


async def decline(
    session: AsyncSession, handover_id: int, *, why: str, by: Actor, now: datetime
) -> Handover:
    """It stays with the sender, who is told why."""
    if not why.strip():
        raise Invalid(code="handover.say_why_declined")
    handover, ticket = await _open(session, handover_id)
    _check_is_receiver(handover, by)
    handover.answer = why.strip()
    await _settle(session, ticket, handover, HandoverState.DECLINED, by=by, now=now)
    return handover


async def withdraw(
    session: AsyncSession, handover_id: int, *, by: Actor, now: datetime, as_lead: bool = False
) -> Handover:
    """Taken back by who asked, by who has it, or by a lead."""
    handover, ticket = await _open(session, handover_id)
    if not as_lead and by != handover.asked_by and agent_id(by) != handover.sender_id:
        raise Forbidden(code="handover.not_the_asker")
    await _settle(session, ticket, handover, HandoverState.WITHDRAWN, by=by, now=now)
    return handover


async def expire(session: AsyncSession, handover_id: int, *, now: datetime) -> None:
    """Nobody has accepted it in time: it stays with the sender."""
    handover = await queries.get_handover(session, handover_id)
    ticket = await ticket_queries.lock_ticket(session, handover.ticket_id)
    handover = await queries.get_handover(session, handover_id)
    if handover.state is HandoverState.REQUESTED and handover.expires_at <= now:
        await _settle(session, ticket, handover, HandoverState.EXPIRED, by=SYSTEM, now=now)


async def withdraw_open(
    session: AsyncSession, ticket: Ticket, *, kinds: Collection[HandoverKind], now: datetime
) -> None:
    """What is asked about a locked ticket that changes hands in another way."""
    for handover in await queries.open_handovers(session, ticket.id):
        if handover.kind in kinds:
            state = HandoverState.WITHDRAWN
            await _settle(session, ticket, handover, state, by=SYSTEM, now=now)


async def count_transfer(session: AsyncSession, ticket: Ticket, *, now: datetime) -> None:
    """The third of one ticket needs a supervisor; there and back are two."""
    ticket.transfer_count += 1
    if ticket.transfer_count >= rules.SUPERVISED_FROM:
        facts = {"count": ticket.transfer_count}
        await order(session, ticket, cause=Cause.TRANSFERS, facts=facts, now=now)


async def _check_may_give_away(
    session: AsyncSession, ticket: Ticket, *, by: Actor, now: datetime
) -> None:
    """Accountability is the owner's to give, or who acts for them, or a lead's."""
    agent = await tickets.acting_agent(session, by)
    acting = await ticket_queries.answering_for(session, ticket, now=now)
    if agent.role is Role.AGENT and agent.id not in (ticket.owner_id, acting):
        raise Forbidden(code="handover.owner_gives", reference=ticket.reference)


async def _clear_the_way(
    session: AsyncSession, ticket: Ticket, kind: HandoverKind, *, now: datetime
) -> None:
    """One request at a time; one that has been overtaken by events is no hindrance."""
    for handover in await queries.open_handovers(session, ticket.id, kind=kind):
        overtaken = rules.holder(ticket, kind) != handover.sender_id
        if not overtaken and now <= handover.expires_at:
            raise Conflict(code="handover.one_request", reference=ticket.reference)
        state = HandoverState.WITHDRAWN if overtaken else HandoverState.EXPIRED
        await _settle(session, ticket, handover, state, by=SYSTEM, now=now)


async def _give_ownership(
    session: AsyncSession, ticket: Ticket, handover: Handover, *, by: Actor, now: datetime
) -> None:
    rules.check_can_move(ticket, handover.kind)
    new = await tickets.hold_receiver(session, ticket, handover.receiver_id, now=now)
    if ticket.assignee_id == ticket.owner_id:
        await withdraw_open(session, ticket, kinds=[HandoverKind.TRANSFER], now=now)
        ticket.assignee_id = new.id
    if ticket.owner_id is not None:
        await give_promises(session, ticket.id, old=ticket.owner_id, new=new.id)
    reason = handover.reason.value
    await tickets.change_owner(
        session, ticket, new.id, cause="handover", reason=reason, by=by, now=now
    )


async def _open(session: AsyncSession, handover_id: int) -> tuple[Handover, Ticket]:
    """Both locked. Raises NotFound, Conflict."""
    handover = await queries.get_handover(session, handover_id)
    ticket = await ticket_queries.lock_ticket(session, handover.ticket_id)
    handover = await queries.get_handover(session, handover_id)
    if handover.state is not HandoverState.REQUESTED:
        raise Conflict(code="handover.answered", state=handover.state)
    return handover, ticket


def _check_is_receiver(handover: Handover, by: Actor) -> None:
    if agent_id(by) != handover.receiver_id:
        raise Forbidden(code="handover.not_asked")


async def _settle(
    session: AsyncSession,
    ticket: Ticket,
    handover: Handover,
    state: HandoverState,
    *,
    by: Actor,
    now: datetime,
) -> None:
    handover.state, handover.answered_at = state, now
    await session.flush()  # another request may follow in this transaction
    people = {handover.sender_id, handover.receiver_id, agent_id(Actor(handover.asked_by))}
    to = {number for number in people if number is not None}
    await _tell(session, ticket, handover, state.value, to=to, by=by, now=now)


async def _tell(
    session: AsyncSession,
    ticket: Ticket,
    handover: Handover,
    what: str,
    *,
    to: Collection[int],
    by: Actor,
    now: datetime,
) -> None:
    tickets.touch(ticket, now=now)
    facts = {
        "handover": handover.id,
        "type": handover.kind.value,
        "receiver": handover.receiver_id,
        "reason": handover.reason.value,
    }
    kind = f"handover.{what}"
    await tickets.say(session, ticket, kind, by=by, now=now, **facts)
    extra = {"sender": handover.sender_id, "expires_at": handover.expires_at.isoformat()}
    told = {**facts, **extra, "why": handover.answer or None}
    await tickets.tell(session, ticket, kind, to=to, by=by, now=now, facts=told)
