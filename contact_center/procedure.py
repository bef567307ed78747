"""The complaint procedure, as `config/complaints.toml` describes it. Pure."""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from contact_center.errors import Invalid
from contact_center.settings import Section, config_directory

FILE = "complaints.toml"
NOT_ESTABLISHED = "not_established"  # a root cause, too

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Text = Annotated[str, Field(min_length=1, max_length=300)]
Score = Literal["low", "normal", "high", "urgent"]
Role = Literal["agent", "lead", "manager", "admin"]
Answer = Literal["upheld", "partly_upheld", "rejected"]
Money = Annotated[Decimal, Field(ge=0, le=10**12, decimal_places=2)]  # in the currency's unit

_ORDER: Sequence[Score] = ("low", "normal", "high", "urgent")
ROLES: Sequence[Role] = ("agent", "lead", "manager", "admin")


class Named(Section):
    """In the languages of the desk."""

    en: Text
    zh: Text

    def text(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


class Content(Named):
    when: list[Answer] = []

    def is_needed(self, outcome: str) -> bool:
        return not self.when or outcome in self.when


class Authority(Section):
    agent: Money
    lead: Money
    manager: Money
    admin: Money

    @model_validator(mode="after")
    def _grows(self) -> Self:
        for lower, higher in (("agent", "lead"), ("lead", "manager"), ("manager", "admin")):
            if getattr(self, lower) > getattr(self, higher):
                raise ValueError(f"{lower} may grant more than {higher}: raise {higher}")
        return self

    def of(self, role: str) -> int:
        """In hundredths; nothing for a role that is not known."""
        return hundredths(getattr(self, role)) if role in ROLES else 0


class Extension(Section):
    role: Role = "lead"
    executive: Role = "manager"  # who a preset means by an approver that is no role here
    longest_days: int = Field(60, ge=1, le=3660)  # in all, from the receipt


class Procedure(Section):
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    preset: Code
    keep_years: int = Field(ge=1, le=100)
    delete_after_keeping: bool = False
    four_eyes_above: Money
    silent_after_days: int = Field(ge=1, le=365)
    matrix: list[list[Score]]
    authority: Authority
    extension: Extension
    root_causes: dict[Code, Named]
    investigation: dict[Code, Named]
    contents: dict[Code, Content]
    always: list[Code] = []  # besides what a preset asks for

    @model_validator(mode="after")
    def _matrix_fits(self) -> Self:
        if len(self.matrix) != 4 or any(len(row) != 4 for row in self.matrix):
            raise ValueError("matrix: four rows of four priorities are needed")
        for row, column in ((r, c) for r in range(4) for c in range(4)):
            for worse in ((row + 1, column), (row, column + 1)):
                if max(worse) < 4 and self._rank(*worse) < self._rank(row, column):
                    raise ValueError(
                        f"matrix: row {worse[0]}, column {worse[1]} is worse than row {row}, "
                        f"column {column}, and yet of lower priority"
                    )
        return self

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        if unknown := [code for code in self.always if code not in self.contents]:
            raise ValueError(f"always: {', '.join(unknown)}: no such content")
        if NOT_ESTABLISHED in self.root_causes:
            raise ValueError(f"root_causes: {NOT_ESTABLISHED} is always there: leave it out")
        return self

    def _rank(self, row: int, column: int) -> int:
        return _ORDER.index(self.matrix[row][column])

    @property
    def two_people_above(self) -> int:
        """In hundredths."""
        return hundredths(self.four_eyes_above)

    def silent_since(self, now: datetime) -> datetime:
        """Who was answered by then, and has said nothing, may be called silent."""
        return now - timedelta(days=self.silent_after_days)

    def keep_until(self, received_at: datetime) -> datetime:
        try:
            return received_at.replace(year=received_at.year + self.keep_years)
        except ValueError:  # the 29th of February
            return received_at.replace(year=received_at.year + self.keep_years, day=28)

    def is_cause(self, code: str) -> bool:
        return code == NOT_ESTABLISHED or code in self.root_causes

    def needed(self, asked: Collection[str], outcome: str) -> list[str]:
        """What the response to a decision must contain, of what the preset asks for."""
        codes = dict.fromkeys([*asked, *self.always])
        return [code for code in codes if self.contents[code].is_needed(outcome)]

    def check_presets(self, asked: Mapping[str, Collection[str]]) -> None:
        """Raises Invalid where a preset asks for contents that have no name here."""
        if self.preset not in asked:
            raise Invalid(f"preset: {self.preset}: there is no such preset")
        for preset, codes in asked.items():
            if unknown := [code for code in codes if code not in self.contents]:
                raise Invalid(f"contents: {', '.join(unknown)}: {preset} asks for it: name it")


def hundredths(amount: Decimal) -> int:
    return int(amount * 100)


def parse_procedure(table: Mapping[str, object]) -> Procedure:
    """Raises Invalid that names the keys and the reasons."""
    try:
        return Procedure.model_validate(table)
    except ValidationError as error:
        reasons = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise Invalid("; ".join(reason.removeprefix(": ") for reason in reasons)) from error


def load_procedure(
    file: Path, *, presets: Mapping[str, Collection[str]] | None = None
) -> Procedure:
    """Raises Invalid that names the file, the keys and the reasons.

    `presets`: the contents each of them asks for, where they are to be checked, too.
    """
    try:
        procedure = parse_procedure(tomllib.loads(file.read_text("utf-8")))
        if presets is not None:
            procedure.check_presets(presets)
        return procedure
    except (Invalid, tomllib.TOMLDecodeError, UnicodeDecodeError, FileNotFoundError) as error:
        raise Invalid(f"{file}: {error}") from error


@cache
def usual_procedure() -> Procedure:
    """The one of the configuration directory this process finds by itself."""
    return load_procedure(config_directory() / FILE)
