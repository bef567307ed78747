"""Calendars for tests of clocks."""

from datetime import UTC, date, datetime, time, timedelta

from contact_center.calendars.days import Target, parse
from contact_center.calendars.hours import Calendar
from contact_center.calendars.week import DayKind, Override
from contact_center.sla.rules.engine import Terms
from contact_center.sla.rules.versions import calendar_digest


def weekdays(opens: int, closes: int, *, name: str = "office", zone: str = "Europe/London", **more):
    day = ((opens * 60, closes * 60),)
    return Calendar(name, zone, (day, day, day, day, day, (), ()), **more)


NINE_TO_FIVE = weekdays(9, 17)
CHINA = weekdays(9, 18, name="CN", zone="Asia/Shanghai")
NIGHTS = Calendar("nights", "Europe/London", (((22 * 60, 30 * 60),),) * 7)
CLOSED = Override(DayKind.CLOSED)


def closing(calendar: Calendar, *days: date) -> Calendar:
    overrides = {**calendar.overrides, **dict.fromkeys(days, CLOSED)}
    return Calendar(calendar.name, calendar.zone, calendar.week, overrides, calendar.valid_until)


def terms(goal: str, hours: Calendar = NINE_TO_FIVE, *, pauses: str = "waiting_customer") -> Terms:
    return Terms(goal=target(goal), hours=hours, version=calendar_digest(hours), pauses=pauses)


def target(goal: str) -> Target:
    return parse(goal)


# The week of the scenarios: Monday, 23 November 2026.


def monday(hour: int, minute: int = 0) -> datetime:
    return at(0, hour, minute)


def tuesday(hour: int, minute: int = 0) -> datetime:
    return at(1, hour, minute)


def wednesday(hour: int, minute: int = 0) -> datetime:
    return at(2, hour, minute)


def at(days: int, hour: int, minute: int = 0) -> datetime:
    day = date(2026, 11, 23) + timedelta(days=days)
    return datetime.combine(day, time(hour, minute), tzinfo=UTC)
