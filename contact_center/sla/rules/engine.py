"""What a change makes of a clock. Pure functions; instants are aware UTC.

A running clock has used up `consumed` seconds before `running_since` and falls due when it has
used up its `target`, in the time it is measured in: business time of its calendar, or all time.
A pause therefore moves the due instant by its overlap with that time, and by no more.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from contact_center.calendars import days
from contact_center.calendars.days import TO_CLOSE, Rule, Target, Unit
from contact_center.calendars.hours import ROUND_THE_CLOCK, Calendar, between
from contact_center.errors import Conflict
from contact_center.sla.models import ClockKind, ClockState

LATE = "late"
POLICY_CHANGE = "policy_change"
_BUSINESS = {Unit.BUSINESS_MINUTES, Unit.BUSINESS_HOURS, Unit.BUSINESS_DAYS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is promised, and in whose time."""

    goal: Target
    hours: Calendar = ROUND_THE_CLOCK
    version: str = ""  # of the calendar
    rule: Rule = TO_CLOSE
    pauses: str = ""  # statuses of a ticket, separated by commas
    policy: str = ""
    policy_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A clock at one moment: the columns of its row that the engine answers for."""

    kind: ClockKind
    ref_id: int
    attempt: int = 0
    state: ClockState = ClockState.RUNNING
    goal: str
    target: int
    calendar: str
    calendar_version: str
    rule: str
    pauses: str
    started_at: datetime
    consumed: int = 0
    running_since: datetime | None
    due_at: datetime | None
    legal_due_at: datetime | None
    provisional: bool = False
    stopped_at: datetime | None = None
    stopped_by: int | None = None
    breached_at: datetime | None = None
    breach_cause: str | None = None
    met_first: bool | None = None
    met_final: bool | None = None
    policy: str = ""
    policy_version: str = ""

    @property
    def is_ticking(self) -> bool:
        return self.state in (ClockState.RUNNING, ClockState.PAUSED)

    @property
    def is_owed(self) -> bool:
        return self.stopped_at is None and self.state is not ClockState.CANCELLED

    def pauses_in(self, status: str) -> bool:
        return bool(status) and status in self.pauses.split(",")


def measure(goal: str, hours: Calendar) -> Calendar:
    """The time a clock is measured in: calendar days and plain hours pass around the clock."""
    return hours if goal and days.parse(goal).unit in _BUSINESS else ROUND_THE_CLOCK


def start(terms: Terms, *, kind: ClockKind, at: datetime, ref_id: int = 0, attempt: int = 0) -> Run:
    at = at.replace(microsecond=0)  # business time has no fractions, and all clocks agree
    goal, hours = terms.goal, terms.hours
    due = days.due(goal, at, hours, terms.rule)
    time, needs_calendar = measure(str(goal), hours), goal.unit not in days.ELAPSED
    return Run(
        kind=kind,
        ref_id=ref_id,
        attempt=attempt,
        goal=str(goal),
        target=between(time, at, due.internal) if goal.in_days else goal.seconds,
        calendar=hours.name if needs_calendar else ROUND_THE_CLOCK.name,
        calendar_version=terms.version if needs_calendar else "",
        rule=rule_text(terms.rule),
        pauses=terms.pauses,
        started_at=at,
        running_since=at,
        due_at=due.internal,
        legal_due_at=due.legal,
        provisional=due.provisional,
        policy=terms.policy,
        policy_version=terms.policy_version,
    )


def used(run: Run, *, at: datetime, hours: Calendar) -> int:
    """Seconds of its target that have passed."""
    if run.running_since is None:
        return run.consumed
    return run.consumed + between(measure(run.goal, hours), run.running_since, at)


def breach(run: Run, *, now: datetime) -> Run:
    """Broken from the first instant after it fell due, however late that is noticed."""
    if run.state is not ClockState.RUNNING or run.due_at is None or run.due_at >= now:
        return run
    return set_broken(run, at=run.due_at, cause=LATE)


def pause(run: Run, *, at: datetime, hours: Calendar) -> Run:
    run = breach(run, now=at)
    if run.state is not ClockState.RUNNING:
        return run
    consumed = used(run, at=at, hours=hours)
    return replace(run, state=ClockState.PAUSED, consumed=consumed, running_since=None, due_at=None)


def resume(run: Run, *, at: datetime, hours: Calendar) -> Run:
    if run.state is not ClockState.PAUSED:
        return run
    return set_running(run, since=at, hours=hours)


def stop(run: Run, *, at: datetime, hours: Calendar, by: int | None = None) -> Run:
    """Done: met if and only if at or before the due instant, or within the target while paused."""
    if not run.is_owed:
        return run
    run = breach(run, now=at)
    done = replace(
        run,
        consumed=used(run, at=at, hours=hours),
        running_since=None,
        stopped_at=at,
        stopped_by=by,
    )
    if done.state is ClockState.BREACHED:
        return done
    if done.state is ClockState.PAUSED and done.consumed > done.target:
        return set_broken(done, at=at, cause=LATE)
    first = True if done.met_first is None else done.met_first
    return replace(done, state=ClockState.MET, met_first=first, met_final=True)


def reopen(run: Run, *, at: datetime, hours: Calendar) -> Run:
    """It goes on where it stopped, without the time it lay stopped."""
    if run.stopped_at is None or run.state is ClockState.CANCELLED:
        return run
    again = replace(run, stopped_at=None, stopped_by=None)
    if run.state is ClockState.BREACHED:
        return replace(again, running_since=at)
    return set_running(replace(again, met_final=None), since=at, hours=hours)


def take_back(run: Run, *, hours: Calendar) -> Run:
    """What stopped it never arrived: it has run all the time."""
    if run.stopped_at is None:
        return run
    again = replace(run, stopped_at=None, stopped_by=None)
    if run.state is ClockState.BREACHED:
        return replace(again, running_since=run.stopped_at)
    again = replace(again, met_first=None, met_final=None)
    return set_running(again, since=run.stopped_at, hours=hours)


def cancel(run: Run, *, at: datetime, excluded: bool = False) -> Run:
    """No longer owed. What is broken stays so, unless it is to count for nothing at all."""
    if not run.is_owed:
        return run
    if run.state is ClockState.BREACHED and not excluded:
        return replace(run, stopped_at=at, running_since=None)
    return annul(run, at=at)


def annul(run: Run, *, at: datetime) -> Run:
    """It never applied, whatever became of it, and counts for nothing."""
    return replace(
        run,
        state=ClockState.CANCELLED,
        running_since=None,
        stopped_at=at,
        due_at=None,
        stopped_by=None,
        breached_at=None,
        breach_cause=None,
        met_first=None,
        met_final=None,
    )


def extend(run: Run, *, until: datetime, at: datetime, hours: Calendar) -> Run:
    """A later due instant, agreed before the legal one. Raises Conflict.

    Where only our own, earlier instant was missed, it runs again; the log keeps that it was.
    """
    run = breach(run, now=at)
    is_late = run.legal_due_at is None or at > run.legal_due_at
    may_run = run.state is ClockState.RUNNING or (
        run.state is ClockState.BREACHED and run.running_since is not None and not is_late
    )
    if not may_run or not run.is_owed or run.due_at is None:
        raise Conflict(code="clock.not_running", clock=run.kind)
    if until <= run.due_at:
        raise Conflict(code="clock.no_extension", until=until, due_at=run.due_at)
    return replace(
        run,
        state=ClockState.RUNNING,
        target=used(run, at=until, hours=hours),
        due_at=until,
        legal_due_at=until,
        provisional=False,
        breached_at=None,
        breach_cause=None,
        met_final=None,
    )


def set_running(run: Run, *, since: datetime, hours: Calendar) -> Run:
    left = run.target - run.consumed
    rule = parse_rule(run.rule)
    due = days.run_out(measure(run.goal, hours), since, left, rule) if left > 0 else since
    return replace(
        run,
        state=ClockState.RUNNING,
        running_since=since,
        due_at=due,
        legal_due_at=due,
        provisional=not hours.is_known(due.astimezone(hours.tz).date()),
    )


def set_broken(run: Run, *, at: datetime, cause: str) -> Run:
    first = False if run.met_first is None else run.met_first
    return replace(
        run,
        state=ClockState.BREACHED,
        breached_at=at,
        breach_cause=cause,
        met_first=first,
        met_final=False,
    )


def rule_text(rule: Rule) -> str:
    if rule == TO_CLOSE:
        return ""
    return f"{rule.count},{rule.roll},{rule.end},{rule.buffer}"


def parse_rule(text: str) -> Rule:
    if not text:
        return TO_CLOSE
    count, roll, end, buffer = text.split(",")
    return Rule(days.Count(count), days.Roll(roll), days.End(end), int(buffer))
