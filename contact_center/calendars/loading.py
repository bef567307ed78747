"""Reads `calendars.toml`. Every error names the file, the key and the reason."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from contact_center.calendars.countries import Official, official_days
from contact_center.calendars.week import (
    DAY,
    ROUND_THE_CLOCK,
    Calendar,
    DayKind,
    Hours,
    Override,
    Week,
)
from contact_center.errors import Invalid
from contact_center.settings import SettingsError, config_file

Calendars: TypeAlias = Mapping[str, Calendar]

FILE = "calendars.toml"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_CLOSURE = 366  # days

_ONE_DAY = timedelta(days=1)
_TIME = r"([01]\d|2[0-4]):([0-5]\d)"


class CalendarTable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    title: dict[Literal["en", "zh"], str] = {}
    zone: str
    hours: dict[str, list[str]]
    holidays: str | None = None
    makeup_hours: list[str] | None = None
    closed: list[date | str] = []
    makeup: list[date | str] = []
    dates: dict[str, list[str]] = {}
    valid_until: date | None = None


_TABLES = TypeAdapter(
    dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")], CalendarTable]
)


def load_calendars(directory: Path) -> Calendars:
    """From the config directory, by name, "24x7" among them. Raises SettingsError."""
    file = config_file(directory, FILE)
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file}: {error}") from error
    return parse_calendars(table, file=str(file))


def parse_calendars(tables: Mapping[str, Any], *, file: str) -> Calendars:
    """Raises SettingsError."""
    try:
        found = _TABLES.validate_python(tables)
    except ValidationError as error:
        reasons = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise SettingsError(f"{file}: " + "; ".join(reasons)) from None
    calendars = {ROUND_THE_CLOCK.name: ROUND_THE_CLOCK}
    for name, table in found.items():
        if name in calendars:
            raise SettingsError(f"{file}: {name}: this calendar is always there; choose a name")
        try:
            calendars[name] = build(name, table)
        except Invalid as error:
            raise SettingsError(f"{file}: {name}.{error}") from error
    return MappingProxyType(calendars)


def build(name: str, table: CalendarTable) -> Calendar:
    """Raises Invalid that names the key and the reason."""
    _check_zone(table.zone)
    week = _week(table.hours)
    official = _official(table.holidays)
    calendar = Calendar(
        name,
        table.zone,
        week,
        _overrides(table, week, official),
        table.valid_until or (official.known_until if official else None),
        tuple(table.title.items()),
    )
    _check_neighbours(calendar)
    return calendar


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(f"zone: unknown zone {zone!r}: write one like Asia/Shanghai") from None


def _official(code: str | None) -> Official | None:
    try:
        return official_days(code) if code is not None else None
    except Invalid as error:
        raise Invalid(f"holidays: {error}") from None


def _week(hours: Mapping[str, Sequence[str]]) -> Week:
    days: dict[int, Hours] = {}
    for key, texts in hours.items():
        for day in _weekdays(key):
            if day in days:
                raise Invalid(f"hours.{key}: {WEEKDAYS[day]} is there twice")
            days[day] = _hours(texts, f"hours.{key}")
    if not any(days.values()):
        raise Invalid("hours: endless closure: no weekday has hours")
    mon, tue, wed, thu, fri, sat, sun = (days.get(day, ()) for day in range(7))
    return mon, tue, wed, thu, fri, sat, sun


def _weekdays(key: str) -> Iterable[int]:
    """Of "mon" or "mon-fri"."""
    first, _, last = key.partition("-")
    if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
        raise Invalid(f"hours.{key}: write mon, tue, wed, thu, fri, sat, sun, or mon-fri")
    days = range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1)
    if not days:
        raise Invalid(f"hours.{key}: {last} comes before {first}")
    return days


def _hours(texts: Sequence[str], key: str) -> Hours:
    hours = sorted(_interval(text, key) for text in texts)
    for (_, end), (start, _) in pairwise(hours):
        if start < end:
            raise Invalid(f"{key}: overlap: {_time(start)} is before the end at {_time(end)}")
    return tuple(hours)


def _interval(text: str, key: str) -> tuple[int, int]:
    """Minutes since midnight; "+1" is the next day."""
    found = re.fullmatch(rf"{_TIME}-{_TIME}(\+1)?", text)
    if found is None:
        raise Invalid(
            f'{key}: {text!r} is not like "09:00-18:00", or "22:00-06:00+1" over midnight'
        )
    start, end = (int(found[n]) * 60 + int(found[n + 1]) for n in (1, 3))
    if max(start, end) > DAY:
        raise Invalid(f"{key}: {text}: a day ends at 24:00")
    end += DAY if found[5] else 0
    if end <= start:
        raise Invalid(f"{key}: {text}: end before start; over midnight write {text}+1")
    if end - start > DAY:
        raise Invalid(f"{key}: {text}: this is longer than a day")
    return start, end


def _overrides(table: CalendarTable, week: Week, official: Official | None) -> dict[date, Override]:
    """What we say ourselves beats what is official."""
    days: dict[date, Override] = {}
    makeup = _makeup_hours(table, week)
    if official is not None:
        days |= {d: Override(DayKind.CLOSED, names=n) for d, n in official.closed.items()}
        days |= {d: Override(DayKind.MAKEUP, makeup) for d in official.makeup}
    if not makeup and (table.makeup or (official is not None and official.makeup)):
        raise Invalid("makeup_hours: Monday has no hours: say what a make-up day has")
    own: dict[date, Override] = {}
    for day, override, key in _own(table, makeup):
        if day in own:
            raise Invalid(f"{key}: {day} is there twice")
        own[day] = override
    _check_closures(own)
    return days | own


def _check_closures(own: Mapping[date, Override]) -> None:
    """However many entries they are written as."""
    closed = sorted(day for day, override in own.items() if not override.hours)
    numbered = enumerate(closed)
    for _, run in groupby(numbered, key=lambda one: one[1].toordinal() - one[0]):
        days = [day for _, day in run]
        if len(days) > LONGEST_CLOSURE:
            raise Invalid(
                f"closed: endless closure: nothing is open from {days[0]} to {days[-1]}: "
                "this is longer than a year"
            )


def _makeup_hours(table: CalendarTable, week: Week) -> Hours:
    if table.makeup_hours is None:
        return week[0]
    return _hours(table.makeup_hours, "makeup_hours")


def _own(table: CalendarTable, makeup: Hours) -> Iterator[tuple[date, Override, str]]:
    for day in _dates(table.closed, "closed"):
        yield day, Override(DayKind.CLOSED), "closed"
    for day in _dates(table.makeup, "makeup"):
        yield day, Override(DayKind.MAKEUP, makeup), "makeup"
    for text, texts in table.dates.items():
        hours = _hours(texts, f"dates.{text}")
        for day in _dates([text], f"dates.{text}"):
            yield day, Override(DayKind.OTHER if hours else DayKind.CLOSED, hours), f"dates.{text}"


def _dates(written: Sequence[date | str], key: str) -> Iterator[date]:
    """Of 2026-12-24, "2026-12-24", and "2026-12-24..2026-12-31"."""
    for one in written:
        first, _, last = str(one).partition("..")
        try:
            day, end = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            raise Invalid(f'{key}: {one!r} is no date like "2026-12-24"') from None
        if end < day:
            raise Invalid(f"{key}: {one}: end before start")
        if (end - day).days >= LONGEST_CLOSURE:
            raise Invalid(f"{key}: {one}: endless closure: this is longer than a year")
        while day <= end:
            yield day
            day += _ONE_DAY


def _check_neighbours(calendar: Calendar) -> None:
    """A shift over midnight must end before the hours of the next day begin."""
    week = list(calendar.week)
    for number, (hours, following) in enumerate(zip(week, week[1:] + week[:1], strict=True)):
        _check_pair(hours, following, f"hours.{WEEKDAYS[number]}")
    for day in calendar.overrides:
        for first in (day - _ONE_DAY, day):
            pair = calendar.hours_on(first), calendar.hours_on(first + _ONE_DAY)
            _check_pair(*pair, f"dates.{first}")


def _check_pair(hours: Hours, following: Hours, key: str) -> None:
    if hours and following and hours[-1][1] - DAY > following[0][0]:
        raise Invalid(f"{key}: overlap: it ends after the next day begins")


def _time(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}" + ("+1" if minute > DAY else "")
