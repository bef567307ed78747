"""Chance without design: every run of the machine is another one, and as long as it may be.

Hypothesis's own way to draw begins with the shortest runs and goes on with near copies of earlier
ones; of a few dozen long runs that leaves half. Faults are shown and shortened as ever.
"""

from random import Random
from typing import Any, ClassVar, NoReturn

from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, PrimitiveProvider

SWARM = (0, 254)  # of 255 rules so many are left out of a run, by Hypothesis; half are too many


class Dice(PrimitiveProvider):
    lifetime = "test_case"
    random: ClassVar[Random] = Random(0)

    def draw_boolean(self, p: float = 0.5) -> bool:
        return self.random.random() < p

    def draw_integer(
        self, min_value: int | None = None, max_value: int | None = None, **_: Any
    ) -> int:
        assert min_value is not None
        assert max_value is not None
        if (min_value, max_value) == SWARM:
            max_value //= 3
        return self.random.randint(min_value, max_value)

    def _is_not_used(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError("the machine's rules draw numbers and from lists only")

    draw_float = draw_string = draw_bytes = _is_not_used


AVAILABLE_PROVIDERS["dice"] = Dice
