"""Deadlines in business time, over a year with holidays, make-up days and a lunch break."""

import time
from datetime import UTC, datetime, timedelta
from random import Random

from contact_center.calendars.days import End, Roll, Rule, due, parse
from contact_center.calendars.hours import add
from contact_center.calendars.week import Calendar
from tests.bench.figures import Figure
from tests.bench.stages import Stage
from tests.support.calendars import SHIPPED

YEAR = datetime(2026, 1, 1, tzinfo=UTC)
BY_LAW = Rule(roll=Roll.FORWARD, end=End.MIDNIGHT)
GOAL = 50_000  # a second on one core


async def measure(stage: Stage, *, number: int) -> list[Figure]:
    """The database has no part in it: it is measured once."""
    if stage.name != "SQLite":
        return []
    china = SHIPPED["cn"]
    random = Random(7)
    starts = [YEAR + timedelta(seconds=random.randrange(365 * 86_400)) for _ in range(number)]
    add(china, YEAR, 3600), add(china, YEAR + timedelta(days=400), 3600)  # what is cached
    return [
        Figure(
            what="deadlines: business hours over a year with holidays",
            on=stage.name,
            value=_business_hours(china, starts, random),
            unit="/s",
            goal=GOAL,
            higher_is_better=True,
        ),
        Figure(
            what="deadlines: 15 days by law, and what we aim at",
            on=stage.name,
            value=_days_by_law(china, starts),
            unit="/s",
        ),
    ]


def _business_hours(china: Calendar, starts: list[datetime], random: Random) -> float:
    wanted = [(start, random.randrange(60, 72 * 3600)) for start in starts]
    began = time.perf_counter()
    for start, seconds in wanted:
        add(china, start, seconds)
    return len(wanted) / (time.perf_counter() - began)


def _days_by_law(china: Calendar, starts: list[datetime]) -> float:
    target = parse("15cd")
    began = time.perf_counter()
    for start in starts:
        due(target, start, china, BY_LAW)
    return len(starts) / (time.perf_counter() - began)
