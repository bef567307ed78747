"""The calendars that the recorded deadlines were worked out with."""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from contact_center.calendars.loading import load_calendars
from contact_center.calendars.week import ROUND_THE_CLOCK, Calendar, DayKind, Hours, Override
from contact_center.policies.loading import load_policies

DATA = Path("tests/data")
GOLDEN: dict[str, Any] = json.loads((DATA / "golden.json").read_text("utf-8"))
NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def at(hour: int, minute: int = 0) -> int:
    return hour * 60 + minute


NINE_TO_FIVE: Hours = ((at(9), at(17)),)
NINE_TO_SIX: Hours = ((at(9), at(18)),)
WITH_LUNCH: Hours = ((at(9), at(12)), (at(13), at(18)))


def calendar(
    name: str,
    zone: str,
    hours: Hours,
    *,
    days: Iterable[int] = range(5),
    closed: Iterable[date] = (),
    makeup: Iterable[date] = (),
    other: dict[date, Hours] | None = None,
    valid_until: date | None = None,
) -> Calendar:
    """`hours` on each of `days` (from Monday, 0); a make-up day has the same."""
    on = frozenset(days)
    overrides = {day: Override(DayKind.CLOSED) for day in closed}
    overrides |= {day: Override(DayKind.MAKEUP, hours) for day in makeup}
    overrides |= {day: Override(DayKind.OTHER, other[day]) for day in other or ()}
    week = tuple(hours if day in on else () for day in range(7))
    return Calendar(name, zone, week, overrides, valid_until)


def dates(key: str) -> list[date]:
    return [date.fromisoformat(day) for day in GOLDEN[key]]


def _china(name: str, hours: Hours) -> Calendar:
    return calendar(
        name,
        "Asia/Shanghai",
        hours,
        closed=dates("cn_2026_closed"),
        makeup=dates("cn_2026_makeup"),
        valid_until=date(2026, 12, 31),
    )


CN = _china("CN", NINE_TO_SIX)
CNL = _china("CNL", WITH_LUNCH)
UK = calendar("UK", "Europe/London", NINE_TO_FIVE, closed=dates("uk_closed"))
US = calendar("US", "America/New_York", NINE_TO_FIVE, closed=dates("us_closed"))
MF0917 = calendar("MF0917", "Europe/London", NINE_TO_FIVE)
MF0918 = calendar("MF0918", "Europe/London", NINE_TO_SIX)
NIGHTS = calendar("N2206", "Europe/London", ((at(22), at(30)),), days=range(7))

BY_NAME = {one.name: one for one in (CN, CNL, UK, US, MF0917, MF0918, NIGHTS, ROUND_THE_CLOCK)}


def _recorded() -> Calendar:
    """Of `sla.jsonl`: lunch from 12:00 to 13:30, official dates of 2023 to 2026."""
    told = json.loads((DATA / "sla_cn_calendar.json").read_text("utf-8"))

    def hours(intervals: dict[str, str]) -> Hours:
        return tuple((_minute(start), _minute(end)) for start, end in intervals.items())

    overrides = {date.fromisoformat(day): Override(DayKind.CLOSED) for day in told["holidays"]}
    overrides |= {
        date.fromisoformat(day): Override(DayKind.MAKEUP, hours(intervals))
        for day, intervals in told["shifts"].items()
    }
    week = tuple(hours(told["hours"].get(name, {})) for name in NAMES)
    return Calendar("cn", told["tz"], week, overrides)


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return at(int(hours), int(minutes))


RECORDED_CN = _recorded()


SHIPPED = load_calendars(Path("config"))
POLICIES = load_policies(Path("config"), calendars=SHIPPED)
