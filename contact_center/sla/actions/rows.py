"""Between the rows of clocks and the pure engine: every change is written and told in one place."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.calendars.hours import ROUND_THE_CLOCK, Calendar
from contact_center.sla import queries
from contact_center.sla.models import OF_WORK_ORDERS, CalendarVersion, Clock, ClockState
from contact_center.sla.rules import terms
from contact_center.sla.rules.engine import Run
from contact_center.sla.rules.history import NAMES, change
from contact_center.sla.rules.looking import look_at
from contact_center.sla.rules.versions import read_calendar

Changes = list[dict[str, Any]]  # as the log keeps them


class Promised(Protocol):
    """A ticket whose row the caller has locked."""

    id: Any
    event_count: Any
    next_due_at: Any


class Calendars:
    """The versions of some calendars, as they followed each other."""

    def __init__(self, versions: Iterable[CalendarVersion]) -> None:
        self._known: dict[tuple[str, str], Calendar] = {}
        self._line: dict[str, list[CalendarVersion]] = {}
        for version in versions:  # the oldest first
            calendar = read_calendar(version.name, version.definition)
            self._known[version.name, version.digest] = calendar
            line = self._line.setdefault(version.name, [])
            if not line or line[-1].digest != version.digest:
                line.append(version)

    def of(self, run: Run) -> Calendar:
        """By which a clock runs."""
        if run.calendar == ROUND_THE_CLOCK.name:
            return ROUND_THE_CLOCK
        return self._known[run.calendar, run.calendar_version]

    def edits(self, run: Run) -> list[CalendarVersion]:
        """What came after the version that a clock runs by; which may have come back."""
        line = self._line.get(run.calendar, [])
        is_counted = run.running_since == run.started_at and terms.is_in_days(run)
        if is_counted and line and line[-1].digest == run.calendar_version:
            return []  # counted anew by every version, from the start
        since = run.running_since or run.started_at
        ours = [n for n, version in enumerate(line) if version.digest == run.calendar_version]
        begun = [n for n in ours if line[n].effective_from <= since]
        return line[max(begun, default=min(ours, default=0)) + 1 :]

    def named(self, name: str) -> tuple[Calendar, str]:
        """As it is now, and its version."""
        line = self._line.get(name)
        if not line:
            return ROUND_THE_CLOCK, ""
        return self._known[name, line[-1].digest], line[-1].digest


async def calendars_for(session: AsyncSession, names: Iterable[str]) -> Calendars:
    wanted = set(names) - {ROUND_THE_CLOCK.name}
    return Calendars(await queries.calendar_versions(session, wanted) if wanted else ())


def run_of(clock: Clock) -> Run:
    return Run(**{name: getattr(clock, name) for name in NAMES})


def clock_row(ticket_id: int, run: Run) -> dict[str, Any]:
    """A new row, for those who write many at once."""
    values = {name: getattr(run, name) for name in NAMES}
    return {"ticket_id": ticket_id, "rung": 0, "next_rung_at": look_at(run), **values}


async def turn(
    session: AsyncSession,
    ticket: Promised,
    verb: str,
    do: Callable[[Run, Calendar], Run],
    *,
    clocks: Sequence[Clock] | None = None,
) -> Changes:
    """Do something to all clocks of a ticket (or some); its next due instant follows.

    A clock whose calendar has been edited is brought up to date first.
    """
    every = await queries.all_clocks(session, ticket.id)
    names = {clock.calendar for clock in every if clock.state is not ClockState.CANCELLED}
    calendars = await calendars_for(session, names)
    said: Changes = []
    for clock in every if clocks is None else clocks:
        if clock.state is ClockState.CANCELLED:
            continue
        said += bring_up_to_date(clock, calendars)
        run = run_of(clock)
        said += write(clock, do(run, calendars.of(run)), verb, before=run)
        said += bring_up_to_date(clock, calendars)  # what goes on after it lay stopped
    ticket.next_due_at = next_due(every)
    return said


def bring_up_to_date(clock: Clock, calendars: Calendars) -> Changes:
    """A clock that ticks goes by the calendar of now; one edit after another."""
    if clock.state not in (ClockState.RUNNING, ClockState.PAUSED):
        return []
    run = before = run_of(clock)
    for edit in calendars.edits(before):
        old = calendars.of(run)
        moved = replace(run, calendar_version=edit.digest)
        at = max(edit.effective_from, run.started_at)
        run = terms.rebase(run, at=at, old=old, new=calendars.of(moved), version=edit.digest)
    return write(clock, run, "due_recomputed", before=before)


def write(clock: Clock, after: Run, verb: str, *, before: Run | None = None) -> Changes:
    before = before or run_of(clock)
    if after == before:
        return []
    for name in NAMES:
        if getattr(after, name) != getattr(before, name):
            setattr(clock, name, getattr(after, name))
    clock.next_rung_at = look_at(after)
    broke = after.state is ClockState.BREACHED is not before.state and after.stopped_at is None
    return [change("breached" if broke else verb, before, after)]


def next_due(clocks: Collection[Clock]) -> datetime | None:
    """The earliest promise to the customer that is still to be kept, broken ones included."""
    dues = (c.due_at for c in clocks if c.is_owed and c.kind not in OF_WORK_ORDERS)
    return min((due for due in dues if due is not None), default=None)
