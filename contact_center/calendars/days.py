"""Deadlines as laws and promises say them: "4bh", "15cd" rolled forward, "1mo", "3wd" at close."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from contact_center.calendars.borders import border
from contact_center.calendars.hours import _instant, add, next_opening
from contact_center.calendars.week import DAY, Calendar
from contact_center.errors import Invalid

FURTHEST = 3700  # days that are looked through for a business day


class Unit(StrEnum):
    SECONDS = "s"  # elapsed, whatever the calendar
    MINUTES = "min"
    HOURS = "h"
    BUSINESS_MINUTES = "bmin"
    BUSINESS_HOURS = "bh"
    CALENDAR_DAYS = "cd"
    WEEKS = "w"
    BUSINESS_DAYS = "wd"
    MONTHS = "mo"  # the same day of the month, or its last
    YEARS = "y"


IN_SECONDS = {
    Unit.SECONDS: 1,
    Unit.MINUTES: 60,
    Unit.HOURS: 3600,
    Unit.BUSINESS_MINUTES: 60,
    Unit.BUSINESS_HOURS: 3600,
}
LONGEST = 9999  # of most units
LONGEST_OF = {Unit.BUSINESS_DAYS: 2000, Unit.WEEKS: 520, Unit.MONTHS: 240, Unit.YEARS: 20}
ELAPSED = frozenset({Unit.SECONDS, Unit.MINUTES, Unit.HOURS})


class Count(StrEnum):
    EXCLUDE_FIRST = "exclude_first"  # the day after is day 1
    INCLUDE_FIRST = "include_first"  # the day itself is day 1


class Roll(StrEnum):
    """Where a last day goes that is no business day."""

    NONE = "none"
    FORWARD = "forward"
    BACK = "back"


class End(StrEnum):
    """When the last day ends, or business time that runs out exactly at closing time."""

    MIDNIGHT = "24:00"
    CLOSE = "close"  # of business; on a day without business at midnight
    OPENING = "opening"  # of business time alone: not at that close but when it opens again


@dataclass(frozen=True, slots=True)
class Rule:
    """How days are counted. `buffer`: business days that we want to be earlier than that."""

    count: Count = Count.EXCLUDE_FIRST
    roll: Roll = Roll.NONE
    end: End = End.CLOSE
    buffer: int = 0


TO_CLOSE = Rule()


@dataclass(frozen=True, slots=True)
class Target:
    """How long something may take. No days: the same day."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"

    @property
    def in_days(self) -> bool:
        return self.unit not in IN_SECONDS

    @property
    def seconds(self) -> int:
        """Of time: elapsed, or business time. Days have none: they are dates."""
        return self.amount * IN_SECONDS[self.unit]


@dataclass(frozen=True, slots=True)
class Due:
    """Reports use `legal`, alarms `internal`, which is never later.

    `unrolled`, `legal_day` and `internal_day` are dates in the calendar's zone, where the target
    is one of days: a day that ends at 24:00 ends at an instant of the next.
    """

    legal: datetime
    internal: datetime
    provisional: bool = False
    unrolled: date | None = None
    legal_day: date | None = None
    internal_day: date | None = None


def parse(text: str) -> Target:
    """From "4bh", "3wd", "1mo". Raises Invalid."""
    found = re.fullmatch(r"(\d{1,4}) ?([a-z]+)", text)
    if found is None or found[2] not in set(Unit):
        raise Invalid(code="clock.not_a_target", text=text, units=list(Unit))
    target = Target(int(found[1]), Unit(found[2]))
    if target.amount > LONGEST_OF.get(target.unit, LONGEST):
        raise Invalid(code="clock.target_too_long", text=text)
    if not target.amount and target.unit not in (Unit.CALENDAR_DAYS, Unit.BUSINESS_DAYS):
        raise Invalid(code="clock.target_of_nothing", text=text)
    return target


def due(target: Target, start: datetime, calendar: Calendar, rule: Rule = TO_CLOSE) -> Due:
    """When something is due that began at `start`. Raises Invalid beyond the horizon."""
    if not target.in_days:
        return _in_time(target, start, calendar, rule)
    first = start.astimezone(calendar.tz).date()
    unrolled = _last_day(target, first, start, calendar, rule)
    legal_day = _rolled(calendar, unrolled, rule.roll)
    legal = end_of(calendar, legal_day, rule.end)
    if legal <= start:  # rolled back beyond its start, or after business: that day ends at 24:00
        legal_day = max(legal_day, first)
        legal = end_of(calendar, legal_day, End.MIDNIGHT)
    internal_day = _buffered(calendar, _rolled(calendar, unrolled, Roll.BACK), rule.buffer)
    internal = end_of(calendar, internal_day, End.CLOSE)
    if not start < internal <= legal:
        internal, internal_day = legal, legal_day
    known = calendar.is_known(max(legal_day, unrolled))
    return Due(legal, internal, not known, unrolled, legal_day, internal_day)


def business_days_after(calendar: Calendar, day: date, number: int) -> date:
    """The business day that comes so many business days after (negative: before) a date."""
    step = timedelta(days=1 if number > 0 else -1)
    for _ in range(FURTHEST):
        if not number:
            return day
        day += step
        if calendar.is_business_day(day):
            number -= step.days
    raise Invalid(code="calendar.no_such_day", name=calendar.name, furthest=FURTHEST)


def week_closes(calendar: Calendar, day: date) -> datetime | None:
    """Close of the last business day up to Friday of the week from Monday on that has this date.

    A make-up Saturday ends no week; without a business day it does not end at all.
    """
    friday = day + timedelta(days=4 - day.weekday())
    for back in range(5):
        if calendar.is_business_day(last := friday - timedelta(days=back)):
            return end_of(calendar, last, End.CLOSE)
    return None


def end_of(calendar: Calendar, day: date, end: End) -> datetime:
    """Close of business, or midnight where that is asked for or there is no business."""
    hours = () if end is End.MIDNIGHT else calendar.hours_on(day)
    minute = hours[-1][1] if hours else DAY
    return _instant(border(calendar.tz, day, minute, is_end=True))


def run_out(calendar: Calendar, start: datetime, seconds: int, rule: Rule = TO_CLOSE) -> datetime:
    """When so many open seconds from `start` on are over, by the rule. Raises Invalid."""
    instant = add(calendar, start, seconds)
    return next_opening(calendar, instant) if rule.end is End.OPENING else instant


def _in_time(target: Target, start: datetime, calendar: Calendar, rule: Rule) -> Due:
    if target.unit in ELAPSED:
        instant = start + timedelta(seconds=target.seconds)
        return Due(instant, instant)
    instant = run_out(calendar, start, target.seconds, rule)
    known = calendar.is_known(instant.astimezone(calendar.tz).date())
    return Due(instant, instant, not known)


def _last_day(target: Target, first: date, start: datetime, calendar: Calendar, rule: Rule) -> date:
    if not target.amount:
        return _same_day(target, first, start, calendar, rule)
    early = rule.count is Count.INCLUDE_FIRST
    if target.unit is Unit.BUSINESS_DAYS:
        day_one = _first_business_day(first, start, calendar, rule)
        before = day_one - timedelta(days=1) if early else first
        return business_days_after(calendar, before, target.amount)
    if target.unit in (Unit.MONTHS, Unit.YEARS):
        months = target.amount * (12 if target.unit is Unit.YEARS else 1)
        last = _months_after(first, months)
        # The day before one that its month does not have is the last of that month.
        return last - timedelta(days=1) if early and last.day == first.day else last
    days = target.amount * (7 if target.unit is Unit.WEEKS else 1)
    return first + timedelta(days=days - early)


def _same_day(target: Target, first: date, start: datetime, calendar: Calendar, rule: Rule) -> date:
    """Of receipt; in business days the first of them."""
    if target.unit is Unit.CALENDAR_DAYS:
        return first
    return _first_business_day(first, start, calendar, rule)


def _first_business_day(first: date, start: datetime, calendar: Calendar, rule: Rule) -> date:
    """On which there is time left."""
    if calendar.is_business_day(first) and end_of(calendar, first, rule.end) > start:
        return first
    return business_days_after(calendar, first, 1)


def _months_after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(day.year + years, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def _rolled(calendar: Calendar, day: date, roll: Roll) -> date:
    if roll is Roll.NONE or calendar.is_business_day(day):
        return day
    return business_days_after(calendar, day, 1 if roll is Roll.FORWARD else -1)


def _buffered(calendar: Calendar, day: date, buffer: int) -> date:
    return business_days_after(calendar, day, -buffer) if buffer else day
