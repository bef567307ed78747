"""210 recorded deadlines: a Chinese calendar with lunch, holidays and make-up days.

Whoever recorded them calls closing time the next opening: `end = "opening"`. Without that rule it
is the close, as G06 and T10 have it, and 50 of them differ by just that.
"""

import json
from datetime import datetime
from typing import Any

import pytest

from contact_center.calendars.days import TO_CLOSE, End, Rule, Target, Unit, due
from contact_center.calendars.hours import between, next_opening
from contact_center.sla.models import ClockKind
from contact_center.sla.rules import engine
from tests.support.calendars import DATA, RECORDED_CN

RECORDED = [json.loads(line) for line in (DATA / "sla.jsonl").read_text().splitlines()]
AT_OPENING = Rule(end=End.OPENING)


def deadline(case: dict[str, Any], rule: Rule) -> datetime:
    target = Target(case["minutes"], Unit.BUSINESS_MINUTES)
    return due(target, datetime.fromisoformat(case["start"]), RECORDED_CN, rule).legal


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["id"])
def test_every_recorded_deadline_by_the_rule_it_was_recorded_with(case: dict[str, Any]) -> None:
    assert deadline(case, AT_OPENING) == datetime.fromisoformat(case["want"])


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["id"])
def test_a_clock_that_paused_falls_due_by_the_same_rule(case: dict[str, Any]) -> None:
    """A pause that lasts until the calendar is open again costs nothing but what was not open."""
    start, want = datetime.fromisoformat(case["start"]), datetime.fromisoformat(case["want"])
    goal = Target(case["minutes"], Unit.BUSINESS_MINUTES)
    terms = engine.Terms(goal=goal, hours=RECORDED_CN, rule=AT_OPENING)
    run = engine.start(terms, kind=ClockKind.RESOLUTION, at=start)
    assert run.due_at == want

    paused = engine.pause(run, at=start, hours=RECORDED_CN)
    again = engine.resume(paused, at=next_opening(RECORDED_CN, start), hours=RECORDED_CN)

    assert (again.due_at, again.legal_due_at) == (want, want)


def test_recorded_deadlines_differ_from_ours_only_at_closing_time() -> None:
    at_close = 0
    for case in RECORDED:
        ours, want = deadline(case, TO_CLOSE), datetime.fromisoformat(case["want"])
        start = datetime.fromisoformat(case["start"])
        assert between(RECORDED_CN, start, ours) == case["minutes"] * 60
        if ours != want:
            at_close += 1
            assert f"{ours.astimezone(RECORDED_CN.tz):%H:%M}" in ("12:00", "18:00")
            assert next_opening(RECORDED_CN, ours) == want

    assert (len(RECORDED), at_close) == (210, 50)
