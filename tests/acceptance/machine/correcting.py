"""What keeps it from happening again: planned, done, checked, and only then closed."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.complaints.actions import corrective
from contact_center.complaints.models import ActionState, Stage
from tests.acceptance.machine.complaining import NUMBERS, SECOND, WHO, Complaining, Do, at
from tests.acceptance.machine.sight import Row
from tests.acceptance.machine.steps import COLLEAGUES, seldom, where

STEPS: dict[str, tuple[Do, dict[str, Any]]] = {
    ActionState.PROPOSED: (corrective.approve, {}),
    ActionState.APPROVED: (corrective.finish, {"note_": "Done"}),
    ActionState.DONE: (corrective.check, {}),
}


class Correcting(Complaining):
    @seldom(2)
    @at(*Stage)
    @rule(number=NUMBERS, who=WHO, owner=COLLEAGUES)
    def plan_correction(self, number: int, who: int | str, owner: int) -> None:
        row = self.complaint(number, *Stage)
        self.take(
            corrective.propose,
            row,
            who,
            cause="A worn seal",
            plan="New seals",
            measure="No leak in a month",
            owner_id=self.desk.staff[owner],
            due_at=self.desk.now + timedelta(days=7),
        )

    def _correct(self, do: Do, row: Row, who: int | str, **values: Any) -> None:
        turn = self.turn_of(who, row)

        async def work(session: AsyncSession) -> None:
            await do(session, row.id, turn=turn, **values)

        self.done(f"correction {do.__name__}", work)

    @where("corrective_actions", *STEPS)
    @rule(number=NUMBERS, who=SECOND, other=SECOND, effective=st.booleans())
    def correct(self, number: int, who: int | str, other: int | str, effective: bool) -> None:
        """The next two steps, perhaps by the same hand."""
        for one in (who, other):
            row = self.a("corrective_actions", number, *STEPS)
            do, values = STEPS.get(row.state, (corrective.close, {}))
            if do is corrective.check:
                values = {"effective": effective, "result": "Looked at it"}
            self._correct(do, row, one, **values)

    @where("corrective_actions", *ActionState)
    @rule(number=NUMBERS, who=SECOND)
    def close_correction(self, number: int, who: int | str) -> None:
        row = self.a("corrective_actions", number, ActionState.CHECKED)
        self._correct(corrective.close, row, who)
