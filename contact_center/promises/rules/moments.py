"""A time as somebody says it, before it is known which day that is."""

from dataclasses import dataclass
from datetime import time, timedelta

END_OF_DAY = time(18)
NOON = time(12)
EVENING = time(21)
FIRST_HOUR = 7  # nobody means three in the night: "at 3:00" is in the afternoon


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Some of: a span from now, a day, a time of day. No day: today, or tomorrow."""

    after: timedelta | None = None
    business_days: int | None = None
    days: int | None = None  # from today
    weekday: int | None = None  # Monday is 0
    weeks: int | None = None  # from this one; None: whichever comes next
    year: int | None = None
    month: int | None = None
    day: int | None = None
    at: time | None = None

    @property
    def is_fixed(self) -> bool:
        """It is on that very day, and on no other."""
        named = (self.days, self.weeks, self.month, self.day, self.business_days)
        return any(part is not None for part in named)


def clock(hour: int, minute: int, *, afternoon: bool | None, padded: bool = False) -> time | None:
    """A time of day; `afternoon` is None where that was not said."""
    if afternoon is None:
        afternoon = 0 < hour < FIRST_HOUR and not padded
    if afternoon and hour < 12:
        hour += 12
    elif afternoon is False and hour == 12 and padded:
        hour = 0
    if hour == 24 and minute == 0:
        hour, minute = 23, 59
    return time(hour, minute) if hour < 24 and minute < 60 else None
