"""When a clock reaches its rungs, and which of those it passed are told."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact_center.calendars.hours import ROUND_THE_CLOCK
from contact_center.escalations.models import EscalationState
from contact_center.escalations.rules import climb, plan
from contact_center.ladder import usual_ladder
from contact_center.sla.models import ClockKind
from contact_center.sla.rules import engine
from contact_center.sla.rules.looking import look_at
from tests.contact_center.sla.calendars import CHINA, NIGHTS, NINE_TO_FIVE, terms

LADDER = usual_ladder()
FIRED, SKIPPED = EscalationState.FIRED, EscalationState.SKIPPED_COALESCED


def cn(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """In November 2026, by the clocks of China; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC) - timedelta(hours=8)


def clock(goal: str, hours=CHINA, *, at: datetime):
    return engine.start(terms(goal, hours), kind=ClockKind.RESOLUTION, at=at)


def rungs(run, hours=CHINA) -> list[datetime]:
    return [one.at for one in plan(run, hours, LADDER)]


def test_g34_the_rungs_of_eight_business_hours() -> None:
    run = clock("8bh", at=cn(23, 9))

    assert rungs(run)[:4] == [cn(23, 13), cn(23, 15), cn(23, 17), cn(24, 18)]
    assert rungs(run)[4] == cn(30, 18)  # five working days later


def test_g34_a_pause_plans_the_rungs_anew() -> None:
    run = engine.pause(clock("8bh", at=cn(23, 9)), at=cn(23, 11), hours=CHINA)
    assert plan(run, CHINA, LADDER) == []

    again = engine.resume(run, at=cn(23, 15), hours=CHINA)

    assert rungs(again)[:3] == [cn(23, 17), cn(24, 10), cn(24, 12)]


def test_a_clock_of_less_than_eight_hours_climbs_by_shares() -> None:
    run = clock("4bh", at=cn(23, 9))

    assert rungs(run)[:4] == [cn(23, 11), cn(23, 12), cn(23, 13), cn(23, 15)]


def test_days_are_counted_by_the_clocks_own_calendar() -> None:
    run = clock("2wd", at=cn(26, 10))  # a Thursday; due on Friday at 18:00 of two days later

    assert rungs(run)[2:4] == [cn(30, 18), datetime(2026, 12, 1, 10, tzinfo=UTC)]


def test_hours_that_pass_at_night_have_their_rungs_at_night() -> None:
    run = clock("4h", ROUND_THE_CLOCK, at=cn(23, 22))

    assert rungs(run, ROUND_THE_CLOCK)[:4] == [cn(24, 0), cn(24, 1), cn(24, 2), cn(24, 4)]


def test_g35_of_what_was_passed_meanwhile_only_the_highest_rung_is_told() -> None:
    run = engine.breach(clock("8bh", at=cn(23, 9)), now=cn(23, 17, 30))

    found = climb(run, CHINA, LADDER, rung=1, explained=False, now=cn(23, 17, 30))

    assert [(one.number, one.at, state) for one, state in found.passed] == [
        (2, cn(23, 15), SKIPPED),
        (3, cn(23, 17), FIRED),
    ]
    assert found.next_at == cn(24, 18)
    assert run.breached_at == cn(23, 17)


def test_a_rung_is_passed_from_the_first_instant_after_it() -> None:
    run = clock("8bh", at=cn(23, 9))

    at_it = climb(run, CHINA, LADDER, rung=2, explained=False, now=cn(23, 17))
    after = climb(run, CHINA, LADDER, rung=2, explained=False, now=cn(23, 17, 0, 1))

    assert (at_it.fired, at_it.next_at) == (None, cn(23, 17))
    assert after.fired is not None


def test_managers_do_not_read_of_what_was_explained() -> None:
    now = cn(30, 18, 1)
    run = engine.breach(clock("8bh", at=cn(23, 9)), now=now)

    told = climb(run, CHINA, LADDER, rung=4, explained=False, now=now)
    explained = climb(run, CHINA, LADDER, rung=4, explained=True, now=now)

    assert [state for _, state in told.passed] == [FIRED]
    assert [state for _, state in explained.passed] == [EscalationState.SKIPPED_EXPLAINED]
    assert told.next_at is explained.next_at is None


def test_what_a_policy_broke_by_its_change_is_told_from_then_on() -> None:
    run = clock("8bh", at=cn(23, 9))
    broken = engine.set_broken(run, at=cn(23, 12), cause=engine.POLICY_CHANGE)

    assert rungs(broken)[1:4] == [cn(23, 12), cn(23, 12), cn(24, 18)]


CALENDARS = st.sampled_from([NINE_TO_FIVE, CHINA, NIGHTS, ROUND_THE_CLOCK])
STEPS = st.lists(st.tuples(st.integers(1, 40 * 3600), st.sampled_from("wpr")), max_size=30)


@given(CALENDARS, st.sampled_from(["20bmin", "4bh", "8bh", "2wd", "3h", "2cd"]), STEPS)
def test_c6_each_rung_is_told_once_whatever_pauses_and_however_late_one_looks(
    hours, goal, steps
) -> None:
    now = cn(23, 9)
    run = clock(goal, hours, at=now)
    rung, told, look = 0, [], look_at(run)
    for seconds, step in steps:
        now += timedelta(seconds=seconds)
        if step == "p":
            run = engine.pause(run, at=now, hours=hours)
            look = look_at(run)
        elif step == "r":
            run = engine.resume(run, at=now, hours=hours)
            look = look_at(run)
        elif look is not None and look < now:
            run = engine.breach(run, now=now)
            found = climb(run, hours, LADDER, rung=rung, explained=False, now=now)
            told += [(one.number, state) for one, state in found.passed]
            assert sum(state is FIRED for _, state in found.passed) == bool(found.passed)
            assert all(one.at < now for one, _ in found.passed)
            rung, look = max([rung, *(n for n, _ in told)]), found.next_at
        elif run.state != "paused":  # nobody looked, and nothing was missed by it
            missed = climb(run, hours, LADDER, rung=rung, explained=False, now=now)
            assert not missed.passed

    assert [number for number, _ in told] == list(range(1, rung + 1))


@pytest.mark.parametrize("goal", ["20bmin", "8bh", "2wd", "3h", "15cd"])
def test_nobody_looks_too_late_for_the_lowest_rung(goal) -> None:
    run = clock(goal, at=cn(23, 9))

    look = look_at(run)

    assert look is not None
    assert look <= rungs(run)[0]
