"""Ownership, clocks, work orders, promises and complaints, whatever people do, in whatever order.

200 runs of 200 steps on SQLite, a few on PostgreSQL; `CC_TEST_RUNS=200` makes as many on both.
They are the same ones each time: `CC_TEST_SEED=1` makes others, `CC_TEST_SHRINK=1` looks for the
shortest way to a fault, which takes minutes.
"""

import os
from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.acceptance.machine.chance import Dice
from tests.acceptance.machine.correcting import Correcting
from tests.acceptance.machine.ending import Ending
from tests.acceptance.machine.floor import Floor
from tests.acceptance.machine.handing import Handing
from tests.acceptance.machine.talking import Talking
from tests.acceptance.machine.working import Working

STEPS = 200
PARTS = 8  # that run side by side
RUNS = {"sqlite": 200, "postgresql": 8}
SHRINKS = "CC_TEST_SHRINK" in os.environ


@pytest.fixture
def floor(database_url):
    floor = Floor(database_url)
    yield floor
    floor.close()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happens_somebody_answers_and_every_clock_is_right(floor, backend, part) -> None:
    class Machine(Talking, Handing, Working, Correcting, Ending):
        pass

    Machine.floor, Machine.possible, Machine.refused = floor, Counter(), Counter()
    runs = int(os.environ.get("CC_TEST_RUNS", RUNS[backend])) // PARTS
    Dice.random = Random(f"{os.environ.get('CC_TEST_SEED')} {part}")
    steady = settings(
        backend="dice",
        max_examples=max(runs, 1),
        stateful_step_count=STEPS,
        phases=[Phase.generate, Phase.shrink] if SHRINKS else [Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )

    run_state_machine_as_test(Machine, settings=steady, _min_steps=0 if SHRINKS else STEPS)

    for what, counts in (("possible", Machine.possible), ("refused", Machine.refused)):
        print(f"\n{counts.total()} steps were {what}: {dict(counts.most_common())}")
