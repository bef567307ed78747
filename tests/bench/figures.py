"""A figure and its goal, shown as one line of a table."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    what: str
    on: str  # "SQLite", "PostgreSQL"
    value: float
    unit: str
    goal: float | None = None
    higher_is_better: bool = False

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.higher_is_better else self.value <= self.goal


def line(figure: Figure) -> str:
    sign = "≥" if figure.higher_is_better else "≤"
    goal = "" if figure.goal is None else f"{sign} {_short(figure.goal)}"
    met = {None: "", True: "met", False: "NOT MET"}[figure.met]
    value = f"{_short(figure.value)} {figure.unit}"
    return f"{figure.what:58} {figure.on:10} {value:>18}  {goal:>8}  {met}".rstrip()


def write(figures: Sequence[Figure], file: Path) -> None:
    rows = [asdict(figure) | {"met": figure.met} for figure in figures]
    file.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
