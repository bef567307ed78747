"""Invariants of business time (T1 to T10), on calendars that are hard to get right."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact_center.calendars.days import Count, End, Roll, Rule, Target, Unit, due, parse
from contact_center.calendars.hours import add, between, is_open, next_opening
from contact_center.calendars.week import (
    ALL_DAY,
    ROUND_THE_CLOCK,
    Calendar,
    DayKind,
    Hours,
    Override,
)
from tests.support.calendars import CN, CNL, NIGHTS, RECORDED_CN, UK, US, at, calendar

EVENING: Hours = ((at(18), at(26)),)
SPLIT_NIGHT: Hours = ((at(1, 30), at(2, 15)), (at(2, 15), at(3)), (at(22), at(25, 45)))
LORD_HOWE = calendar("lord howe", "Australia/Lord_Howe", SPLIT_NIGHT, days=range(7))
HARD = (
    CN,
    CNL,
    RECORDED_CN,
    UK,
    US,
    NIGHTS,
    LORD_HOWE,
    ROUND_THE_CLOCK,
    calendar("night in New York", "America/New_York", SPLIT_NIGHT, days=range(7)),
    calendar("night in London", "Europe/London", EVENING, days=range(7)),
    calendar("midnight in Cairo", "Africa/Cairo", ((at(0), at(8)),), days=range(7)),
)
ZONES = ("UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai")

calendars = st.sampled_from(HARD)
zones = st.sampled_from(ZONES)
starts = st.integers(0, 3 * 365 * 86_400).map(
    lambda second: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
)
# Near the days when the clocks change, too: that is where it goes wrong.
changes = st.builds(
    lambda day, second: datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(seconds=second),
    st.sampled_from(
        ["2026-03-08", "2026-11-01", "2026-03-29", "2026-10-25", "2026-04-04", "2026-10-03"]
    ),
    st.integers(-86_400, 2 * 86_400),
)
instants = starts | changes
seconds = st.integers(1, 400 * 3600)
gaps = st.integers(0, 60 * 86_400).map(lambda second: timedelta(seconds=second))


@given(calendars, instants, seconds)
def test_t1_what_is_added_is_what_lies_between(on: Calendar, start: datetime, long: int) -> None:
    assert between(on, start, add(on, start, long)) == long


@given(calendars, instants, seconds, seconds)
def test_t2_adding_twice_is_adding_the_sum(on: Calendar, start: datetime, a: int, b: int) -> None:
    assert add(on, add(on, start, a), b) == add(on, start, a + b)


@given(calendars, instants, gaps, gaps)
def test_t3_time_between_adds_up(
    on: Calendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    middle, end = start + first, start + first + second

    assert between(on, start, middle) + between(on, middle, end) == between(on, start, end)


@given(calendars, instants, seconds, gaps, seconds)
def test_t4_later_or_longer_is_never_due_earlier(
    on: Calendar, start: datetime, long: int, later: timedelta, longer: int
) -> None:
    assert add(on, start, long) <= add(on, start + later, long)
    assert add(on, start, long) < add(on, start, long + longer)


@given(calendars, instants, gaps)
def test_t5_open_time_is_never_more_than_time(
    on: Calendar, start: datetime, gap: timedelta
) -> None:
    assert 0 <= between(on, start, start + gap) <= gap.total_seconds()


@given(zones, instants, gaps)
def test_t5_24x7_is_all_time_in_every_zone(zone: str, start: datetime, gap: timedelta) -> None:
    always = Calendar(zone, zone, (ALL_DAY,) * 7)

    assert between(always, start, start + gap) == gap.total_seconds()
    assert add(always, start, 86_400) == start + timedelta(seconds=86_400)


def paused(
    on: Calendar, start: datetime, long: int, pauses: list[tuple[datetime, datetime]]
) -> int:
    """Seconds left when the last of the pauses ends, and from where they run: as the clocks do."""
    left, since = long, start
    for stop, resume in sorted(pauses):
        left -= between(on, since, stop)
        since = resume
    return left


@given(calendars, instants, seconds, gaps, gaps)
def test_t6_a_pause_moves_a_deadline_by_its_open_time(
    on: Calendar, start: datetime, long: int, wait: timedelta, pause: timedelta
) -> None:
    due = add(on, start, long)
    stop = min(start + wait, due - timedelta(seconds=1))
    resume = stop + pause

    moved = add(on, resume, paused(on, start, long, [(stop, resume)]))

    assert moved >= due
    assert between(on, due, moved) == between(on, stop, resume)


@given(calendars, instants, st.integers(100 * 3600, 400 * 3600), gaps, gaps)
def test_t7_disjoint_pauses_in_any_order_and_empty_ones(
    on: Calendar, start: datetime, long: int, first: timedelta, second: timedelta
) -> None:
    one = start + timedelta(hours=5), start + timedelta(hours=5) + first / 30
    two = one[1] + second / 30, one[1] + second / 30 + timedelta(hours=7)
    empty = start + timedelta(hours=2), start + timedelta(hours=2)

    left = paused(on, start, long, [one, two])

    assert paused(on, start, long, [two, one]) == left
    assert paused(on, start, long, [two, empty, one]) == left
    spent = between(on, start, two[1]) - between(on, *one) - between(on, *two)
    assert left == long - spent


@given(calendars, instants, seconds, st.integers(-2, 40))
def test_t8_a_day_off_is_never_earlier_and_a_day_worked_never_later(
    on: Calendar, start: datetime, long: int, after: int
) -> None:
    day = start.date() + timedelta(days=after)
    closed = with_day(on, day, Override(DayKind.CLOSED))
    makeup = with_day(on, day, Override(DayKind.MAKEUP, on.makeup_hours))

    assert add(closed, start, long) >= add(on, start, long)
    if not on.is_business_day(day):
        assert add(makeup, start, long) <= add(on, start, long)


def with_day(on: Calendar, day: date, override: Override) -> Calendar:
    return Calendar(on.name, on.zone, on.week, {**on.overrides, day: override})


@given(calendars, instants, seconds, zones)
def test_t9_the_zone_of_an_instant_does_not_matter(
    on: Calendar, start: datetime, long: int, zone: str
) -> None:
    assert add(on, start.astimezone(ZoneInfo(zone)), long) == add(on, start, long)
    assert add(on, start, long).tzinfo is UTC


@pytest.fixture
def restored_zone() -> Iterator[None]:
    before = os.environ.get("TZ")
    yield
    if before is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system has no tzset")
@pytest.mark.usefixtures("restored_zone")
def test_t9_the_zone_of_the_process_does_not_matter() -> None:
    start, dues = datetime(2026, 3, 28, 22, tzinfo=UTC), set()
    for zone in ZONES:
        os.environ["TZ"] = zone
        time.tzset()
        fresh = Calendar(NIGHTS.name, NIGHTS.zone, NIGHTS.week)
        dues.add(add(fresh, start, 8 * 3600))

    assert dues == {datetime(2026, 3, 29, 22, tzinfo=UTC)}


@given(calendars, instants, seconds)
def test_t10_a_deadline_at_closing_time_is_the_close(
    on: Calendar, start: datetime, long: int
) -> None:
    due = add(on, start, long)

    second_before = due - timedelta(seconds=1)
    assert is_open(on, second_before)
    assert next_opening(on, due) >= due
    if not is_open(on, due):
        assert next_opening(on, due) > due


dated = st.sampled_from(
    ["1wd", "3wd", "20wd", "0wd", "1cd", "15cd", "60cd", "8w", "1mo", "6mo", "1y"]
)
rules = st.builds(
    Rule,
    st.sampled_from(Count),
    st.sampled_from([Roll.NONE, Roll.FORWARD]),
    st.sampled_from(End),
    st.integers(0, 3),
)


@given(calendars, instants, dated, rules)
def test_what_we_aim_at_is_never_later_than_the_law(
    on: Calendar, start: datetime, text: str, rule: Rule
) -> None:
    found = due(parse(text), start, on, rule)

    assert found.internal <= found.legal
    assert found.legal_day is not None
    assert found.internal_day is not None
    assert found.internal_day <= found.legal_day
    if rule.roll is Roll.FORWARD or text.endswith("wd"):
        assert on.is_business_day(found.legal_day)


@given(calendars, instants, gaps, dated, rules)
def test_what_begins_later_is_never_due_earlier(
    on: Calendar, start: datetime, later: timedelta, text: str, rule: Rule
) -> None:
    first, second = (due(parse(text), at, on, rule) for at in (start, start + later))

    assert first.legal <= second.legal


@given(calendars, instants, st.integers(1, 60))
def test_business_days_are_counted_one_by_one(on: Calendar, start: datetime, number: int) -> None:
    day, left = start.astimezone(on.tz).date(), number
    while left:
        day += timedelta(days=1)
        left -= on.is_business_day(day)

    assert due(Target(number, Unit.BUSINESS_DAYS), start, on).legal_day == day
