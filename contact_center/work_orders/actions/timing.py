"""What a team has promised for a work order: clocks of its ticket, which nothing pauses.

The order shows when they are due, so that boards are sorted by it.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.calendars.days import Target
from contact_center.calendars.week import Calendar
from contact_center.sla.actions import legs, versions
from contact_center.sla.actions.rows import Changes
from contact_center.sla.models import ClockKind
from contact_center.sla.rules.engine import Terms
from contact_center.sla.rules.versions import calendar_digest
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import Ticket
from contact_center.work_orders.models import WorkOrder

SIGN_FOR, FINISH = ClockKind.SIGN_FOR, ClockKind.FINISH


async def begin(
    session: AsyncSession,
    ticket: Ticket,
    order: WorkOrder,
    targets: Mapping[ClockKind, Target],
    *,
    calendar: Calendar,
    now: datetime,
) -> Changes:
    """The time runs from now on, for the first time or anew. Returns what to log."""
    await versions.keep_calendar(session, calendar, now=now)
    digest = calendar_digest(calendar)
    promises = {
        kind: Terms(
            goal=target,
            hours=calendar,
            version=digest,
            policy=order.kind,
            policy_version=order.policy_version,
        )
        for kind, target in targets.items()
    }
    runs, said = await legs.begin(session, ticket, promises, ref_id=order.id, start=now)
    for kind, run in runs.items():
        assert run.due_at is not None  # it has just been started
        if kind is SIGN_FOR:
            order.sign_due_at = run.due_at
        else:
            order.finish_due_at = run.due_at
    return said


async def done(
    session: AsyncSession, ticket: Ticket, order: WorkOrder, kind: ClockKind, *, now: datetime
) -> Changes:
    await tickets.note_breaches(session, ticket.id, now=now)
    return await legs.stop(session, ticket, kind, ref_id=order.id, now=now)


async def drop(
    session: AsyncSession, ticket: Ticket, order: WorkOrder, *, now: datetime
) -> Changes:
    """Nobody waits for it by a time any more."""
    await tickets.note_breaches(session, ticket.id, now=now)
    return await legs.cancel(session, ticket, ref_id=order.id, now=now)


async def extend(
    session: AsyncSession, ticket: Ticket, order: WorkOrder, *, until: datetime
) -> Changes:
    """It was asked for before the work was due, however late it is granted."""
    asked_at = order.finish_due_at
    said = await legs.extend(session, ticket, ref_id=order.id, until=until, asked_at=asked_at)
    order.finish_due_at = until
    return said
