"""A year of any calendar, and what is promised on it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from contact_center.calendars.week import DAY, Calendar, DayKind, Hours
from contact_center.desk.render import page, reader_of
from contact_center.desk.shell import surroundings
from contact_center.errors import NotFound
from contact_center.policies.choosing import BUSINESS, Line, Policies
from contact_center.policies.explaining import evidence_in_words, in_words, rule_in_words
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("desk", prefix="/desk", documented=False)

Year = Annotated[int, Field(ge=2000, le=2100)]

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    date: date
    look: str  # open, off, closed, makeup, partial
    hours: str
    name: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class Month:
    number: int
    weeks: Sequence[Sequence[Day | None]]


@routes.get("/calendars", permission=Permission.TICKETS_READ)
async def show_calendars(call: Call, year: Year | None = None) -> web.Response:
    return await _show(call, BUSINESS, year)


@routes.get("/calendars/{name}", permission=Permission.TICKETS_READ)
async def show_calendar(call: Call, name: str, year: Year | None = None) -> web.Response:
    return await _show(call, name, year)


async def _show(call: Call, name: str, year: int | None) -> web.Response:
    calendar = call.runtime.calendars.get(name)
    if calendar is None:
        raise NotFound(code="calendar.unknown", name=name[:64])
    today = call.now.astimezone(calendar.tz).date()
    language = reader_of(call).language
    days = list(year_of(calendar, year or today.year, language))
    return page(
        call,
        "calendars.html",
        calendar=calendar,
        calendars=call.runtime.calendars.values(),
        today=today,
        year=year or today.year,
        months=months_of(days),
        special=[day for day in days if day.date in calendar.overrides],
        figures=figures_of(calendar, days),
        week=[in_hours(hours) for hours in calendar.week],
        policies=call.runtime.policies,
        lines=lines_of(call.runtime.policies),
        in_words=lambda target: in_words(target, language),
        evidence_of=lambda mark: evidence_in_words(mark, language),
        rule_of=lambda clock: rule_in_words(clock.rule, clock.target, language),
        **await surroundings(call, call.session, active="calendars"),
    )


def year_of(calendar: Calendar, year: int, language: str) -> Iterator[Day]:
    day = date(year, 1, 1)
    while day.year == year:
        override = calendar.overrides.get(day)
        yield Day(
            day,
            look_of(calendar, day),
            in_hours(calendar.hours_on(day)),
            override.name(language) if override is not None else "",
            calendar.is_known(day),
        )
        day += _ONE_DAY


def look_of(calendar: Calendar, day: date) -> str:
    kind, hours = calendar.kind_of(day), calendar.hours_on(day)
    if kind is DayKind.CLOSED:
        return "closed"
    if kind is DayKind.MAKEUP:
        return "makeup"
    if not hours:
        return "off"
    is_shorter = _length(hours) < max(map(_length, calendar.week))
    return "partial" if kind is DayKind.OTHER or is_shorter else "open"


def months_of(days: Sequence[Day]) -> list[Month]:
    months = []
    for number in range(1, 13):
        ours: list[Day | None] = [day for day in days if day.date.month == number]
        first = next(day.date.weekday() for day in ours if day is not None)
        cells = [None] * first + ours
        cells += [None] * (-len(cells) % 7)
        months.append(Month(number, [cells[n : n + 7] for n in range(0, len(cells), 7)]))
    return months


def figures_of(calendar: Calendar, days: Sequence[Day]) -> dict[str, int]:
    minutes = sum(_length(calendar.hours_on(day.date)) for day in days)
    return {
        "business_days": sum(1 for day in days if calendar.is_business_day(day.date)),
        "open_hours": minutes // 60,
        "days_off": sum(
            1 for day in days if day.look == "closed" and calendar.week[day.date.weekday()]
        ),
        "makeup_days": sum(1 for day in days if day.look == "makeup"),
    }


def in_hours(hours: Hours) -> str:
    return ", ".join(f"{_time(start)}–{_time(end)}" for start, end in hours)


def lines_of(policies: Policies) -> list[tuple[str, Any, Sequence[Line]]]:
    """Each policy that is on, with what it promises to whom."""
    return [
        (one, ours[0].preset, ours)
        for one in policies.active
        if (ours := [line for line in policies.lines if line.policy == one and line.clock.kind])
    ]


def _length(hours: Hours) -> int:
    return sum(end - start for start, end in hours)


def _time(minute: int) -> str:
    if minute <= DAY:
        return f"{minute // 60:02}:{minute % 60:02}"
    return f"{minute // 60 - 24:02}:{minute % 60:02}+1"
