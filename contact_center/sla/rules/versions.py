"""Calendars as text that is kept, so that a clock can be read by the hours it ran on."""

import hashlib
import json
from datetime import date
from functools import lru_cache

from contact_center.calendars.week import Calendar, DayKind, Override


def calendar_text(calendar: Calendar) -> str:
    """The same for the same calendar."""
    known = {
        "zone": calendar.zone,
        "week": calendar.week,
        "overrides": {
            day.isoformat(): [override.kind, override.hours, override.names]
            for day, override in sorted(calendar.overrides.items())
        },
        "valid_until": calendar.valid_until.isoformat() if calendar.valid_until else None,
        "titles": calendar.titles,
    }
    return json.dumps(known, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=1000)
def read_calendar(name: str, text: str) -> Calendar:
    known = json.loads(text)
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = map(_pairs, known["week"])
    return Calendar(
        name=name,
        zone=known["zone"],
        week=(monday, tuesday, wednesday, thursday, friday, saturday, sunday),
        overrides={
            date.fromisoformat(day): Override(DayKind(kind), _pairs(hours), _words(names))
            for day, (kind, hours, names) in known["overrides"].items()
        },
        valid_until=date.fromisoformat(known["valid_until"]) if known["valid_until"] else None,
        titles=_words(known["titles"]),
    )


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@lru_cache(maxsize=1000)
def calendar_digest(calendar: Calendar) -> str:
    return digest(calendar_text(calendar))


def _pairs(hours: list[list[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((opens, closes) for opens, closes in hours)


def _words(names: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((language, name) for language, name in names)
