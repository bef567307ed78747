"""Open time as sorted borders in seconds since 1970 (UTC), in chunks of about a year, cached.

Local arithmetic ends here: a border is turned into an instant once, and instants are subtracted.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CHUNK = 25  # bits: 2**25 seconds are 388 days
LONGEST_SHIFT = 2  # days that the hours of a date may reach beyond its midnight

_DAY = timedelta(days=1)
_ONE_SECOND = timedelta(seconds=1)


class Chunk:
    """Open intervals between two instants, with the open seconds before and up to each."""

    __slots__ = ("ends", "opened", "starts", "total", "worked")

    def __init__(self, intervals: Sequence[tuple[int, int]]) -> None:
        self.starts = [start for start, _ in intervals]
        self.ends = [end for _, end in intervals]
        self.opened: list[int] = []  # open seconds before each interval starts
        self.worked: list[int] = []  # open seconds when each interval ends
        self.total = 0
        for start, end in intervals:
            self.opened.append(self.total)
            self.total += end - start
            self.worked.append(self.total)

    def open_before(self, second: int) -> int:
        """Open seconds of this chunk that have passed at the instant."""
        number = bisect_right(self.starts, second) - 1
        if number < 0:
            return 0
        return self.opened[number] + min(second, self.ends[number]) - self.starts[number]

    def at(self, worked: int) -> int:
        """The first instant when so many open seconds, at least one, have passed.

        At the end of an interval that is the end, not the next opening.
        """
        number = bisect_left(self.worked, worked)
        return self.starts[number] + worked - self.opened[number]

    def opening(self, second: int) -> int | None:
        """The instant itself if it is open, else the next opening in this chunk."""
        number = bisect_right(self.ends, second)
        return max(second, self.starts[number]) if number < len(self.starts) else None


class Timeline:
    def __init__(self, zone: ZoneInfo, hours_on: Callable[[date], Sequence[tuple[int, int]]]):
        self._zone = zone
        self._hours_on = hours_on
        self._chunks: dict[int, Chunk] = {}

    def chunk(self, number: int) -> Chunk:
        chunk = self._chunks.get(number)
        if chunk is None:
            chunk = self._chunks[number] = Chunk(list(self._intervals(number)))
        return chunk

    def _intervals(self, number: int) -> Iterator[tuple[int, int]]:
        """Cut at the chunk's borders; what touches or overlaps (clocks set back) becomes one."""
        first, last = number << CHUNK, (number + 1) << CHUNK
        day = (EPOCH + timedelta(seconds=first)).date() - _DAY * (LONGEST_SHIFT + 1)
        beyond = (EPOCH + timedelta(seconds=last)).date() + _DAY * 2
        found = []
        while day < beyond:
            for opens, closes in self._hours_on(day):
                start = max(first, border(self._zone, day, opens, is_end=False))
                end = min(last, border(self._zone, day, closes, is_end=True))
                if start < end:
                    found.append((start, end))
            day += _DAY
        return _merged(sorted(found))


def border(zone: ZoneInfo, day: date, minute: int, *, is_end: bool) -> int:
    """The instant of a local time, in seconds since 1970.

    What the clocks skip is the instant they are set forward; of what they repeat a start is the
    first and an end the second.
    """
    local = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001  wall time
    first = local.replace(tzinfo=zone, fold=0)
    second = local.replace(tzinfo=zone, fold=1)
    before, after = _offset(first), _offset(second)
    wall = (local.replace(tzinfo=UTC) - EPOCH) // _ONE_SECOND
    if before < after:
        return _transition(zone, wall - after, wall - before)
    return wall - (after if is_end else before)


def _transition(zone: ZoneInfo, early: int, late: int) -> int:
    """The first second between the two that has the later offset."""
    offset = _offset_at(zone, late)
    while early + 1 < late:
        middle = (early + late) // 2
        if _offset_at(zone, middle) == offset:
            late = middle
        else:
            early = middle
    return late


def _offset_at(zone: ZoneInfo, second: int) -> int:
    return _offset((EPOCH + timedelta(seconds=second)).astimezone(zone))


def _offset(local: datetime) -> int:
    offset = local.utcoffset()
    assert offset is not None
    return offset // _ONE_SECOND


def _merged(intervals: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    current: tuple[int, int] | None = None
    for start, end in intervals:
        if current is not None and start <= current[1]:
            current = (current[0], max(current[1], end))
        else:
            if current is not None:
                yield current
            current = (start, end)
    if current is not None:
        yield current
