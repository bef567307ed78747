"""Official days off, and the days worked to make up for them, by country."""

import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from contact_center.errors import Invalid

FIRST, LAST = 2010, 2050  # years that are worked out
LANGUAGES = {"en": "en_US", "zh": "zh_CN"}

_DAY = timedelta(days=1)

Names = tuple[tuple[str, str], ...]  # by language


@dataclass(frozen=True, slots=True)
class Official:
    """Days off with their names by language; `known_until`: later ones may still be moved."""

    closed: Mapping[date, Names]
    makeup: frozenset[date]
    known_until: date


@cache
def official_days(code: str) -> Official:
    """Of "CN", or of a part of a country: "GB-ENG". Raises Invalid."""
    named = {language: _look_up(code, locale) for language, locale in LANGUAGES.items()}
    days = named["en"]
    closed = {
        day: tuple((language, found[day]) for language, found in named.items() if day in found)
        for day in days
    }
    makeup = frozenset(days.weekend_workdays)
    if not days.has_substituted_holidays:
        return Official(closed, makeup, date(LAST, 12, 31))
    closed |= _whole_breaks(closed, days)
    announced = max((day.year for day in makeup), default=FIRST)
    return Official(closed, makeup, date(announced, 12, 31))


def _look_up(code: str, locale: str) -> Any:
    from holidays import country_holidays  # noqa: PLC0415  slow to import, and not always wanted

    country, _, part = code.partition("-")
    try:
        known = country_holidays(country, subdiv=part or None)
    except NotImplementedError:
        raise Invalid(f"{code}: no such country, or no such part of it") from None
    spoken = locale in known.supported_languages
    if not spoken and locale != LANGUAGES["en"]:
        return {}
    years = range(max(FIRST, known.start_year), min(LAST, known.end_year) + 1)
    with warnings.catch_warnings():  # of feasts whose dates are not known for all these years
        warnings.simplefilter("ignore", UserWarning)
        return country_holidays(
            country, subdiv=part or None, years=years, language=locale if spoken else None
        )


def _whole_breaks(closed: Mapping[date, Names], days: Any) -> dict[date, Names]:
    """Weekends inside and beside a break are days of it: they are off even in a week of 7 days."""
    found: dict[date, Names] = {}
    for day in closed:
        if day in found:
            continue
        run = [*reversed(_off_from(day, -_DAY, days)), day, *_off_from(day, _DAY, days)]
        name, _ = Counter(closed[one] for one in run if one in closed).most_common(1)[0]
        found |= {one: closed.get(one, name) for one in run}
    return found


def _off_from(day: date, step: timedelta, days: Any) -> list[date]:
    run = []
    while not days.is_working_day(day := day + step):
        run.append(day)
    return run
