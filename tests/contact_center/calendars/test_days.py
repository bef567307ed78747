"""Deadlines in days: weekends, holidays, month ends, what is legal and what we aim at."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from contact_center.calendars.days import (
    Count,
    End,
    Roll,
    Rule,
    Target,
    Unit,
    due,
    parse,
    week_closes,
)
from contact_center.calendars.week import Calendar, DayKind, Override
from contact_center.errors import Invalid
from tests.support.calendars import BY_NAME, CN, GOLDEN, UK, US

CIVIL_CODE = Rule(roll=Roll.FORWARD, end=End.MIDNIGHT)
NO_ROLL = Rule(end=End.MIDNIGHT)


def noon(day: str, on: Calendar) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(on.zone))


def local(on: Calendar, instant: datetime) -> str:
    return f"{instant.astimezone(ZoneInfo(on.zone)):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize("case", GOLDEN["business_days"], ids=lambda case: case["id"])
def test_business_days_end_at_close_of_the_last(case: dict[str, Any]) -> None:
    on = BY_NAME[case["calendar"]]

    found = due(Target(case["business_days"], Unit.BUSINESS_DAYS), noon(case["received"], on), on)

    close = "17:00" if case["calendar"] == "UK" else "18:00"
    assert local(on, found.legal) == f"{case['due_date']} {close}"
    assert str(found.legal_day) == case["due_date"]
    assert found.internal == found.legal


@pytest.mark.parametrize("case", GOLDEN["calendar_days_cn"], ids=lambda case: case["id"])
def test_g40_the_law_rolls_forward_and_we_aim_at_the_day_before(case: dict[str, Any]) -> None:
    target = Target(case["calendar_days"], Unit.CALENDAR_DAYS)

    found = due(target, noon(case["received"], CN), CN, CIVIL_CODE)

    assert str(found.unrolled) == case["unrolled"]
    assert str(found.legal_day) == case["legal_rolled_forward"]
    assert str(found.internal_day) == case["internal_rolled_back"]
    assert local(CN, found.internal) == f"{case['internal_rolled_back']} 18:00"


@pytest.mark.parametrize(
    ("received", "legal", "internal"),
    [
        ("2026-10-02", "2026-11-28 00:00", "2026-11-27 17:00"),  # Friday 27th, 24:00
        ("2026-11-06", "2027-01-02 00:00", "2026-12-31 17:00"),  # New Year's Day, no roll
    ],
)
def test_g39_eight_weeks_are_not_rolled(received: str, legal: str, internal: str) -> None:
    for target in (Target(56, Unit.CALENDAR_DAYS), Target(8, Unit.WEEKS)):
        found = due(target, noon(received, UK), UK, NO_ROLL)

        assert local(UK, found.legal) == legal
        assert local(UK, found.internal) == internal


@pytest.mark.parametrize(
    ("week_of", "closes"),
    [
        ("2026-09-14", "2026-09-18 18:00"),
        ("2026-09-24", "2026-09-24 18:00"),  # Friday 25th is a holiday
        ("2026-09-27", "2026-09-24 18:00"),
        ("2026-09-28", "2026-09-30 18:00"),
        ("2026-10-10", "2026-10-09 18:00"),  # Saturday 10th is worked, but Friday is the day
        ("2026-02-16", None),
    ],
)
def test_g37_a_week_closes_with_its_last_business_day_up_to_friday(
    week_of: str, closes: str | None
) -> None:
    found = week_closes(CN, date.fromisoformat(week_of))

    assert (local(CN, found) if found else None) == closes


@pytest.mark.parametrize(
    ("target", "received", "last_day"),
    [
        ("15cd", "2026-11-20", "2026-12-05"),  # a Saturday: the CFPB does not roll
        ("60cd", "2026-11-20", "2027-01-19"),
        ("1mo", "2026-01-31", "2026-02-28"),
        ("1mo", "2026-11-30", "2026-12-30"),
        ("1y", "2028-02-29", "2029-02-28"),
        ("30cd", "2026-11-20", "2026-12-20"),  # ASIC
        ("7cd", "2026-11-20", "2026-11-27"),  # Brazil
        ("6w", "2026-11-24", "2027-01-05"),  # Ofcom
    ],
)
def test_g42_days_weeks_and_months(target: str, received: str, last_day: str) -> None:
    found = due(parse(target), noon(received, US), US, NO_ROLL)

    assert str(found.legal_day) == last_day
    assert found.internal <= found.legal


def test_g14_a_date_past_the_official_schedule_is_provisional() -> None:
    target, start = parse("10wd"), noon("2026-12-30", CN)
    new_year = {**CN.overrides, date(2027, 1, 1): Override(DayKind.CLOSED)}
    told = Calendar(CN.name, CN.zone, CN.week, new_year, CN.valid_until)
    official = Calendar(CN.name, CN.zone, CN.week, new_year, date(2027, 12, 31))

    found = [due(target, start, on) for on in (CN, told, official)]

    assert [str(one.legal_day) for one in found] == ["2027-01-13", "2027-01-14", "2027-01-14"]
    assert [one.provisional for one in found] == [True, True, False]


def test_elapsed_time_is_the_same_on_every_calendar_and_never_provisional() -> None:
    start = datetime(2027, 1, 1, 22, tzinfo=UTC)

    found = due(parse("2h"), start, CN)

    assert found.legal == found.internal == datetime(2027, 1, 2, tzinfo=UTC)
    assert not found.provisional


def test_business_hours_run_on_the_calendar() -> None:
    assert local(CN, due(parse("90bmin"), noon("2026-09-30", CN), CN).legal) == "2026-09-30 13:30"
    assert due(parse("1bh"), noon("2027-01-05", CN), CN).provisional


def test_the_first_day_counts_where_the_rule_says_so() -> None:
    counted = Rule(count=Count.INCLUDE_FIRST)

    assert str(due(parse("3wd"), noon("2026-11-23", UK), UK, counted).legal_day) == "2026-11-25"
    assert str(due(parse("7cd"), noon("2026-11-23", UK), UK, counted).legal_day) == "2026-11-29"
    assert str(due(parse("1mo"), noon("2026-11-23", UK), UK, counted).legal_day) == "2026-12-22"


@pytest.mark.parametrize(
    ("target", "rule", "last_day", "end"),
    [
        ("1wd", Rule(count=Count.INCLUDE_FIRST), "2026-11-24", "11-24 17:00"),
        ("2wd", Rule(count=Count.INCLUDE_FIRST), "2026-11-25", "11-25 17:00"),
        ("1cd", Rule(count=Count.INCLUDE_FIRST), "2026-11-23", "11-24 00:00"),
        ("0cd", Rule(), "2026-11-23", "11-24 00:00"),
    ],
)
def test_nothing_that_begins_after_business_is_due_before_it_began(
    target: str, rule: Rule, last_day: str, end: str
) -> None:
    start = datetime(2026, 11, 23, 20, 0, tzinfo=ZoneInfo("Europe/London"))  # a Monday

    found = due(parse(target), start, UK, rule)

    assert (str(found.legal_day), local(UK, found.legal)[5:]) == (last_day, end)
    assert start < found.internal <= found.legal


def test_rolling_back_stops_where_it_began() -> None:
    sunday = noon("2026-11-22", UK)

    found = due(parse("0cd"), sunday, UK, Rule(roll=Roll.BACK, end=End.MIDNIGHT))

    assert str(found.legal_day) == "2026-11-22"
    assert found.internal > sunday


def test_a_month_that_counts_its_first_day_ends_with_a_shorter_month() -> None:
    counted = Rule(count=Count.INCLUDE_FIRST, end=End.MIDNIGHT)

    for received, last_day in (
        ("2026-01-31", "2026-02-28"),
        ("2026-03-31", "2026-04-30"),
        ("2026-03-01", "2026-03-31"),
    ):
        found = due(parse("1mo"), noon(received, UK), UK, counted)
        assert str(found.legal_day) == last_day


def test_a_last_day_can_be_rolled_back() -> None:
    back = Rule(roll=Roll.BACK)

    assert str(due(parse("5cd"), noon("2026-11-23", UK), UK, back).legal_day) == "2026-11-27"


def test_a_buffer_makes_our_own_date_earlier() -> None:
    found = due(parse("15cd"), noon("2026-09-16", CN), CN, Rule(roll=Roll.FORWARD, buffer=2))

    assert str(found.internal_day) == "2026-09-28"
    assert str(found.legal_day) == "2026-10-08"


def test_our_own_date_is_never_before_the_start() -> None:
    found = due(parse("1cd"), noon("2026-11-21", UK), UK, NO_ROLL)  # a Saturday

    assert found.internal == found.legal
    assert local(UK, found.legal) == "2026-11-23 00:00"


@pytest.mark.parametrize(
    ("received", "last_day"),
    [
        ("2026-11-23T12:00", "2026-11-23"),
        ("2026-11-23T17:00", "2026-11-24"),  # closed already
        ("2026-11-21T12:00", "2026-11-23"),  # a Saturday
    ],
)
def test_the_same_day_is_the_first_with_time_left(received: str, last_day: str) -> None:
    start = datetime.fromisoformat(received).replace(tzinfo=ZoneInfo("Europe/London"))

    assert str(due(parse("0wd"), start, UK).legal_day) == last_day


def test_the_same_calendar_day_ends_at_midnight() -> None:
    found = due(parse("0cd"), noon("2026-11-21", UK), UK, NO_ROLL)

    assert local(UK, found.legal) == "2026-11-22 00:00"


def test_midnight_in_a_skipped_hour_is_when_the_clocks_change() -> None:
    """Cairo sets its clocks forward at midnight."""
    cairo = Calendar("cairo", "Africa/Cairo", (((540, 1020),),) * 7)

    found = due(parse("1cd"), noon("2026-04-22", cairo), cairo, NO_ROLL)

    assert found.legal == datetime(2026, 4, 23, 22, tzinfo=UTC)


@pytest.mark.parametrize("text", ["4bh", "60s", "3wd", "1mo", "8w", "2y", "90bmin", "0wd"])
def test_targets_are_written_as_they_are_read(text: str) -> None:
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("4", "write a number and one of"),
        ("-4bh", "write a number and one of"),
        ("4 days", "write a number and one of"),
        ("12345h", "write a number and one of"),
        ("0bh", "is no time at all"),
        ("21y", "is too long"),
    ],
)
def test_what_is_no_target_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        parse(text)
