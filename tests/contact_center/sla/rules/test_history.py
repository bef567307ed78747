"""The invariants C1 to C4, C7, C8, T6 and T7 over histories of one clock that chance writes."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from contact_center.calendars.hours import ROUND_THE_CLOCK, Calendar, between
from contact_center.errors import Conflict
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.rules import engine
from contact_center.sla.rules.engine import Run
from contact_center.sla.rules.history import change, ran, rebuild
from contact_center.sla.rules.terms import rebase, retarget
from tests.contact_center.sla.calendars import (
    CHINA,
    NIGHTS,
    NINE_TO_FIVE,
    closing,
    monday,
    terms,
    weekdays,
)

LORD_HOWE = weekdays(9, 17, name="Lord Howe", zone="Australia/Lord_Howe")
CALENDARS = st.sampled_from([NINE_TO_FIVE, NIGHTS, CHINA, LORD_HOWE, ROUND_THE_CLOCK])
GOALS = st.sampled_from(["30bmin", "4bh", "8bh", "24bh", "3wd", "10wd", "90min", "20h", "5cd"])
STARTS = st.integers(0, 400 * 24 * 60).map(lambda m: monday(9) + timedelta(minutes=m))
STEPS = st.integers(0, 3 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
OPERATIONS = st.sampled_from(
    ["pause", "resume", "stop", "reopen", "take_back", "breach", "extend", "retarget", "rebase"]
)


@dataclass
class Event:
    at: datetime
    data: dict[str, Any]


@dataclass
class Life:
    """A clock, what its log says of it, and the states it had."""

    run: Run
    hours: Calendar
    events: list[Event] = field(default_factory=list)
    before: Run | None = None

    def turn(self, verb: str, run: Run, *, at: datetime) -> None:
        self.before = self.run
        if run != self.run:
            self.tell(change(verb, self.run, run), at=at)
        self.run = run

    def tell(self, facts: dict[str, Any], *, at: datetime) -> None:
        self.events.append(Event(at, json.loads(json.dumps({"clocks": [facts]}))))


def _extend(life: Life, at: datetime) -> Run:
    try:
        later = (life.run.due_at or at) + timedelta(days=3)
        return engine.extend(life.run, until=later, at=at, hours=life.hours)
    except Conflict:
        return life.run


def _rebase(life: Life, at: datetime) -> Run:
    old = life.hours
    life.hours = closing(old, (at + timedelta(days=1)).date())
    return rebase(life.run, at=at, old=old, new=life.hours, version=f"v{at}")


def _retarget(life: Life, at: datetime) -> Run:
    goal = "6bh" if life.run.goal != "6bh" else "40bh"
    spans = ran(life.events, (life.run.kind, life.run.ref_id))
    return retarget(life.run, terms(goal, life.hours), at=at, ran=spans)


DO: dict[str, Callable[[Life, datetime], Run]] = {
    "pause": lambda life, at: engine.pause(life.run, at=at, hours=life.hours),
    "resume": lambda life, at: engine.resume(life.run, at=at, hours=life.hours),
    "stop": lambda life, at: engine.stop(life.run, at=at, hours=life.hours, by=7),
    "reopen": lambda life, at: engine.reopen(life.run, at=at, hours=life.hours),
    "take_back": lambda life, at: engine.take_back(life.run, hours=life.hours),
    "breach": lambda life, at: engine.breach(life.run, now=at),
    "extend": _extend,
    "rebase": _rebase,
    "retarget": _retarget,
}


def begin(goal: str, hours: Calendar, at: datetime, *, pauses: str = "waiting_customer") -> Life:
    run = engine.start(
        terms(goal, hours, pauses=pauses), kind=ClockKind.RESOLUTION, at=at, ref_id=3
    )
    life = Life(run, hours)
    life.tell(change("started", None, run), at=at)
    return life


def check(life: Life, operation: str) -> None:
    run, was = life.run, life.before
    assert was is not None
    ticking = (run.state is ClockState.RUNNING, run.state is ClockState.PAUSED)
    over = run.stopped_at is not None or run.state in (ClockState.BREACHED, ClockState.CANCELLED)
    assert [*ticking, over].count(True) == 1, "C1"
    assert (run.state is ClockState.PAUSED) == (run.due_at is None and run.is_ticking), "C1"
    if run.state is ClockState.MET and run.due_at is not None:
        assert run.stopped_at is not None
        assert run.stopped_at <= run.due_at, "C2"
    if run.state is ClockState.BREACHED and run.breach_cause == "late" and run.stopped_at:
        assert run.stopped_at > (run.due_at or run.started_at), "C2"
    if operation != "retarget":  # counted anew in the time of the new terms
        assert run.consumed >= was.consumed, "C3"
    if was.state is ClockState.MET and run.state is ClockState.BREACHED:
        assert operation in ("reopen", "take_back"), "C4"


@given(
    goal=GOALS,
    hours=CALENDARS,
    start=STARTS,
    steps=st.lists(st.tuples(OPERATIONS, STEPS), max_size=25),
)
def test_c1_c2_c3_c4_hold_and_c7_the_log_says_it_all(goal, hours, start, steps) -> None:
    life, at = begin(goal, hours, start), start
    for operation, step in steps:
        at += step
        life.turn(operation, DO[operation](life, at), at=at)
        check(life, operation)

    assert rebuild(life.events) == {(ClockKind.RESOLUTION, 3, 0): life.run}, "C7"


@given(goal=GOALS, hours=CALENDARS, start=STARTS, begins=STEPS, takes=STEPS)
def test_t6_a_pause_moves_the_due_instant_by_its_overlap_with_business_time(
    goal, hours, start, begins, takes
) -> None:
    run = begin(goal, hours, start).run
    pause, end = start + begins, start + begins + takes
    assume(run.due_at is not None and pause < run.due_at)

    again = engine.resume(engine.pause(run, at=pause, hours=hours), at=end, hours=hours)

    assert run.due_at is not None
    assert again.due_at is not None
    assert again.due_at >= run.due_at
    time = engine.measure(goal, hours)
    assert between(time, run.due_at, again.due_at) == between(time, pause, end)


@given(goal=GOALS, hours=CALENDARS, start=STARTS, begins=STEPS)
def test_t7_a_pause_without_length_is_none(goal, hours, start, begins) -> None:
    run = begin(goal, hours, start).run
    pause = start + begins
    assume(run.due_at is not None and pause < run.due_at)

    again = engine.resume(engine.pause(run, at=pause, hours=hours), at=pause, hours=hours)

    assert again.due_at == run.due_at


@given(start=STARTS, goal=GOALS, status=st.sampled_from(["waiting_customer", "on_hold", ""]))
def test_c8_a_regulatory_clock_pauses_in_no_status(start, goal, status) -> None:
    assert not begin(goal, CHINA, start, pauses="").run.pauses_in(status)


def test_a_clock_made_of_its_log_is_the_same_to_the_last_field() -> None:
    life = begin("8bh", NINE_TO_FIVE, monday(9))
    life.turn("paused", DO["pause"](life, monday(11)), at=monday(11))
    life.turn("resumed", DO["resume"](life, monday(12)), at=monday(12))
    life.turn("stopped", DO["stop"](life, monday(13)), at=monday(13))

    assert list(rebuild(life.events).values()) == [life.run]
    assert life.run == replace(life.run, consumed=3 * 3600)
    assert ran(life.events, (ClockKind.RESOLUTION, 3, 0)) == [
        (monday(9), monday(11)),
        (monday(12), monday(13)),
    ]
