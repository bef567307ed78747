"""Asks the customer whether it is solved, and does what the answer demands.

Callers own the transaction.
"""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.callbacks import queries
from contact_center.callbacks.models import Callback, CallbackState
from contact_center.callbacks.rules import BUTTON, Answer, understand
from contact_center.channels.base import Button
from contact_center.conversations import queries as conversations
from contact_center.events.rules import SYSTEM, Actor, customer
from contact_center.messages import actions as messages
from contact_center.settings import Callbacks
from contact_center.texts import Texts
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import Status, Ticket, TicketKind

BATCH = 100


async def plan_callbacks(session: AsyncSession, *, settings: Callbacks, now: datetime) -> int:
    """One question for every resolution; returns how many were planned."""
    resolved = await queries.resolved_without_callback(session, limit=BATCH)
    for ticket_id, cycle, resolved_at in resolved:
        due_at = resolved_at + timedelta(minutes=settings.delay_minutes)
        await queries.plan(session, ticket_id, cycle=cycle, due_at=due_at, now=now)
    return len(resolved)


async def run_due_callbacks(
    session: AsyncSession, *, settings: Callbacks, texts: Texts, now: datetime
) -> int:
    """Ask what is to be asked, and close what nobody answered; returns how many were due."""
    due = await queries.due_callbacks(session, now=now, limit=BATCH)
    for callback in due:
        ticket = await ticket_queries.lock_ticket(session, callback.ticket_id)
        if ticket.status is not Status.RESOLVED or ticket.reopen_count != callback.cycle:
            callback.state = CallbackState.CANCELLED
        elif callback.state is CallbackState.PLANNED:
            await _ask(session, ticket, callback, settings=settings, texts=texts, now=now)
        else:
            await _expire(session, ticket, callback, now=now)
    return len(due)


async def customer_wrote(
    session: AsyncSession,
    ticket_id: int,
    *,
    text: str,
    button: str | None,
    texts: Texts,
    now: datetime,
) -> None:
    """A message on a resolved ticket: an answer to our question, or "not solved after all"."""
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    callback = await queries.callback_of(session, ticket.id, cycle=ticket.reopen_count)
    answer = understand(text, button=button)
    by = customer(ticket.customer_id)
    if callback is not None and callback.state is CallbackState.ASKED and answer is not None:
        await _take_answer(session, ticket, callback, answer, texts=texts, by=by, now=now)
        return
    if callback is not None and callback.state in (CallbackState.PLANNED, CallbackState.ASKED):
        callback.state = CallbackState.CANCELLED
    await tickets.reopen(session, ticket.id, by=by, now=now, reason="customer_message")
    ticket.waiting_since = ticket.waiting_since or now


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
    callback.asked_at = now
    callback.due_at = now + timedelta(hours=settings.answer_within_hours)
    language = await _language(session, ticket)
    buttons = [
        Button(texts.say(language, "callback.yes"), BUTTON + "yes"),
        Button(texts.say(language, "callback.no"), BUTTON + "no"),
    ]
    text = texts.say(language, "callback.ask", reference=ticket.reference, subject=ticket.subject)
    await _say(session, ticket, text, buttons, now=now)
    await tickets.say(session, ticket, "callback.asked", by=SYSTEM, now=now, cycle=callback.cycle)


async def _take_answer(
    session: AsyncSession,
    ticket: Ticket,
    callback: Callback,
    answer: Answer,
    *,
    texts: Texts,
    by: Actor,
    now: datetime,
) -> None:
    callback.solved = answer.solved if answer.solved is not None else callback.solved
    callback.score = answer.score or callback.score
    callback.answered_at = now
    language = await _language(session, ticket)
    if answer.is_bad:
        await _send_back(session, ticket, callback, by=by, now=now)
        await _say(session, ticket, texts.say(language, "callback.sorry"), [], now=now)
    elif answer.score is None:
        buttons = [
            Button(texts.say(language, f"callback.score_{n}"), f"{BUTTON}{n}") for n in range(1, 6)
        ]
        await _say(session, ticket, texts.say(language, "callback.rate"), buttons, now=now)
    else:
        callback.state = CallbackState.COMPLETED
        ticket.score = answer.score
        await _log_answer(session, ticket, callback, by=by, now=now)
        await _say(session, ticket, texts.say(language, "callback.thanks"), [], now=now)
        await tickets.close(session, ticket.id, by=by, now=now, reason="customer_confirmed")


async def _send_back(
    session: AsyncSession, ticket: Ticket, callback: Callback, *, by: Actor, now: datetime
) -> None:
    """To the same owner; leads see it as an alert on the desk."""
    callback.state = CallbackState.COMPLETED
    ticket.score = callback.score or ticket.score
    await _log_answer(session, ticket, callback, by=by, now=now)
    await tickets.reopen(session, ticket.id, by=by, now=now, reason="not_solved")
    ticket.waiting_since = ticket.waiting_since or now
    await tickets.say(
        session, ticket, "lead.alerted", by=SYSTEM, now=now, why="not_solved", score=callback.score
    )


async def _log_answer(
    session: AsyncSession, ticket: Ticket, callback: Callback, *, by: Actor, now: datetime
) -> None:
    await tickets.say(
        session,
        ticket,
        "callback.answered",
        by=by,
        now=now,
        solved=callback.solved,
        score=callback.score,
        cycle=callback.cycle,
    )


async def _expire(
    session: AsyncSession, ticket: Ticket, callback: Callback, *, now: datetime
) -> None:
    """No answer: the ticket closes, but a complaint is never closed by silence."""
    if callback.solved and callback.score is None:  # said yes, and gave no score
        callback.state = CallbackState.COMPLETED
        await tickets.close(session, ticket.id, by=SYSTEM, now=now, reason="customer_confirmed")
        return
    callback.state = CallbackState.EXPIRED
    await tickets.say(session, ticket, "callback.expired", by=SYSTEM, now=now)
    if ticket.kind is not TicketKind.COMPLAINT:
        await tickets.close(session, ticket.id, by=SYSTEM, now=now, reason="no_answer")


async def _language(session: AsyncSession, ticket: Ticket) -> str:
    return (await conversations.get_conversation(session, ticket.conversation_id)).language


async def _say(
    session: AsyncSession, ticket: Ticket, text: str, buttons: list[Button], *, now: datetime
) -> None:
    await messages.say_as_system(
        session, ticket, text=text, kind="survey", buttons=buttons, by=SYSTEM, now=now
    )
