"""Gathers what explains the clocks of a ticket. Changes nothing."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.calendars.hours import Calendar
from contact_center.events.models import Event
from contact_center.sla.actions.rows import Calendars, calendars_for, run_of
from contact_center.sla.actions.versions import policies_of
from contact_center.sla.models import Clock
from contact_center.sla.rules.engine import Run
from contact_center.sla.rules.history import pauses
from contact_center.sla.rules.reasons import Reason, terms_of


async def reasons_for(
    session: AsyncSession, clocks: Sequence[Clock], events: Sequence[Event]
) -> list[Reason]:
    """`events` are all of the ticket, the oldest first."""
    calendars = await calendars_for(session, {clock.calendar for clock in clocks})
    versions = {clock.policy_version for clock in clocks}
    known = {version: await policies_of(session, version) for version in versions}
    found = []
    for clock in clocks:
        run = run_of(clock)
        terms = terms_of(run, known[clock.policy_version], _hours(run, calendars))
        key = (clock.kind, clock.ref_id, clock.attempt)
        found.append(Reason(clock, terms, pauses(events, key)))
    return found


def _hours(run: Run, calendars: Calendars) -> Calendar:
    try:
        return calendars.of(run)
    except KeyError:  # cancelled before versions were kept
        return calendars.named(run.calendar)[0]
