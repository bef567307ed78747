"""The scenarios of business time as they are told: in local times, with what is promised."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from contact_center.calendars.days import due, parse
from tests.support.calendars import BY_NAME

LONDON, NEW_YORK, LORD_HOWE = "Europe/London", "America/New_York", "Australia/Lord_Howe"


@pytest.mark.parametrize(
    ("scenario", "calendar", "target", "received", "falls_due"),
    [
        ("G01", "CN", "4bh", "2026-09-18 17:00", "Sun 2026-09-20 12:00"),
        ("G01", "CNL", "4bh", "2026-09-18 17:00", "Sun 2026-09-20 12:00"),
        ("G02", "CN", "4bh", "2026-09-30 17:30", "Thu 2026-10-08 12:30"),
        ("G03", "CN", "4bh", "2026-10-09 17:00", "Sat 2026-10-10 12:00"),
        ("G04", "CN", "12bh", "2026-02-13 17:00", "Tue 2026-02-24 11:00"),
        ("G05", "CNL", "1bh", "2026-11-23 11:30", "Mon 2026-11-23 13:30"),
        ("G05", "CNL", "1bh", "2026-11-23 12:15", "Mon 2026-11-23 14:00"),
        ("G06", "CN", "1bh", "2026-11-23 18:00", "Tue 2026-11-24 10:00"),
        ("G06", "CN", "4bh", "2026-11-23 14:00", "Mon 2026-11-23 18:00"),
        ("G07", "MF0917", "24bh", "2026-11-20 16:55", "Wed 2026-11-25 16:55"),
        ("G07", "MF0918", "8bh", "2026-11-23 16:00", "Tue 2026-11-24 15:00"),
        ("G07", "MF0917", "1bh", "2026-11-23 16:30", "Tue 2026-11-24 09:30"),
        ("G08", "UK", "4bh", "2026-12-24 16:00", "Tue 2026-12-29 12:00"),
        ("G09", "US", "4bh", "2026-11-25 16:00", "Fri 2026-11-27 12:00"),
        ("G11", "N2206", "8bh", "2026-03-28 22:00", "Sun 2026-03-29 23:00"),
        ("G11", "N2206", "8bh", "2026-10-24 22:00", "Sun 2026-10-25 05:00"),
        ("G13", "US", "2bh", "2026-03-06 16:00", "Mon 2026-03-09 10:00"),
    ],
)
def test_business_hours_fall_due_at_the_local_time_that_is_told(
    scenario: str, calendar: str, target: str, received: str, falls_due: str
) -> None:
    on = BY_NAME[calendar]
    start = datetime.fromisoformat(received).replace(tzinfo=on.tz)

    found = due(parse(target), start, on)

    assert f"{found.legal.astimezone(on.tz):%a %Y-%m-%d %H:%M}" == falls_due, scenario
    assert found.internal == found.legal


@pytest.mark.parametrize(
    ("zone", "target", "received", "falls_due"),
    [
        (LONDON, "4h", "2026-03-28T23:00+00:00", "2026-03-29T04:00:00+01:00"),
        (LONDON, "4h", "2026-10-24T23:00+01:00", "2026-10-25T02:00:00+00:00"),
        (NEW_YORK, "1h", "2026-03-08T01:30-05:00", "2026-03-08T03:30:00-04:00"),
        (NEW_YORK, "2h", "2026-11-01T00:30-04:00", "2026-11-01T01:30:00-05:00"),
        (LORD_HOWE, "2h", "2026-04-05T01:00+11:00", "2026-04-05T02:30:00+10:30"),
        (LORD_HOWE, "2h", "2026-10-04T01:00+10:30", "2026-10-04T03:30:00+11:00"),
    ],
)
def test_g10_around_the_clock_an_hour_is_an_hour_whatever_clocks_do(
    zone: str, target: str, received: str, falls_due: str
) -> None:
    start = datetime.fromisoformat(received)

    found = due(parse(target), start, BY_NAME["24x7"])

    assert found.legal.astimezone(ZoneInfo(zone)).isoformat() == falls_due


def test_g13_two_hours_over_the_change_of_clocks_are_14_00_utc() -> None:
    start = datetime.fromisoformat("2026-03-06T16:00-05:00")

    found = due(parse("2bh"), start, BY_NAME["US"])

    assert found.legal.isoformat() == "2026-03-09T14:00:00+00:00"
