"""Reminds customers who say nothing, and in the end resolves what they wait for no longer.

Callers own the transaction.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.calendars.week import Calendar
from contact_center.closure import actions as closure
from contact_center.closure.models import NotReady
from contact_center.events.rules import SYSTEM
from contact_center.messages import actions as messages
from contact_center.policies.choosing import Policies
from contact_center.reminders import rules
from contact_center.settings import Settings
from contact_center.sla.actions.versions import facts_of
from contact_center.texts import Texts
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import ResolutionCode, Status, Ticket, TicketKind


async def run_due(
    session: AsyncSession,
    ticket_id: int,
    *,
    settings: Settings,
    policies: Policies,
    texts: Texts,
    now: datetime,
) -> None:
    """Plan, remind or resolve, whatever the time has come for."""
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    if ticket.status is not Status.WAITING_CUSTOMER:
        return
    hours = policies.hours_of(await facts_of(session, ticket))
    ticket.silent_since = ticket.silent_since or now
    planned = rules.schedule(settings.reminders, silent_since=ticket.silent_since, hours=hours)
    passed = planned.passed(now)
    if ticket.reminders >= rules.LAST:
        await _give_up(session, ticket, hours=hours, now=now)
    elif passed <= ticket.reminders:
        ticket.remind_at = planned.reminders[ticket.reminders]
    else:
        await _remind(session, ticket, planned, passed, hours=hours, now=now)
        await _write(session, ticket, settings=settings, texts=texts, now=now)


async def _remind(
    session: AsyncSession,
    ticket: Ticket,
    planned: rules.Schedule,
    passed: int,
    *,
    hours: Calendar,
    now: datetime,
) -> None:
    """Of several that were missed only the last is sent; the customer has a day to answer it."""
    ticket.reminders = passed
    if passed < rules.LAST:
        ticket.remind_at = planned.reminders[passed]
    elif ticket.kind is TicketKind.COMPLAINT:
        ticket.remind_at = None  # silence never ends a complaint
    else:
        a_day = rules.business_days(1, start=now, hours=hours)
        ticket.remind_at = max(planned.ends_at, a_day)
    await tickets.say(session, ticket, "ticket.reminded", by=SYSTEM, now=now, number=passed)


async def _write(
    session: AsyncSession, ticket: Ticket, *, settings: Settings, texts: Texts, now: datetime
) -> None:
    conversation = await messages.conversation_to_answer(session, ticket)
    ends_at = ticket.remind_at if ticket.reminders == rules.LAST else None
    values = {"reference": ticket.reference, "subject": ticket.subject}
    if ends_at is not None:
        values["date"] = f"{ends_at.astimezone(ZoneInfo(settings.time_zone)):%Y-%m-%d}"
    key = "reminder.first" if ends_at is None else "reminder.last"
    await messages.say_as_system(
        session,
        ticket,
        text=texts.say(conversation.language, key, **values).strip(),
        kind="reminder",
        by=SYSTEM,
        now=now,
    )


async def _give_up(
    session: AsyncSession, ticket: Ticket, *, hours: Calendar, now: datetime
) -> None:
    """Through the gate, like every resolution; what it lacks is for people to see to."""
    if ticket.kind is TicketKind.COMPLAINT:
        ticket.remind_at = None
        return
    code, kind = ResolutionCode.NO_CUSTOMER_RESPONSE, "ticket.silence_not_ended"
    try:
        await closure.resolve(session, ticket.id, code=code, by=SYSTEM, now=now)
    except NotReady as error:
        ticket.remind_at = rules.business_days(1, start=now, hours=hours)
        facts = {"needs": [one["need"] for one in error.facts["missing"]]}
        await tickets.say(session, ticket, kind, by=SYSTEM, now=now, **facts)
        to = {number for number in (ticket.assignee_id, ticket.owner_id) if number}
        await tickets.tell(session, ticket, kind, to=to, by=SYSTEM, now=now, facts=facts)
