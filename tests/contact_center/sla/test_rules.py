from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact_center.settings import Targets
from contact_center.sla.models import ClockKind
from contact_center.sla.rules import dues, is_met
from tests.conftest import NOON

MINUTES = st.integers(1, 60 * 24 * 365)


@given(first=MINUTES, full=MINUTES)
def test_a_promise_falls_due_its_minutes_after_the_start(first, full) -> None:
    due = dues(Targets(first_response=first, resolution=full), start=NOON)

    assert due[ClockKind.FIRST_RESPONSE] - NOON == timedelta(minutes=first)
    assert due[ClockKind.RESOLUTION] - NOON == timedelta(minutes=full)


@pytest.mark.parametrize(("late", "met"), [(-1, True), (0, True), (1, False)])
def test_a_promise_is_kept_up_to_the_very_instant_it_falls_due(late, met) -> None:
    assert is_met(due_at=NOON, stopped_at=NOON + timedelta(microseconds=late)) is met
