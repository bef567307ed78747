"""Arithmetic in business time, to the second: fractions of a second are cut off first.

Instants are aware, of any zone; results are in UTC.
"""

from datetime import UTC, datetime

from contact_center.calendars.borders import CHUNK, EPOCH
from contact_center.calendars.week import ROUND_THE_CLOCK, Calendar
from contact_center.errors import Invalid

__all__ = ["ROUND_THE_CLOCK", "Calendar", "add", "between", "is_open", "next_opening"]

FURTHEST = 60  # chunks of about a year that are looked through


def add(calendar: Calendar, start: datetime, seconds: int) -> datetime:
    """When so many open seconds have passed since `start`.

    Where they run out exactly at closing time that is the answer, not the next opening. No
    seconds: `start` if it is open, else the next opening. Raises Invalid beyond the horizon.
    """
    if seconds <= 0:
        if seconds < 0:
            raise Invalid(code="calendar.only_forward", seconds=seconds)
        return next_opening(calendar, start)
    second = _second(start)
    timeline, number = calendar.timeline, second >> CHUNK
    chunk = timeline.chunk(number)
    worked = chunk.open_before(second) + seconds
    last = number + FURTHEST
    while worked > chunk.total:
        worked -= chunk.total
        number += 1
        if number > last:
            raise _too_far(calendar, start)
        chunk = timeline.chunk(number)
    return _instant(chunk.at(worked))


def between(calendar: Calendar, start: datetime, end: datetime) -> int:
    """Open seconds from one instant to another; none where `end` comes first."""
    first, last = _second(start), _second(end)
    if last <= first:
        return 0
    timeline, number, at = calendar.timeline, first >> CHUNK, last >> CHUNK
    if at - number > FURTHEST:
        raise _too_far(calendar, start)
    passed = timeline.chunk(at).open_before(last) - timeline.chunk(number).open_before(first)
    return passed + sum(timeline.chunk(one).total for one in range(number, at))


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Open from the first second of each interval; at closing time it is closed."""
    second = _second(at)
    return calendar.timeline.chunk(second >> CHUNK).opening(second) == second


def next_opening(calendar: Calendar, at: datetime) -> datetime:
    """The instant itself if it is open."""
    second = _second(at)
    number = second >> CHUNK
    for chunk in range(number, number + FURTHEST):
        opening = calendar.timeline.chunk(chunk).opening(second)
        if opening is not None:
            return _instant(opening)
    raise _too_far(calendar, at)


def _second(at: datetime) -> int:
    passed = at - EPOCH
    return passed.days * 86_400 + passed.seconds


def _instant(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _too_far(calendar: Calendar, start: datetime) -> Invalid:
    return Invalid(
        code="calendar.too_little_time", name=calendar.name, furthest=FURTHEST, start=start
    )
