"""What `policies.toml` and `presets.toml` may contain, and how it is written."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from contact_center.calendars import days
from contact_center.calendars.days import ELAPSED, Count, End, Roll, Rule, Target, Unit
from contact_center.errors import Invalid
from contact_center.policies.terms import (
    CONDITIONS,
    NO_TIER,
    Clock,
    Condition,
    Evidence,
    Extension,
    Kind,
)
from contact_center.switchboard import KNOWN_VALUES

TIERS = ("A", "B", "C", NO_TIER)
MAY_PAUSE = ("waiting_customer", "waiting_third_party", "on_hold")


def _target(written: Any) -> Target:
    if not isinstance(written, str):
        raise ValueError('write a text like "4bh"')
    try:
        return days.parse(written)
    except Invalid as error:
        raise ValueError(str(error)) from error


def _condition(written: Any) -> Condition:
    if not isinstance(written, Mapping):
        raise ValueError('write conditions like when.kind = "complaint"')
    return {name: _values(name, value) for name, value in written.items()}


def _values(name: str, value: Any) -> Sequence[str]:
    if name not in CONDITIONS:
        raise ValueError(f"{name} is no condition: there are {', '.join(CONDITIONS)}")
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise ValueError(f"{name} must be a text or a list of texts")
    if not values:
        raise ValueError(f"{name} is an empty list: that never matches")
    known = TIERS if name == "tier" else KNOWN_VALUES.get(name, values)
    if unknown := set(values) - set(known):
        there = ", ".join(known)
        raise ValueError(f"{name}: {', '.join(sorted(unknown))}: no such {name}: there are {there}")
    return tuple(dict.fromkeys(values))


def _factor(written: Any) -> Fraction:
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise ValueError("write a number like 0.5")
    factor = Fraction(str(written))
    if not 0 < factor <= 10:
        raise ValueError("a factor is above 0 and at most 10")
    return factor


def _share(written: Any) -> Fraction:
    share = Fraction(0) if written == 0 else _factor(written)
    if share >= 1:
        raise ValueError("a share is below 1: 0.2 are 20 %")
    return share


AsTarget: TypeAlias = Annotated[Target, PlainValidator(_target)]
AsCondition: TypeAlias = Annotated[Any, BeforeValidator(_condition)]
AsFactor: TypeAlias = Annotated[Fraction, PlainValidator(_factor)]
AsShare: TypeAlias = Annotated[Fraction, PlainValidator(_share)]
Words: TypeAlias = dict[Literal["en", "zh"], str]
Id: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,63}$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExtensionTable(_Table):
    total: AsTarget | None = None
    approver: str | None = None
    before_due: bool = True
    notify_customer: bool = True
    needs: tuple[str, ...] = ()

    def build(self) -> Extension:
        return Extension(
            self.total, self.approver, self.before_due, self.notify_customer, self.needs
        )


class ClockTable(_Table):
    name: str
    target: AsTarget
    clock: Kind | None = None
    when: AsCondition = {}
    calendar: str | None = None
    count: Count = Count.EXCLUDE_FIRST
    roll: Roll = Roll.NONE
    end: End | None = None
    buffer: int = Field(0, ge=0, le=20)
    pausable: bool = False
    scaled: bool = False
    start: str = "received"
    evidence: Evidence | None = None
    extensions: tuple[ExtensionTable, ...] = ()

    @model_validator(mode="after")
    def _opens_again(self) -> Self:
        is_open_time = not self.target.in_days and self.target.unit not in ELAPSED
        if self.end is End.OPENING and not is_open_time:
            raise ValueError(f"end = {End.OPENING.value!r} is for bmin and bh, not {self.target}")
        return self

    def build(self, evidence: Evidence) -> Clock:
        usual = End.CLOSE if self.target.unit is Unit.BUSINESS_DAYS else End.MIDNIGHT
        return Clock(
            self.name,
            self.target,
            self.clock,
            self.when,
            self.calendar,
            Rule(self.count, self.roll, self.end or usual, self.buffer),
            self.pausable,
            self.scaled,
            self.start,
            self.evidence or evidence,
            tuple(one.build() for one in self.extensions),
        )


class PresetTable(_Table):
    title: Words
    jurisdiction: str = ""
    source: str = ""
    evidence: Evidence = Evidence.DECISION
    effective_from: date | None = None
    effective_to: date | None = None
    calendar: str = "business"
    clocks: tuple[ClockTable, ...] = ()
    required_contents: tuple[str, ...] = ()
    summary_contents: tuple[str, ...] = ()
    retention: dict[str, str] = {}
    figures: dict[str, str] = {}
    notes: Words = {}


class PolicyTable(_Table):
    """A preset that is on, our own clocks, or both: ours replace those of the same name."""

    preset: Id | None = None
    id: Id | None = None
    title: Words = {}
    when: AsCondition = {}
    calendar: str | None = None
    clocks: tuple[ClockTable, ...] = ()


class HoursTable(_Table):
    calendar: str
    when: AsCondition = {}


class Legs(_Table):
    sign_for: AsTarget
    finish: AsTarget


class WorkOrderTable(Legs):
    title: Words
    visit: bool = False
    urgent: Legs | None = None
    high: Legs | None = None
    normal: Legs | None = None
    low: Legs | None = None


class PoliciesFile(_Table):
    pauses: tuple[Literal["waiting_customer", "waiting_third_party", "on_hold"], ...] = (
        "waiting_customer",
    )
    reserve: AsShare = Fraction(1, 5)
    tier_factor: dict[str, AsFactor] = {}
    hours: tuple[HoursTable, ...] = ()
    policy: tuple[PolicyTable, ...] = ()
    work_orders: dict[Id, WorkOrderTable] = {}
