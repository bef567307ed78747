"""Asks the customer whether it is solved, and does what the answer demands.

Callers own the transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.accounts.models import Tier
from contact_center.alerts.actions import alert
from contact_center.alerts.queries import leads_of
from contact_center.calendars.week import Calendar
from contact_center.callbacks import queries
from contact_center.callbacks.models import Callback, CallbackState
from contact_center.callbacks.rules import BUTTON, WRITTEN, Answer, is_courtesy, understand
from contact_center.channels.base import Button
from contact_center.closure import actions as closure
from contact_center.complaints.actions import answers as complaints
from contact_center.complaints.queries import is_external
from contact_center.customers.queries import tiers_of
from contact_center.deliveries import queries as delivery_queries
from contact_center.deliveries.models import DeliveryStatus
from contact_center.events.rules import SYSTEM, Actor, customer
from contact_center.messages import actions as messages
from contact_center.messages.models import Message
from contact_center.settings import Callbacks, Settings
from contact_center.supervision import actions as supervision
from contact_center.supervision.models import Cause
from contact_center.texts import Texts
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import ACTIVE, Settled, Status, Ticket, TicketKind
from contact_center.work_orders.actions import following as work_orders

RATE_WITHIN = timedelta(hours=24)  # after a "yes"

_PENDING = (CallbackState.PLANNED, CallbackState.ASKED)
_TOO_EARLY = (CallbackState.PLANNED, CallbackState.CANCELLED, CallbackState.COMPLETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A customer's message at the moment when it is taken in."""

    settings: Settings
    texts: Texts
    by: Actor
    now: datetime
    message_id: int
    quote: str = ""  # what was said, or pressed
    calendars: Mapping[str, Calendar] = field(default_factory=dict)  # of work that is done again


async def plan(
    session: AsyncSession, ticket_id: int, *, settings: Callbacks, now: datetime
) -> None:
    """One question for this resolution of the ticket."""
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    if ticket.status is Status.RESOLVED and ticket.resolved_at is not None:
        due_at = ticket.resolved_at + timedelta(minutes=settings.delay_minutes)
        await queries.plan(session, ticket.id, cycle=ticket.reopen_count, due_at=due_at, now=now)
    ticket.callback_cycle = ticket.reopen_count


async def run_due(
    session: AsyncSession, callback_id: int, *, settings: Callbacks, texts: Texts, now: datetime
) -> None:
    """Ask what is to be asked, or close what nobody answered."""
    callback = await queries.get_callback(session, callback_id)
    ticket = await ticket_queries.lock_ticket(session, callback.ticket_id)
    callback = await queries.get_callback(session, callback_id)
    if callback.state not in _PENDING or callback.due_at > now:
        return
    if (
        ticket.status is not Status.RESOLVED
        or ticket.reopen_count != callback.cycle
        or await is_external(session, ticket.id)
    ):
        _end(callback, CallbackState.CANCELLED, now=now)
    elif callback.state is CallbackState.PLANNED:
        await _ask(session, ticket, callback, settings=settings, texts=texts, now=now)
    else:
        await _expire(session, ticket, callback, now=now)


async def customer_wrote(
    session: AsyncSession,
    ticket_id: int,
    *,
    text: str,
    button: str | None,
    settings: Settings,
    texts: Texts,
    now: datetime,
    message_id: int,
    stranger_id: int | None = None,
    calendars: Mapping[str, Calendar] | None = None,
) -> None:
    """A message after a resolution: an answer to our question, thanks, or "not solved after all".

    What somebody else writes in the customer's thread is no answer: a person has
    to see it. Also takes buttons that are pressed late: on a ticket that is open again, or closed.
    """
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    callback = await queries.latest_callback(session, ticket.id)
    answer = understand(text, button=button) if stranger_id is None else None
    by = customer(stranger_id or ticket.customer_id)
    turn = Turn(
        settings=settings,
        texts=texts,
        by=by,
        now=now,
        message_id=message_id,
        quote=text.strip() or button or "",
        calendars=calendars or {},
    )
    if ticket.status is not Status.RESOLVED:
        await _take_late(session, ticket, callback, answer if button else None, turn)
        return
    if callback is None or callback.cycle != ticket.reopen_count:
        await plan(session, ticket.id, settings=settings.callbacks, now=now)
        callback = await queries.latest_callback(session, ticket.id)
        assert callback is not None
    asked = callback.state not in _TOO_EARLY
    if answer is not None and (asked or button):
        await _take_answer(session, ticket, callback, answer, turn)
    elif stranger_id or button is not None or not is_courtesy(text):
        await _reopen(session, ticket, callback, turn)


# Asking


async def _ask(
    session: AsyncSession,
    ticket: Ticket,
    callback: Callback,
    *,
    settings: Callbacks,
    texts: Texts,
    now: datetime,
) -> None:
    callback.state = CallbackState.ASKED
    callback.due_at = now + timedelta(hours=settings.answer_within_hours)
    if await messages.needs_calling(session, ticket):
        await _have_called(session, ticket, callback, now=now)
        return
    conversation = await messages.conversation_to_answer(session, ticket)
    language = conversation.language
    key = "callback.ask_written" if conversation.channel in WRITTEN else "callback.ask"
    text = texts.say(language, key, reference=ticket.reference, subject=ticket.subject)
    buttons = [
        Button(texts.say(language, "callback.yes"), BUTTON + "yes"),
        Button(texts.say(language, "callback.no"), BUTTON + "no"),
    ]
    question = await _say(session, ticket, text.strip(), buttons, now=now)
    callback.asked_at = now
    callback.message_id = question.id
    await tickets.say(session, ticket, "callback.asked", by=SYSTEM, now=now, cycle=callback.cycle)


async def _have_called(
    session: AsyncSession, ticket: Ticket, callback: Callback, *, now: datetime
) -> None:
    """Nothing we send reaches the customer: who answers for the ticket asks them."""
    kind, facts = (
        "callback.to_call",
        {"cycle": callback.cycle, "due_at": callback.due_at.isoformat()},
    )
    await tickets.say(session, ticket, kind, by=SYSTEM, now=now, **facts)
    to = {number for number in (ticket.owner_id or ticket.assignee_id,) if number is not None}
    await tickets.tell(session, ticket, kind, to=to, by=SYSTEM, now=now, facts=facts)


async def _expire(
    session: AsyncSession, ticket: Ticket, callback: Callback, *, now: datetime
) -> None:
    """No answer: the ticket closes, but a complaint is never closed by silence."""
    if callback.solved:  # said yes, and gave no score
        _end(callback, CallbackState.COMPLETED, now=now)
        await _close_confirmed(session, ticket, by=customer(ticket.customer_id), now=now)
        return
    arrived = await _has_arrived(session, callback)
    _end(callback, CallbackState.EXPIRED if arrived else CallbackState.UNREACHABLE, now=now)
    kind, cycle = f"callback.{callback.state.value}", callback.cycle
    await tickets.say(session, ticket, kind, by=SYSTEM, now=now, cycle=cycle)
    if ticket.kind is TicketKind.COMPLAINT:
        await complaints.callback_in_vain(session, ticket.id, now=now)
    else:
        how = Settled.NO_ANSWER if arrived else Settled.UNREACHABLE
        await closure.settle(session, ticket.id, how=how, by=SYSTEM, now=now)


async def _has_arrived(session: AsyncSession, callback: Callback) -> bool:
    if callback.message_id is None:
        return False
    sent = await delivery_queries.deliveries_of_messages(session, [callback.message_id])
    delivery = sent.get(callback.message_id)
    return delivery is not None and delivery.status is DeliveryStatus.SENT


# Answers


async def _take_answer(
    session: AsyncSession, ticket: Ticket, callback: Callback, answer: Answer, turn: Turn
) -> None:
    said_so_before = bool(callback.solved) and answer == Answer(solved=True)
    callback.solved = answer.solved if answer.solved is not None else callback.solved
    callback.score = answer.score or callback.score
    callback.answered_at = turn.now
    if callback.solved and not answer.is_bad:
        ticket.confirmed_at = ticket.confirmed_at or turn.now
    await _tell_complaint(session, ticket, callback, answer, turn)
    if answer.is_bad:
        await _send_back(session, ticket, callback, turn)
    elif answer.score is None and not said_so_before:
        callback.state, callback.ended_at = CallbackState.ASKED, None
        callback.due_at = max(callback.due_at, turn.now + RATE_WITHIN)
        await _tell(session, ticket, "callback.rate", turn, with_scores=True)
    elif answer.score is not None:
        _end(callback, CallbackState.COMPLETED, now=turn.now)
        ticket.score = answer.score
        await _log_answer(session, ticket, callback, turn)
        await _tell(session, ticket, "callback.thanks", turn)
        await _close_confirmed(session, ticket, by=turn.by, now=turn.now)


async def _tell_complaint(
    session: AsyncSession, ticket: Ticket, callback: Callback, answer: Answer, turn: Turn
) -> None:
    """Only a plain yes accepts a response; a score alone does not."""
    if ticket.kind is not TicketKind.COMPLAINT or not (answer.is_bad or callback.solved):
        return
    heard = complaints.customer_rejected if answer.is_bad else complaints.customer_accepted
    await heard(
        session, ticket.id, channel=ticket.channel, quote=turn.quote, by=turn.by, now=turn.now
    )


async def _close_confirmed(
    session: AsyncSession, ticket: Ticket, *, by: Actor, now: datetime
) -> None:
    """A complaint closes as its own process allows: perhaps something is still owed."""
    if ticket.kind is TicketKind.COMPLAINT:
        await complaints.close_accepted(session, ticket.id, by=by, now=now)
    else:
        how = Settled.CUSTOMER_CONFIRMED
        await closure.settle(session, ticket.id, how=how, by=by, now=now)


async def _send_back(session: AsyncSession, ticket: Ticket, callback: Callback, turn: Turn) -> None:
    """To the same owner; leads are alerted."""
    _end(callback, CallbackState.COMPLETED, now=turn.now)
    ticket.score = callback.score or ticket.score
    await _log_answer(session, ticket, callback, turn)
    await _back_to_work(session, ticket, turn, reason="not_solved")
    await work_orders.not_solved(session, ticket, calendars=turn.calendars, now=turn.now)
    leads = await leads_of(session, ticket.team_id, about=ticket.about_agent_id)
    facts = {"why": "not_solved", "score": callback.score, "cycle": callback.cycle}
    await tickets.say(session, ticket, "lead.alerted", by=SYSTEM, now=turn.now, **facts)
    await alert(
        session,
        to=[lead.id for lead in leads],
        kind="not_solved",
        facts=facts,
        ticket_id=ticket.id,
        key=f"not_solved:{ticket.id}:{callback.cycle}",
        now=turn.now,
    )
    if (await tiers_of(session, [ticket.customer_id])).get(ticket.customer_id) == Tier.A:
        await supervision.order(session, ticket, cause=Cause.VIP, now=turn.now, facts=facts)
    if callback.score is None:
        await _tell(session, ticket, "callback.sorry_rate", turn, with_scores=True)
    else:
        await _tell(session, ticket, "callback.sorry", turn)


async def _reopen(session: AsyncSession, ticket: Ticket, callback: Callback, turn: Turn) -> None:
    """The customer has more to say than an answer."""
    if callback.state in _PENDING:
        state = CallbackState.COMPLETED if callback.solved else CallbackState.CANCELLED
        _end(callback, state, now=turn.now)
    await _back_to_work(session, ticket, turn, reason="customer_message")


async def _back_to_work(session: AsyncSession, ticket: Ticket, turn: Turn, *, reason: str) -> None:
    await tickets.reopen(
        session, ticket.id, by=turn.by, now=turn.now, reason=reason, message_id=turn.message_id
    )


async def _take_late(
    session: AsyncSession,
    ticket: Ticket,
    callback: Callback | None,
    answer: Answer | None,
    turn: Turn,
) -> None:
    """A score after a "no" still counts; whatever else comes late changes nothing."""
    if callback is not None and answer is not None and answer.score is not None:
        missing = callback.state is CallbackState.COMPLETED and callback.score is None
        if missing:
            callback.score = ticket.score = answer.score
            await _log_answer(session, ticket, callback, turn)
        if missing or (ticket.status is Status.CLOSED and callback.answered_at is None):
            await _tell(session, ticket, "callback.noted", turn)
    elif answer is None and ticket.status in ACTIVE:
        await tickets.expect_answer(
            session, ticket, message_id=turn.message_id, by=turn.by, now=turn.now
        )


# Shared by all of the above


def _end(callback: Callback, state: CallbackState, *, now: datetime) -> None:
    callback.state = state
    callback.ended_at = now


async def _log_answer(
    session: AsyncSession, ticket: Ticket, callback: Callback, turn: Turn
) -> None:
    facts = {"solved": callback.solved, "score": callback.score, "cycle": callback.cycle}
    await tickets.say(session, ticket, "callback.answered", by=turn.by, now=turn.now, **facts)


async def _tell(
    session: AsyncSession, ticket: Ticket, key: str, turn: Turn, *, with_scores: bool = False
) -> None:
    if await messages.needs_calling(session, ticket):
        return  # whoever wrote down what the customer said has thanked them
    conversation = await messages.conversation_to_answer(session, ticket)
    language, texts = conversation.language, turn.texts
    buttons = [
        Button(texts.say(language, f"callback.score_{n}"), f"{BUTTON}{n}") for n in range(1, 6)
    ]
    text = texts.say(language, key).strip()
    await _say(session, ticket, text, buttons if with_scores else [], now=turn.now)


async def _say(
    session: AsyncSession, ticket: Ticket, text: str, buttons: Sequence[Button], *, now: datetime
) -> Message:
    return await messages.say_as_system(
        session, ticket, text=text, kind="survey", buttons=buttons, by=SYSTEM, now=now
    )
