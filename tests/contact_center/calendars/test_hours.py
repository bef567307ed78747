"""Business time: recorded deadlines, clock changes, overnight shifts."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from contact_center.calendars.borders import CHUNK, EPOCH
from contact_center.calendars.hours import add, between, is_open, next_opening
from contact_center.calendars.week import ALL_DAY, ROUND_THE_CLOCK, Calendar, DayKind, Override
from contact_center.errors import Invalid
from tests.support.calendars import (
    BY_NAME,
    CN,
    GOLDEN,
    MF0917,
    NIGHTS,
    at,
    calendar,
)

NEW_YORK = ZoneInfo("America/New_York")
LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize("case", GOLDEN["business_time"], ids=lambda case: case["id"])
def test_a_target_falls_due_when_its_business_time_has_passed(case: dict[str, Any]) -> None:
    on = BY_NAME[case["calendar"]]
    start, left = datetime.fromisoformat(case["received_utc"]), case["target_s"]

    for pause in case.get("pauses_utc", ()):
        paused, resumed = map(datetime.fromisoformat, pause)
        left -= between(on, start, paused)
        start = resumed
    due = add(on, start, left)

    assert due == datetime.fromisoformat(case["due_utc"])
    local = datetime.fromisoformat(case["due_local"])
    assert due.astimezone(ZoneInfo(case["tz"])).isoformat() == local.isoformat()


def test_g06_closing_time_belongs_to_the_interval_that_closes() -> None:
    close = datetime(2026, 11, 23, 10, tzinfo=UTC)  # Monday 18:00 in Shanghai

    assert add(CN, close - timedelta(hours=4), 4 * 3600) == close
    assert not is_open(CN, close)
    assert next_opening(CN, close) == datetime(2026, 11, 24, 1, tzinfo=UTC)
    assert between(CN, close, close + timedelta(hours=15)) == 0


def test_nothing_to_wait_for_is_now_or_the_next_opening() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    evening = datetime(2026, 11, 23, 20, tzinfo=UTC)

    assert add(MF0917, noon, 0) == noon
    assert add(MF0917, evening, 0) == datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_g12_an_interval_that_opens_in_a_skipped_hour_opens_when_the_clocks_change() -> None:
    early = calendar("early", "America/New_York", ((at(2, 30), at(6)),), days=range(7))
    midnight = datetime(2026, 3, 8, tzinfo=NEW_YORK)

    assert next_opening(early, midnight) == datetime(2026, 3, 8, 7, tzinfo=UTC)  # 03:00 EDT
    assert between(early, midnight, midnight.astimezone(UTC) + timedelta(days=1)) == 3 * 3600


def test_g12_an_interval_over_a_repeated_hour_lasts_longer() -> None:
    early = calendar("early", "America/New_York", ((at(1, 30), at(2, 30)),), days=range(7))
    midnight = datetime(2026, 11, 1, 4, tzinfo=UTC)

    assert between(early, midnight, midnight + timedelta(hours=12)) == 2 * 3600


def test_an_interval_that_the_clocks_skip_whole_is_closed_that_day() -> None:
    early = calendar("early", "America/New_York", ((at(2, 10), at(2, 50)),), days=range(7))
    day = datetime(2026, 3, 8, 5, tzinfo=UTC)

    assert between(early, day, day + timedelta(hours=20)) == 0


def test_intervals_that_meet_in_a_repeated_hour_are_counted_once() -> None:
    hours = ((at(0), at(1, 30)), (at(1, 30), at(6)))
    night = calendar("night", "America/New_York", hours, days=range(7))
    midnight = datetime(2026, 11, 1, 4, tzinfo=UTC)

    assert between(night, midnight, midnight + timedelta(hours=12)) == 7 * 3600


def test_a_shift_over_midnight_belongs_to_the_date_it_starts_on() -> None:
    closed = Override(DayKind.CLOSED)
    nights = Calendar("nights", "UTC", NIGHTS.week, {date(2026, 11, 24): closed})
    monday_night = datetime(2026, 11, 23, 22, tzinfo=UTC)

    assert between(nights, monday_night, monday_night + timedelta(hours=24)) == 8 * 3600
    assert next_opening(nights, monday_night + timedelta(hours=8)) == datetime(
        2026, 11, 25, 22, tzinfo=UTC
    )


def test_a_shift_goes_on_where_the_years_are_cut() -> None:
    """Time is worked out in chunks; one ends in this night."""
    cut = EPOCH + timedelta(seconds=53 << CHUNK)
    assert f"{cut:%Y-%m-%d %H:%M}" == "2026-05-10 03:48"

    assert is_open(NIGHTS, cut)
    assert between(NIGHTS, cut - timedelta(hours=1), cut + timedelta(hours=1)) == 2 * 3600
    assert add(NIGHTS, cut - timedelta(hours=1), 2 * 3600) == cut + timedelta(hours=1)


def test_a_half_day_closes_early() -> None:
    eve = date(2026, 12, 24)
    half = calendar("half", "Europe/London", ((at(9), at(17)),), other={eve: ((at(9), at(12)),)})

    due = add(half, datetime(2026, 12, 24, 11, tzinfo=UTC), 2 * 3600)

    assert due == datetime(2026, 12, 25, 10, tzinfo=UTC)


def test_a_place_that_skipped_a_day_had_no_business_on_it() -> None:
    """Samoa left out 2011-12-30 when it crossed the date line."""
    samoa = calendar("samoa", "Pacific/Apia", ((at(9), at(17)),), days=range(7))
    before = datetime(2011, 12, 29, 12, tzinfo=ZoneInfo("Pacific/Apia"))

    assert between(samoa, before, before.astimezone(UTC) + timedelta(days=2)) == (5 + 8 + 3) * 3600


def test_business_time_runs_over_years() -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC)

    due = add(MF0917, start, 5000 * 8 * 3600)

    assert between(MF0917, start, due) == 5000 * 8 * 3600
    assert due.year == 2039


def test_24x7_is_plain_time() -> None:
    start = datetime(2026, 3, 28, 23, 0, 5, tzinfo=LONDON)

    assert add(ROUND_THE_CLOCK, start, 10**8) == start.astimezone(UTC) + timedelta(seconds=10**8)
    assert is_open(ROUND_THE_CLOCK, start)


def test_a_calendar_that_never_opens_is_refused() -> None:
    with pytest.raises(Invalid, match="calendar never: endless closure"):
        Calendar("never", "UTC", ((),) * 7)


def test_a_target_beyond_the_horizon_says_which_calendar_is_too_short() -> None:
    minute = calendar("minute", "UTC", ((0, 1),), days=[0])

    with pytest.raises(Invalid, match="calendar minute: it has too little open time"):
        add(minute, datetime(2026, 1, 1, tzinfo=UTC), 10**8)


def test_business_time_does_not_run_backwards() -> None:
    with pytest.raises(Invalid, match="cannot be added"):
        add(CN, datetime(2026, 1, 1, tzinfo=UTC), -1)


def test_calendars_that_say_the_same_are_equal_and_can_be_keys() -> None:
    again = Calendar("24x7", "UTC", (ALL_DAY,) * 7, titles=ROUND_THE_CLOCK.titles)

    assert {ROUND_THE_CLOCK: 1}[again] == 1
