"""Who is to get a ticket, as `routing.toml` says it: teams by rule, people by tier, and patience.

Pure data with one function that looks a rule up; `routing/rules/` decides.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contact_center.calendars.hours import Calendar, add, is_open, next_opening
from contact_center.calendars.loading import Calendars
from contact_center.errors import Invalid

KINDS = ("inquiry", "complaint", "suggestion", "praise", "other")  # of tickets
PRIORITIES = ("urgent", "high", "normal", "low")
CONDITIONS = ("kind", "channel", "language", "category", "priority")
KNOWN_VALUES = {"kind": KINDS, "priority": PRIORITIES}  # others are for people to invent

Person = Literal["manager", "deputy", "specialist"]
Match = Literal["require", "prefer"]
Seconds = Annotated[int, Field(gt=0, le=30 * 86_400)]
_SECTIONS = {"rule", "tiers", "offers", "matching", "team"}


@dataclass(frozen=True, slots=True)
class Rule:
    """`team` gets what has one of the listed values in every named field."""

    team: str
    when: Mapping[str, Sequence[str]] = field(default_factory=dict)
    skills: frozenset[str] = frozenset()  # that such a ticket asks for


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


S = TypeVar("S", bound=_Section)


class Tiers(_Section):
    """Who is asked first for the customers of an account, by its tier."""

    A: list[Person] = ["manager", "deputy"]
    B: list[Person] = ["specialist"]
    C: list[Person] = []
    none: list[Person] = []


class Offers(_Section):
    """All in seconds."""

    accept_within: Seconds = 120
    unclaimed_after: Seconds = 900


class Matching(_Section):
    skills: Match = "require"
    language: Match = "prefer"


class TeamPlan(_Section):
    """What holds for one team; what it leaves out holds for all."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    calendar: Annotated[str, Field(min_length=1)] | None = None
    accept_within: Seconds | None = None
    unclaimed_after: Seconds | None = None
    overflow_to: Annotated[str, Field(min_length=1)] | None = None
    overflow_after: Seconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Switchboard:
    rules: Sequence[Rule] = ()
    tiers: Tiers = field(default_factory=Tiers)
    offers: Offers = field(default_factory=Offers)
    matching: Matching = field(default_factory=Matching)
    teams: Mapping[str, TeamPlan] = field(default_factory=dict)
    calendars: Calendars = field(default_factory=dict)  # those that teams name

    def rule_for(self, facts: Mapping[str, str | None]) -> tuple[int, Rule] | None:
        """The first that fits, with its number from 1; None: every team sees the ticket."""
        for number, rule in enumerate(self.rules, start=1):
            if all(facts.get(name) in values for name, values in rule.when.items()):
                return number, rule
        return None

    def accept_within(self, team: str | None) -> int:
        """Seconds somebody has to take what is offered."""
        plan = self.teams.get(team or "")
        return (plan and plan.accept_within) or self.offers.accept_within

    def unclaimed_after(self, team: str | None) -> int:
        """Seconds after which leads are told."""
        plan = self.teams.get(team or "")
        return (plan and plan.unclaimed_after) or self.offers.unclaimed_after

    def opens_at(self, team: str | None, *, now: datetime) -> datetime | None:
        """When a team that is closed opens again; None while it is open."""
        calendar = self._calendar(team)
        if calendar is None or is_open(calendar, now):
            return None
        return next_opening(calendar, now)

    def closed_by(self, team: str | None, *, now: datetime) -> Calendar | None:
        """The hours of a team that is closed now; None while it is open."""
        calendar = self._calendar(team)
        return None if calendar is None or is_open(calendar, now) else calendar

    def later(self, team: str | None, start: datetime, seconds: int) -> datetime:
        """When a team has had so many seconds of its working time."""
        calendar = self._calendar(team)
        return add(calendar, start, seconds) if calendar else start + timedelta(seconds=seconds)

    def _calendar(self, team: str | None) -> Calendar | None:
        plan = self.teams.get(team or "")
        return self.calendars[plan.calendar] if plan and plan.calendar else None


def load_switchboard(file: Path, *, calendars: Calendars | None = None) -> Switchboard:
    """Raises Invalid that names the file, the rule and the reason."""
    try:
        return parse_switchboard(tomllib.loads(file.read_text("utf-8")), calendars=calendars)
    except (Invalid, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{file}: {error}") from error


def parse_switchboard(
    table: Mapping[str, Any], *, calendars: Calendars | None = None
) -> Switchboard:
    """Raises Invalid that names the rule or section and the reason."""
    if unknown := table.keys() - _SECTIONS:
        raise Invalid(f"{', '.join(sorted(unknown))}: no such section")
    return Switchboard(
        rules=_rules(table.get("rule", [])),
        tiers=_section(Tiers, table, "tiers"),
        offers=_section(Offers, table, "offers"),
        matching=_section(Matching, table, "matching"),
        teams=_teams(table.get("team", []), calendars or {}),
        calendars=calendars or {},
    )


def _rules(rows: Any) -> list[Rule]:
    rules: list[Rule] = []
    for number, row in enumerate(_tables("rule", rows), start=1):
        fields = dict(row)
        team, skills = fields.pop("team", None), fields.pop("skills", [])
        if not isinstance(team, str) or not team:
            raise Invalid(f"rule {number}: team is missing")
        if unknown := fields.keys() - set(CONDITIONS):
            raise Invalid(f"rule {number}: {', '.join(sorted(unknown))}: no such condition")
        when = {name: _values(number, name, value) for name, value in fields.items()}
        if rules and not rules[-1].when:
            raise Invalid(f"rule {number}: it never applies: rule {number - 1} takes every ticket")
        rules.append(Rule(team, when, frozenset(_values(number, "skills", skills))))
    return rules


def _values(number: int, name: str, value: Any) -> list[str]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise Invalid(f"rule {number}: {name} must be a text or a list of texts")
    if not values and name in CONDITIONS:
        raise Invalid(f"rule {number}: {name}: it is empty: the rule never applies")
    known = KNOWN_VALUES.get(name, values)
    if unknown := [value for value in values if value not in known]:
        raise Invalid(
            f"rule {number}: {name}: {', '.join(unknown)}: no such {name}: "
            f"there are {', '.join(known)}"
        )
    return values


def _teams(rows: Any, calendars: Calendars) -> dict[str, TeamPlan]:
    teams: dict[str, TeamPlan] = {}
    for number, row in enumerate(_tables("team", rows), start=1):
        plan = _checked(TeamPlan, row, f"team {row.get('name', number)}")
        if plan.name in teams:
            raise Invalid(f"team {plan.name}: it stands here twice")
        if (plan.overflow_to is None) != (plan.overflow_after is None):
            raise Invalid(f"team {plan.name}: overflow_to and overflow_after go together")
        if plan.calendar is not None and plan.calendar not in calendars:
            raise Invalid(f"team {plan.name}: there is no calendar {plan.calendar!r}")
        teams[plan.name] = plan
    for name in teams:
        _check_overflow(name, teams)
    return teams


def _check_overflow(name: str, teams: Mapping[str, TeamPlan]) -> None:
    """A ticket overflows along a chain; in a circle it would go round for ever."""
    seen, here = [name], name
    while here in teams and (onwards := teams[here].overflow_to) is not None:
        if onwards in seen:
            raise Invalid(f"team {name}: overflow_to goes in a circle: {' → '.join(seen)}")
        seen.append(onwards)
        here = onwards


def _section(kind: type[S], table: Mapping[str, Any], name: str) -> S:
    return _checked(kind, table.get(name, {}), f"[{name}]")


def _checked(kind: type[S], value: Any, where: str) -> S:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise Invalid(
            f"{where}: {key}: {first['msg']}" if key else f"{where}: {first['msg']}"
        ) from error


def _tables(name: str, rows: Any) -> list[Mapping[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid(f"{name}: write [[{name}]] above each")
    return rows
