"""Where the bars of small charts stand; the templates draw them as SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contact_center.reports.models import Age, Day

WIDTH, HEIGHT = 720, 150  # of a chart's own units: the page scales it
GAP = 0.25  # of a day's room
MOST_NAMES = 8  # days whose dates are written


@dataclass(frozen=True, slots=True)
class Bar:
    kind: str
    value: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """A day: two bars side by side."""

    day: Day
    x: float  # of its middle
    named: bool
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Share:
    name: str
    value: int
    width: float  # percent of the longest


def columns(days: Sequence[Day]) -> list[Column]:
    highest = max((max(day.opened, day.resolved) for day in days), default=0) or 1
    room = WIDTH / max(len(days), 1)
    every = -(-len(days) // MOST_NAMES)
    return [
        Column(
            day=day,
            x=(number + 0.5) * room,
            named=(len(days) - 1 - number) % every == 0,
            bars=[
                _bar(kind, value, highest, x=(number + GAP / 2) * room + side * width, width=width)
                for side, (kind, value) in enumerate(
                    (("opened", day.opened), ("resolved", day.resolved))
                )
            ],
        )
        for number, day in enumerate(days)
        for width in [room * (1 - GAP) / 2]
    ]


def shares(ages: Mapping[Age, int]) -> list[Share]:
    highest = max(ages.values(), default=0) or 1
    return [Share(age.value, ages[age], 100 * ages[age] / highest) for age in Age]


def _bar(kind: str, value: int, highest: int, *, x: float, width: float) -> Bar:
    height = HEIGHT * value / highest
    return Bar(kind, value, x, HEIGHT - height, width, height)
