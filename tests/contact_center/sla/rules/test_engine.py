import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from contact_center.calendars.days import End, Roll, Rule
from contact_center.calendars.hours import ROUND_THE_CLOCK, between
from contact_center.errors import Conflict
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.rules import engine
from contact_center.sla.rules.engine import Run
from contact_center.sla.rules.terms import inherit, rebase, retarget
from contact_center.sla.rules.versions import calendar_digest
from tests.contact_center.sla.calendars import (
    CHINA,
    NIGHTS,
    NINE_TO_FIVE,
    at,
    closing,
    monday,
    terms,
    tuesday,
    wednesday,
    weekdays,
)
from tests.support.calendars import CN

FULL = ClockKind.RESOLUTION
GOLDEN = json.loads(Path("tests/data/golden.json").read_text())
PAUSED = [vector for vector in GOLDEN["business_time"] if "pauses_utc" in vector]
CALENDARS = {"MF0917": NINE_TO_FIVE, "24x7": ROUND_THE_CLOCK, "CN": CHINA}


def begin(goal: str, start: datetime, hours=NINE_TO_FIVE, **more) -> Run:
    return engine.start(terms(goal, hours, **more), kind=FULL, at=start)


def paused_between(run: Run, start: datetime, end: datetime, hours=NINE_TO_FIVE) -> Run:
    return engine.resume(engine.pause(run, at=start, hours=hours), at=end, hours=hours)


@pytest.mark.parametrize("vector", PAUSED, ids=lambda vector: vector["id"])
def test_pauses_of_the_golden_vectors(vector) -> None:
    hours = CALENDARS[vector["calendar"]]
    goal = f"{vector['target_s'] // 60}bmin"
    run = begin(goal, datetime.fromisoformat(vector["received_utc"]), hours)

    for pause in vector["pauses_utc"]:
        run = paused_between(run, *map(datetime.fromisoformat, pause), hours)

    assert run.due_at == datetime.fromisoformat(vector["due_utc"])


def test_g15_a_pause_moves_the_due_instant_and_while_it_lasts_there_is_none() -> None:
    waiting = engine.pause(begin("8bh", monday(9)), at=monday(16), hours=NINE_TO_FIVE)
    assert (waiting.state, waiting.due_at, waiting.consumed) == (ClockState.PAUSED, None, 7 * 3600)

    again = engine.resume(waiting, at=tuesday(10), hours=NINE_TO_FIVE)

    assert (again.state, again.due_at) == (ClockState.RUNNING, tuesday(11))


def test_g16_a_pause_outside_of_business_hours_moves_nothing() -> None:
    run = begin("10bh", monday(9))
    again = paused_between(run, monday(18), tuesday(8))

    assert again.due_at == run.due_at == tuesday(11)


def test_g18_resolved_while_paused_is_met_by_what_was_consumed() -> None:
    waiting = engine.pause(begin("8bh", monday(9)), at=monday(11), hours=NINE_TO_FIVE)
    done = engine.stop(waiting, at=wednesday(15), hours=NINE_TO_FIVE)

    assert (done.state, done.consumed, done.met_final) == (ClockState.MET, 2 * 3600, True)


@pytest.mark.parametrize(
    ("late", "state"), [(-1, ClockState.MET), (0, ClockState.MET), (1, ClockState.BREACHED)]
)
def test_a_promise_is_kept_up_to_the_very_instant_it_falls_due(late, state) -> None:
    run = begin("8bh", monday(9))
    done = engine.stop(run, at=monday(17) + timedelta(microseconds=late), hours=NINE_TO_FIVE)

    assert done.state is state
    assert done.breached_at == (monday(17) if state is ClockState.BREACHED else None)


def test_g19_a_higher_priority_counts_from_the_same_start_with_the_same_pauses() -> None:
    run = paused_between(begin("24bh", monday(9)), monday(10), monday(12))

    raised = retarget(run, terms("4bh"), at=monday(14))

    assert (raised.state, raised.due_at) == (ClockState.RUNNING, monday(15))


def test_g19_what_is_over_by_the_new_policy_is_late_from_the_change_on() -> None:
    run = paused_between(begin("24bh", monday(9)), monday(10), monday(12))

    raised = retarget(run, terms("4bh"), at=monday(15, 30))

    assert (raised.state, raised.breached_at) == (ClockState.BREACHED, monday(15, 30))
    assert raised.breach_cause == "policy_change"


def test_another_calendar_counts_the_time_that_was_not_paused() -> None:
    run = paused_between(begin("24bh", monday(16)), monday(16, 30), tuesday(9, 30))
    around = terms("4bh", ROUND_THE_CLOCK)

    raised = retarget(run, around, at=tuesday(10), ran=[(monday(16), monday(16, 30))])

    assert raised.due_at == tuesday(13)


def test_g20_an_edited_calendar_leaves_what_is_consumed_alone() -> None:
    run = begin("8bh", monday(9))
    mornings = weekdays(9, 13)

    edited = rebase(
        run, at=monday(13), old=NINE_TO_FIVE, new=mornings, version=calendar_digest(mornings)
    )

    assert (edited.consumed, edited.due_at) == (4 * 3600, tuesday(13))


def test_g14_a_due_date_is_provisional_until_the_holidays_are_known() -> None:
    start = datetime(2026, 12, 30, 2, tzinfo=UTC)  # a Wednesday
    unknown = weekdays(9, 18, name="CN", zone="Asia/Shanghai", valid_until=date(2026, 12, 31))
    run = begin("10wd", start, unknown)
    assert (run.due_at, run.provisional) == (datetime(2027, 1, 13, 10, tzinfo=UTC), True)
    known = closing(unknown, date(2027, 1, 1))

    loaded = rebase(run, at=start + timedelta(days=1), old=unknown, new=known, version="v2")

    assert (loaded.due_at, loaded.provisional) == (datetime(2027, 1, 14, 10, tzinfo=UTC), True)
    official = weekdays(9, 18, name="CN", zone="Asia/Shanghai", overrides=known.overrides)
    at_last = rebase(loaded, at=start + timedelta(days=2), old=known, new=official, version="v3")
    assert (at_last.due_at, at_last.provisional) == (loaded.due_at, False)


@pytest.mark.parametrize(("resolved", "reopened", "due"), [(13, 15, 18), (15, 18, 19)])
def test_g21_a_reopened_clock_goes_on_without_the_time_it_lay_resolved(
    resolved, reopened, due
) -> None:
    run = begin("8h", monday(8), ROUND_THE_CLOCK)
    done = engine.stop(run, at=monday(resolved), hours=ROUND_THE_CLOCK)

    again = engine.reopen(done, at=monday(reopened), hours=ROUND_THE_CLOCK)

    assert (again.state, again.due_at) == (ClockState.RUNNING, monday(due))
    assert (again.met_first, again.met_final) == (True, None)


def test_g25_an_answer_that_never_arrived_has_stopped_nothing() -> None:
    run = begin("8bh", monday(9))
    answered = engine.stop(run, at=monday(9, 30), hours=NINE_TO_FIVE, by=7)

    bounced = engine.take_back(answered, hours=NINE_TO_FIVE)
    resent = engine.stop(bounced, at=monday(9, 50), hours=NINE_TO_FIVE, by=7)

    assert (bounced.state, bounced.due_at, bounced.met_first) == ("running", run.due_at, None)
    assert resent.consumed == 50 * 60


def test_days_are_paused_in_business_time() -> None:
    run = begin("3wd", monday(12))
    assert run.due_at == at(3, 17)

    assert paused_between(run, tuesday(12), wednesday(12)).due_at == at(4, 17)


def test_plain_hours_pass_at_night_too() -> None:
    run = begin("4h", monday(16), NINE_TO_FIVE)
    assert (run.calendar, run.due_at) == ("24x7", monday(20))

    assert paused_between(run, monday(17), monday(18), NINE_TO_FIVE).due_at == monday(21)


def test_an_extension_comes_before_the_due_instant_and_is_later() -> None:
    run = begin("8bh", monday(9))

    longer = engine.extend(run, until=tuesday(12), at=monday(16), hours=NINE_TO_FIVE)

    assert (longer.due_at, longer.target) == (tuesday(12), 11 * 3600)
    for until, now in ((monday(16), monday(12)), (tuesday(12), tuesday(9))):
        with pytest.raises(Conflict):
            engine.extend(run, until=until, at=now, hours=NINE_TO_FIVE)


def test_of_two_tickets_that_become_one_the_older_promise_holds() -> None:
    older, younger = begin("8bh", monday(9)), begin("8bh", monday(11))

    for ours, theirs in ((younger, older), (older, younger)):
        merged = inherit(ours, theirs, hours=NINE_TO_FIVE)
        assert (merged.started_at, merged.due_at) == (monday(9), monday(17))


def by_law(goal: str, *, day: int) -> Run:
    """Rolled forward over the days off of October; we aim at the day before them."""
    law = replace(terms(goal, CN, pauses=""), rule=Rule(roll=Roll.FORWARD, end=End.MIDNIGHT))
    return engine.start(law, kind=FULL, at=datetime(2026, 9, day, 2, tzinfo=UTC))


def test_g40_the_same_complaint_again_keeps_the_dates_of_the_first() -> None:
    older, younger = by_law("15cd", day=16), by_law("15cd", day=20)

    merged = inherit(younger, older, hours=CN)

    assert older.due_at < older.legal_due_at
    assert (merged.due_at, merged.legal_due_at) == (older.due_at, older.legal_due_at)
    assert (merged.started_at, merged.target) == (older.started_at, older.target)


def test_what_is_promised_in_other_terms_keeps_the_older_law() -> None:
    older, younger = by_law("15cd", day=16), by_law("40cd", day=20)

    merged = inherit(younger, older, hours=CN)

    assert (merged.due_at, merged.legal_due_at) == (older.due_at, older.legal_due_at)


def test_what_either_of_two_tickets_broke_stays_broken() -> None:
    older = engine.breach(begin("1bh", monday(9)), now=monday(12))

    merged = inherit(begin("8bh", monday(11)), older, hours=NINE_TO_FIVE)

    assert (merged.state, merged.breached_at) == (ClockState.BREACHED, monday(10))


def test_a_night_shift_counts_the_hours_it_has() -> None:
    start = datetime(2026, 3, 28, 22, tzinfo=UTC)

    assert begin("8bh", start, NIGHTS).due_at == datetime(2026, 3, 29, 22, tzinfo=UTC)


def test_what_does_not_count_is_neither_kept_nor_broken() -> None:
    broken = engine.breach(begin("1bh", monday(9)), now=monday(12))

    assert engine.cancel(broken, at=monday(12)).breached_at == monday(10)
    excluded = engine.cancel(broken, at=monday(12), excluded=True)
    assert (excluded.state, excluded.breached_at) == (ClockState.CANCELLED, None)


def test_consumed_time_is_business_time() -> None:
    run = begin("8bh", monday(9))

    assert engine.used(run, at=tuesday(8), hours=NINE_TO_FIVE) == between(
        NINE_TO_FIVE, monday(9), tuesday(8)
    )
