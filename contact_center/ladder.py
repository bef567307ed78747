"""The ladder of escalations, as `config/escalations.toml` describes it. Pure."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError, model_validator

from contact_center.calendars import days
from contact_center.calendars.days import Target
from contact_center.errors import Invalid
from contact_center.settings import Section, config_directory

FILE = "escalations.toml"
BREACH = 100  # percent
# No rung is lower: clocks are first looked at when so much of their time may have passed.
LOWEST = 25

Who = Literal["owner", "lead", "supervisor", "department", "manager"]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Title = Annotated[str, Field(min_length=1, max_length=100)]


def _share(written: Any) -> int:
    found = re.fullmatch(r"(\d{1,4})%", written) if isinstance(written, str) else None
    if found is None or not LOWEST <= int(found[1]) <= 1000:
        raise ValueError(
            f'{written!r} is no share of the time: write {LOWEST}% to 1000%, like "50%"'
        )
    return int(found[1])


def _at(written: Any) -> int | Target:
    if isinstance(written, str) and written.startswith("+"):
        return _target(written[1:])
    return _share(written)


def _target(written: Any) -> Target:
    try:
        return days.parse(str(written))
    except Invalid as error:
        raise ValueError(str(error)) from error


class Titles(Section):
    en: Title
    zh: Title


class Rung(Section, arbitrary_types_allowed=True):
    name: Code
    title: Titles
    at: Annotated[Any, BeforeValidator(_at)]  # percent, or a Target after it was due
    short: Annotated[int | None, BeforeValidator(_share)] = None  # percent, of short clocks
    tell: list[Who]
    digest: bool = False
    unless_explained: bool = False

    @property
    def is_breach(self) -> bool:
        return bool(self.at == BREACH)

    def when(self, *, is_short: bool) -> int | Target:
        """A share of the time in percent, or a span after it was due."""
        at: int | Target = self.at
        return self.short if is_short and self.short is not None else at

    def titled(self, language: str) -> str:
        return self.title.zh if language == "zh" else self.title.en


class Tier(Section):
    higher: int = Field(0, ge=0, le=10)


class Ladder(Section, arbitrary_types_allowed=True):
    short_below: Annotated[Target, BeforeValidator(_target)]
    rung: list[Rung] = Field(min_length=1, max_length=20)
    tier: dict[Literal["A", "B", "C", "none"], Tier] = {}

    @model_validator(mode="after")
    def _climbs(self) -> Self:
        if self.short_below.in_days:
            raise ValueError(f"short_below: {self.short_below} is a date: write hours, like 8bh")
        names = [rung.name for rung in self.rung]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"rung: {', '.join(sorted(twice))}: there twice")
        if sum(rung.is_breach for rung in self.rung) != 1:
            raise ValueError('rung: exactly one is at "100%", where the promise breaks')
        for is_short in (False, True):
            _check_order(self.rung, is_short=is_short)
        return self

    def told_at(self, number: int, tier: str) -> set[Who]:
        """Whom a rung tells, counted from 1."""
        last = number + sum(rule.higher for name, rule in self.tier.items() if name == tier)
        return {who for rung in self.rung[number - 1 : last] for who in rung.tell}

    @property
    def breach(self) -> int:
        """The number of the rung at which the promise is broken."""
        return next(number for number, rung in enumerate(self.rung, 1) if rung.is_breach)


def _check_order(rungs: Sequence[Rung], *, is_short: bool) -> None:
    """Shares grow; what comes some time after it was due comes above the breach."""
    highest, is_broken = 0, False
    for rung in rungs:
        when = rung.when(is_short=is_short)
        if isinstance(when, int):
            if when <= highest:
                raise ValueError(f"rung {rung.name}: {when}% is not above {highest}%")
            highest = when
            is_broken = is_broken or when >= BREACH
        elif not is_broken:
            raise ValueError(f"rung {rung.name}: what comes after it was due stands above 100%")


def parse_ladder(table: Mapping[str, object]) -> Ladder:
    """Raises Invalid that names the keys and the reasons."""
    try:
        return Ladder.model_validate(table)
    except ValidationError as error:
        reasons = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise Invalid("; ".join(reason.removeprefix(": ") for reason in reasons)) from error


def load_ladder(file: Path) -> Ladder:
    """Raises Invalid that names the file, the keys and the reasons."""
    try:
        return parse_ladder(tomllib.loads(file.read_text("utf-8")))
    except (Invalid, tomllib.TOMLDecodeError, UnicodeDecodeError, FileNotFoundError) as error:
        raise Invalid(f"{file}: {error}") from error


@cache
def usual_ladder() -> Ladder:
    """The one of the configuration directory this process finds by itself."""
    return load_ladder(config_directory() / FILE)
