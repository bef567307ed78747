"""What happens to a clock when what was agreed on changes, or its calendar, or its ticket."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from contact_center.calendars import days
from contact_center.calendars.hours import Calendar, between
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.rules import engine
from contact_center.sla.rules.engine import Run, Terms, measure

Span = tuple[datetime, datetime]


def retarget(run: Run, terms: Terms, *, at: datetime, ran: Sequence[Span] | None = None) -> Run:
    """The policy changed: same start, same pauses, another target; late by it is late from now on.

    `ran`: when it was running before `running_since`, where another calendar is to count that.
    """
    run = engine.breach(run, now=at)
    if not run.is_ticking:
        return run
    fresh = _start(run, terms, at=run.started_at)
    time = measure(fresh.goal, terms.hours)
    consumed = run.consumed if ran is None else sum(between(time, *span) for span in ran)
    new = replace(
        fresh,
        state=run.state,
        consumed=consumed,
        running_since=run.running_since,
        met_first=run.met_first,
        met_final=run.met_final,
    )
    if engine.used(new, at=at, hours=terms.hours) > new.target:
        over = replace(new, due_at=at, legal_due_at=at)  # nothing falls due before it is promised
        return engine.set_broken(over, at=at, cause=engine.POLICY_CHANGE)
    if run.state is ClockState.PAUSED:
        return replace(new, due_at=None)
    if consumed or run.running_since != run.started_at:
        assert run.running_since is not None
        return engine.set_running(new, since=run.running_since, hours=terms.hours)
    return new


def promise_again(run: Run, terms: Terms, *, at: datetime) -> Run:
    """What was called off is promised once more: from its first start, news from now on.

    What is owed a second time begins and ends with what made it owed.
    """
    if run.state is not ClockState.CANCELLED or run.attempt:
        return run
    start = at if run.kind is ClockKind.STATUS_UPDATE else run.started_at
    fresh = _start(run, terms, at=start)
    # Whatever it was due before has passed unnoticed: it is late from now on.
    return retarget(replace(fresh, due_at=None), terms, at=at)


def promise_late(
    terms: Terms,
    *,
    kind: ClockKind,
    start: datetime,
    stood: Sequence[tuple[datetime, datetime | None]] = (),
    at: datetime,
) -> Run:
    """What was promised only later, from an earlier start on; late by it is late from now on.

    `stood`: when such clocks of the ticket stood still; the last of these may not be over.
    """
    run = replace(engine.start(terms, kind=kind, at=start), due_at=None)
    for since, until in stood:
        run = engine.pause(run, at=max(since, start), hours=terms.hours)
        if until is not None:
            run = replace(engine.resume(run, at=until, hours=terms.hours), due_at=None)
    return retarget(run, terms, at=at)


def _start(run: Run, terms: Terms, *, at: datetime) -> Run:
    return engine.start(terms, kind=run.kind, at=at, ref_id=run.ref_id, attempt=run.attempt)


def rebase(run: Run, *, at: datetime, old: Calendar, new: Calendar, version: str) -> Run:
    """The calendar is another from `at` on: what was consumed stays, the rest runs on its hours.

    Dates that were counted and never interrupted are counted anew. What broke before stays late.
    """
    if run.due_at is not None and run.due_at < at and run.is_ticking:
        return run
    if not run.is_ticking or run.running_since is None:
        return replace(run, calendar_version=version)
    if is_in_days(run) and run.running_since == run.started_at:
        due = days.due(days.parse(run.goal), run.started_at, new, engine.parse_rule(run.rule))
        return replace(
            run,
            calendar_version=version,
            target=between(measure(run.goal, new), run.started_at, due.internal),
            due_at=due.internal,
            legal_due_at=due.legal,
            provisional=due.provisional,
        )
    since = max(at, run.running_since)
    consumed = engine.used(run, at=since, hours=old)
    kept = replace(run, calendar_version=version, consumed=consumed)
    return engine.set_running(kept, since=since, hours=new)


def is_in_days(run: Run) -> bool:
    return bool(run.goal) and days.parse(run.goal).in_days


def inherit(ours: Run, theirs: Run, *, hours: Calendar) -> Run:
    """Of two tickets that became one, this keeps the older promise. Both are owed."""
    merged = ours
    if theirs.started_at < ours.started_at and _are_one_date(ours, theirs):
        merged = replace(
            ours,
            started_at=theirs.started_at,
            running_since=theirs.running_since,
            target=theirs.target,
            due_at=theirs.due_at,
            legal_due_at=theirs.legal_due_at,
            provisional=theirs.provisional,
        )
    elif theirs.started_at < ours.started_at:
        time = measure(ours.goal, hours)
        more = between(time, theirs.started_at, ours.started_at)
        merged = replace(ours, started_at=theirs.started_at, consumed=ours.consumed + more)
        if ours.state is ClockState.RUNNING and ours.running_since is not None:
            merged = engine.set_running(merged, since=ours.running_since, hours=hours)
    if theirs.due_at and merged.due_at and theirs.due_at < merged.due_at:
        target = engine.used(merged, at=theirs.due_at, hours=hours)
        legal = theirs.legal_due_at or theirs.due_at
        merged = replace(merged, due_at=theirs.due_at, legal_due_at=legal, target=target)
    broken = theirs.breached_at
    if broken is None or (ours.breached_at or broken) < broken:
        return merged
    return engine.set_broken(merged, at=broken, cause=theirs.breach_cause or engine.LATE)


def _are_one_date(ours: Run, theirs: Run) -> bool:
    """Counted in the same days, and never interrupted: the date of the first holds."""
    same = {(run.goal, run.rule, run.calendar, run.calendar_version) for run in (ours, theirs)}
    return len(same) == 1 and all(
        run.state is ClockState.RUNNING
        and run.running_since == run.started_at
        and run.goal != ""
        and days.parse(run.goal).in_days
        for run in (ours, theirs)
    )
