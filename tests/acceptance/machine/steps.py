"""What every rule of the machine begins and ends with."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.events.rules import Actor
from tests.acceptance.machine import grievances, lifecycle, ownership, timekeeping
from tests.acceptance.machine.desk import Desk
from tests.acceptance.machine.floor import Floor
from tests.acceptance.machine.sight import Row
from tests.acceptance.machine.story import Story

TICKETS = st.integers(0, 9)
PEOPLE = st.sampled_from(["assignee", "assignee", "owner", "acting", "lead", 0, 1, 2, 3])
COLLEAGUES = st.integers(0, 4)
Do = Callable[..., Awaitable[Any]]


def where(table: str, *states: str) -> Callable[[Do], Do]:
    """Only where there is something with which the step is possible; now and then nevertheless."""

    def is_apt(machine: "Steps") -> bool:
        rows = machine.desk.sight.now[table].values()
        column = "status" if table == "tickets" else "state"
        if machine.turn % 12 == 0:
            return bool(rows)
        return any(getattr(row, column) in states for row in rows)

    return precondition(is_apt)


def seldom(turns: int) -> Callable[[Do], Do]:
    """What ends too much to be done often."""
    return precondition(lambda machine: machine.turn % turns == 0)


class Steps(RuleBasedStateMachine):
    """After every step that was possible everything is looked at."""

    floor: ClassVar[Floor]
    possible: ClassVar[Counter[str]]  # steps, over all runs
    refused: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(self.floor)
        self.stories: dict[int, Story] = {}
        self.time = timekeeping.Timekeeping()
        self.turn = 0

    def step(self, do: Do, *args: Any, by: Actor | None = None, **values: Any) -> Any:
        """An action of the product, now; None where it was refused."""
        facts = values if by is None else {"by": by, **values}

        async def work(session: AsyncSession) -> Any:
            return await do(session, *args, now=self.desk.now, **facts)

        return self.done(do.__name__, work)

    def done(self, name: str, work: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        was_possible, result = self.desk.attempt(work)
        self.turn += 1
        counts = self.possible if was_possible else self.refused
        counts[name] += 1
        if was_possible:
            self.check()
        return result

    def check(self) -> None:
        for event in self.desk.sight.fresh:
            if event.ticket_id is not None:
                story = self.stories.setdefault(event.ticket_id, Story())
                story.hear(event)
        ownership.check(self.desk, self.stories)
        lifecycle.check(self.desk, self.stories)
        grievances.check(self.desk)
        self.time.check(self.desk)

    def a(self, table: str, number: int, *states: str) -> Row:
        """Of work orders, promises, hand-overs; mostly one with which the step is possible."""
        rows = list(self.desk.sight.now[table].values())
        rows = [row for row in rows if row.state in states] or rows
        return rows[-1 - number % len(rows)]

    def ticket_of(self, row: Row) -> Row:
        return self.desk.sight.now["tickets"][row.ticket_id]

    def teardown(self) -> None:
        try:
            for number in self.desk.sight.now["tickets"]:
                timekeeping.check_log(self.desk, number)
        finally:
            self.floor.clear()
