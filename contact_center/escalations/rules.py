"""When a clock reaches the rungs of the ladder, and what follows from that. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, get_args

from contact_center.calendars import days
from contact_center.calendars.hours import Calendar, add
from contact_center.escalations.models import Escalation, EscalationState
from contact_center.ladder import BREACH, Ladder, Rung, Who
from contact_center.sla.models import Clock, ClockState
from contact_center.sla.rules.engine import Run, measure

PEOPLE: Sequence[Who] = get_args(Who)  # the nearest first


class Crossing(NamedTuple):
    """A rung, counted from 1, and when the clock gets there if nothing pauses it."""

    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Climb:
    """What becomes of a clock that is looked at: what it passed, and when to look again."""

    passed: Sequence[tuple[Crossing, EscalationState]]
    next_at: datetime | None

    @property
    def fired(self) -> Crossing | None:
        return next((one for one, state in self.passed if state is EscalationState.FIRED), None)


@dataclass(frozen=True, slots=True)
class Ahead:
    """A rung that a clock will come to unless it is paused or stopped."""

    number: int
    rung: Rung
    at: datetime
    tells: Sequence[Who]


class Facts(NamedTuple):
    """What has to be known of a ticket to say how far its clocks have climbed."""

    clocks: Sequence[tuple[Clock, Run, Calendar]]
    escalations: Sequence[Escalation]
    tier: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a clock has climbed, and what is ahead of it."""

    clock: Clock
    passed: Sequence[Escalation]
    ahead: Sequence[Ahead]


def plan(run: Run, hours: Calendar, ladder: Ladder) -> list[Crossing]:
    """Nothing for what is paused or no longer owed.

    A rung that was passed before a pause, and not told before it, is passed when it ends.
    """
    return list(_crossings(run, hours, ladder))


def climb(
    run: Run, hours: Calendar, ladder: Ladder, *, rung: int, explained: bool, now: datetime
) -> Climb:
    """Of all rungs above `rung` that were passed only the highest is told.

    Like a promise, which breaks from the first instant after it was due, a rung is passed from
    the first instant after it was reached.
    """
    passed, next_at = [], None
    for one in _crossings(run, hours, ladder):
        if one.number <= rung:
            continue
        if one.at >= now:
            next_at = one.at
            break  # the others come no sooner, and need not be reckoned
        passed.append(one)
    told = [(one, EscalationState.SKIPPED_COALESCED) for one in passed]
    if passed:
        highest = passed[-1]
        is_settled = explained and ladder.rung[highest.number - 1].unless_explained
        settled, fired = EscalationState.SKIPPED_EXPLAINED, EscalationState.FIRED
        told[-1] = (highest, settled if is_settled else fired)
    return Climb(told, next_at)


def progress(facts: Facts, ladder: Ladder) -> list[Progress]:
    """Of the clocks that climb, or have climbed."""
    passed: dict[int, list[Escalation]] = {}
    for one in facts.escalations:
        passed.setdefault(one.clock_id, []).append(one)
    found = []
    for clock, run, hours in facts.clocks:
        ahead = [
            Ahead(n, ladder.rung[n - 1], at, _nearest_first(ladder.told_at(n, facts.tier)))
            for n, at in plan(run, hours, ladder)
            if n > clock.rung
        ]
        if ahead or clock.id in passed:
            found.append(Progress(clock, passed.get(clock.id, ()), ahead))
    return found


def _crossings(run: Run, hours: Calendar, ladder: Ladder) -> Iterator[Crossing]:
    """The lowest first. Days may end before a share of the time does: nobody climbs down."""
    if not run.is_owed or run.state is ClockState.PAUSED:
        return
    is_short, last = run.target < ladder.short_below.seconds, run.started_at
    for number, rung in enumerate(ladder.rung, 1):
        last = max(last, _at(run, hours, rung, is_short=is_short))
        yield Crossing(number, last)


def _nearest_first(whom: Collection[Who]) -> list[Who]:
    return [who for who in PEOPLE if who in whom]


def _at(run: Run, hours: Calendar, rung: Rung, *, is_short: bool) -> datetime:
    when, time = rung.when(is_short=is_short), measure(run.goal, hours)
    due = run.breached_at or run.due_at
    assert due is not None  # it runs, or it is broken
    if not isinstance(when, int):
        return days.due(when, due, hours).internal
    if when >= BREACH:
        more = run.target * (when - BREACH) // 100
        return add(time, due, more) if more else due
    return _before_due(run, time, run.target * when // 100, due)


def _before_due(run: Run, time: Calendar, seconds: int, due: datetime) -> datetime:
    since = run.running_since
    if since is None or since > due:
        return due
    left = seconds - run.consumed
    return min(add(time, since, left), due) if left > 0 else since
