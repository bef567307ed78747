"""Ownership, clocks, work orders and promises under whatever people do, in whatever order.

20 runs of 200 steps on SQLite, a few on PostgreSQL; `CC_TEST_RUNS=200` makes as many on both.
"""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.acceptance.machine.ending import Ending
from tests.acceptance.machine.floor import Floor
from tests.acceptance.machine.handing import Handing
from tests.acceptance.machine.talking import Talking
from tests.acceptance.machine.working import Working

STEPS = 200
PARTS = 4  # that run side by side
RUNS = {"sqlite": 20, "postgresql": 4}


@pytest.fixture
def floor(database_url):
    floor = Floor(database_url)
    yield floor
    floor.close()


@pytest.mark.timeout(1800)  # to find the shortest way to a fault takes its time
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happens_somebody_answers_and_every_clock_is_right(floor, backend, part) -> None:
    class Machine(Talking, Handing, Working, Ending):
        pass

    Machine.floor, Machine.possible, Machine.refused = floor, Counter(), Counter()
    runs = int(os.environ.get("CC_TEST_RUNS", RUNS[backend])) // PARTS
    steady = settings(
        max_examples=max(runs, 1),
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )

    run_state_machine_as_test(seed(part)(Machine), settings=steady)

    for what, counts in (("possible", Machine.possible), ("refused", Machine.refused)):
        print(f"\n{counts.total()} steps were {what}: {dict(counts.most_common())}")
