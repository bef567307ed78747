"""A calendar: the hours of an ordinary week, and the dates that are not ordinary.

Hours are pairs of minutes since local midnight. An end beyond 1440 lies on the next day: a shift
over midnight belongs to the date it starts on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from zoneinfo import ZoneInfo

from contact_center.calendars.borders import Timeline
from contact_center.errors import Invalid

DAY = 24 * 60  # minutes
MONDAY = 0

Hours = tuple[tuple[int, int], ...]  # sorted, apart from each other; none: closed
Week = tuple[Hours, Hours, Hours, Hours, Hours, Hours, Hours]  # from Monday

ALL_DAY: Hours = ((0, DAY),)


class DayKind(StrEnum):
    ORDINARY = "ordinary"  # as every week
    CLOSED = "closed"
    OTHER = "other"  # other hours than every week
    MAKEUP = "makeup"  # worked to make up for a day off elsewhere


@dataclass(frozen=True, slots=True)
class Override:
    """What is different on one date; its name, where it has one, by language."""

    kind: DayKind
    hours: Hours = ()
    names: tuple[tuple[str, str], ...] = ()

    def name(self, language: str) -> str:
        names = dict(self.names)
        return names.get(language) or names.get("en", "")


@dataclass(frozen=True)
class Calendar:
    """When we work. After `valid_until` the official dates are not known: dues are provisional."""

    name: str
    zone: str
    week: Week
    overrides: Mapping[date, Override] = field(default_factory=dict, hash=False, repr=False)
    valid_until: date | None = None
    titles: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not any(self.week):
            raise Invalid(f"calendar {self.name}: endless closure: no weekday has hours")
        object.__setattr__(self, "overrides", MappingProxyType(dict(self.overrides)))

    @property
    def makeup_hours(self) -> Hours:
        """What a day that makes up for another has, unless it is said: Monday's hours."""
        return self.week[MONDAY]

    def title(self, language: str) -> str:
        titles = dict(self.titles)
        return titles.get(language) or titles.get("en") or self.name

    def hours_on(self, day: date) -> Hours:
        override = self.overrides.get(day)
        return self.week[day.weekday()] if override is None else override.hours

    def kind_of(self, day: date) -> DayKind:
        override = self.overrides.get(day)
        return DayKind.ORDINARY if override is None else override.kind

    def is_business_day(self, day: date) -> bool:
        return bool(self.hours_on(day))

    def is_known(self, day: date) -> bool:
        """False where official dates may still come that change this one."""
        return self.valid_until is None or day <= self.valid_until

    @cached_property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def timeline(self) -> Timeline:
        """Its open time as instants, worked out year by year when first asked for."""
        return Timeline(self.tz, self.hours_on)


ROUND_THE_CLOCK = Calendar("24x7", "UTC", (ALL_DAY,) * 7, titles=(("en", "24×7"), ("zh", "全天候")))
