"""Complaints go through their stages, in whatever order people and customers take them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.complaints.actions import answers, deciding, handling, redress, special
from contact_center.complaints.actions.turns import Turn
from contact_center.complaints.models import (
    UNDECIDED,
    EvidenceKind,
    Outcome,
    RedressKind,
    RedressState,
    Stage,
)
from contact_center.events.rules import BOT, SYSTEM
from contact_center.procedure import NOT_ESTABLISHED
from tests.acceptance.machine.sight import Row
from tests.acceptance.machine.steps import COLLEAGUES, PEOPLE, Steps, seldom, where

NUMBERS = st.integers(0, 3)
# Mostly who has it; seldom somebody whom it does not concern, or who is nobody.
WHO = PEOPLE | st.sampled_from(["assignee", "assignee", "lead", "bot"])
SECOND = st.sampled_from(["lead", "lead", "lead", "owner", 0, 1, "bot"])
TO_ANSWER = (Stage.RESPONDED, Stage.SILENT, Stage.ACCEPTED, Stage.REJECTED_BY_CUSTOMER)
TO_CLOSE = (Stage.ACCEPTED, Stage.SILENT, Stage.REJECTED_BY_CUSTOMER, Stage.WITHDRAWN)
# Up to 200 an agent gives, up to 2,000 a lead; above 500 it takes two.
AMOUNTS = st.sampled_from([0, 5_000, 5_000, 40_000, 80_000, 300_000])
SCORES = ("severity", "safety", "complexity", "impact", "urgency")
Do = Callable[..., Awaitable[Any]]


def at(*stages: Stage) -> Callable[[Do], Do]:
    """Only where a complaint is there; now and then wherever there is a complaint."""

    def is_apt(machine: Steps) -> bool:
        rows = machine.desk.sight.now["complaints"].values()
        if machine.turn % 12 == 0:
            return bool(rows)
        return any(row.stage in stages and row.downgraded_at is None for row in rows)

    return precondition(is_apt)


class Complaining(Steps):
    def complaint(self, number: int, *stages: Stage) -> Row:
        """Mostly one with which the step is possible."""
        rows = list(self.desk.sight.now["complaints"].values())
        apt = [row for row in rows if row.stage in stages and row.downgraded_at is None] or rows
        return apt[-1 - number % len(apt)]

    def turn_of(self, who: int | str, row: Row) -> Turn:
        runtime = self.desk.runtime
        ticket = self.ticket_of(row)
        return Turn(
            by=BOT if who == "bot" else self.desk.person(who, ticket),
            now=self.desk.now,
            procedure=runtime.procedure,
            policies=runtime.policies,
            settings=runtime.settings,
            texts=runtime.texts,
        )

    def take(self, do: Do, row: Row, who: int | str, **values: Any) -> None:
        turn = self.turn_of(who, row)

        async def work(session: AsyncSession) -> None:
            await do(session, row.ticket_id, turn=turn, **values)

        self.done(f"complaint {do.__name__}", work)

    @at(*UNDECIDED)
    @rule(number=NUMBERS, far=st.integers(2, 6), outcome=st.sampled_from(list(Outcome)))
    def handle(self, number: int, far: int, outcome: Outcome) -> None:
        """Some steps of the usual way, as who has it takes them."""
        row = self.complaint(number, *UNDECIDED)
        for _ in range(far):
            row = self.desk.sight.now["complaints"].get(row.ticket_id)
            if row is None or row.stage not in UNDECIDED:
                return
            self._go_on(row, outcome, is_odd=bool(self.turn % 2))

    def _go_on(self, row: Row, outcome: Outcome, *, is_odd: bool) -> None:
        who, stage = "assignee", row.stage
        if stage == Stage.RECEIVED:
            self._acknowledge(row, who)
        elif stage == Stage.ACKNOWLEDGED:
            self._assess(row, who, self.turn % 4, self.turn % 3)
        elif stage == Stage.ASSESSED and is_odd:
            self.take(handling.investigate, row, who, handler_id=None)
        elif stage == Stage.INVESTIGATING and row.root_cause is None:
            self._find_cause(row, who, NOT_ESTABLISHED)
        elif stage != Stage.DECISION_READY:
            self._decide(row, who, outcome)
        elif is_odd and outcome is not Outcome.UPHELD:
            self.take(deciding.approve, row, "lead")
        else:
            self._respond(row, who)

    @at(Stage.RECEIVED)
    @rule(number=NUMBERS, who=WHO)
    def acknowledge(self, number: int, who: int | str) -> None:
        self._acknowledge(self.complaint(number, Stage.RECEIVED), who)

    def _acknowledge(self, row: Row, who: int | str) -> None:
        next_at = self.desk.now + timedelta(days=1)
        self.take(handling.acknowledge, row, who, next_step="We look into it", next_at=next_at)

    @at(Stage.ACKNOWLEDGED)
    @rule(number=NUMBERS, who=WHO, score=st.integers(0, 3), safety=st.sampled_from([0, 0, 0, 1, 2]))
    def assess(self, number: int, who: int | str, score: int, safety: int) -> None:
        self._assess(self.complaint(number, Stage.ACKNOWLEDGED), who, score, safety)

    def _assess(self, row: Row, who: int | str, score: int, safety: int) -> None:
        scores = dict.fromkeys(SCORES, score) | {"safety": safety}
        self.take(handling.assess, row, who, scores=scores)

    @at(Stage.ASSESSED)
    @rule(number=NUMBERS, who=WHO, handler=COLLEAGUES)
    def investigate(self, number: int, who: int | str, handler: int) -> None:
        row = self.complaint(number, Stage.ASSESSED)
        self.take(handling.investigate, row, who, handler_id=self.desk.staff[handler])

    @at(Stage.INVESTIGATING)
    @rule(number=NUMBERS, who=WHO, found=st.booleans(), shown=st.booleans())
    def find_cause(self, number: int, who: int | str, found: bool, shown: bool) -> None:
        row, known = self.complaint(number, Stage.INVESTIGATING), self.desk.runtime.procedure
        cause = next(iter(known.root_causes)) if found else NOT_ESTABLISHED
        if shown:
            kind = EvidenceKind.STATEMENT
            self.take(handling.add_evidence, row, who, kind=kind, text="It was broken")
        self._find_cause(row, who, cause)

    def _find_cause(self, row: Row, who: int | str, cause: str) -> None:
        self.take(handling.find_cause, row, who, root_cause=cause, findings="")

    @at(Stage.ASSESSED, Stage.INVESTIGATING)
    @rule(number=NUMBERS, who=WHO, outcome=st.sampled_from(list(Outcome)))
    def decide(self, number: int, who: int | str, outcome: Outcome) -> None:
        self._decide(self.complaint(number, Stage.INVESTIGATING, Stage.ASSESSED), who, outcome)

    def _decide(self, row: Row, who: int | str, outcome: Outcome) -> None:
        if row.level > 1 and self.turn % 3:  # at the review one may, whom a draw seldom finds
            who = self.desk.staff.index(row.handler_id)
        self.take(deciding.decide, row, who, outcome=outcome, reasons="So it is")

    @at(Stage.DECISION_READY)
    @rule(number=NUMBERS, who=SECOND)
    def approve_decision(self, number: int, who: int | str) -> None:
        self.take(deciding.approve, self.complaint(number, Stage.DECISION_READY), who)

    @seldom(3)
    @at(Stage.DECISION_READY)
    @rule(number=NUMBERS, who=SECOND)
    def send_back(self, number: int, who: int | str) -> None:
        row = self.complaint(number, Stage.DECISION_READY)
        self.take(deciding.send_back, row, who, reason="Look again")

    @at(Stage.DECISION_READY)
    @rule(number=NUMBERS, who=WHO, complete=st.sampled_from([True, True, True, False]))
    def respond(self, number: int, who: int | str, complete: bool) -> None:
        self._respond(self.complaint(number, Stage.DECISION_READY), who, complete=complete)

    def _respond(self, row: Row, who: int | str, *, complete: bool = True) -> None:
        contents = sorted(self.desk.runtime.procedure.contents) if complete else []
        self.take(deciding.respond, row, who, text="This is our decision", contents=contents)

    # What is given

    @at(*UNDECIDED)
    @rule(number=NUMBERS, who=WHO, amount=AMOUNTS)
    def propose_redress(self, number: int, who: int | str, amount: int) -> None:
        row, kind = self.complaint(number, *UNDECIDED), RedressKind.REFUND
        self.take(redress.propose, row, who, kind=kind, amount=amount, description="Money")

    @where("redress_items", *RedressState)
    @rule(
        number=NUMBERS,
        who=SECOND,
        do=st.sampled_from([redress.approve, redress.approve, redress.refuse, redress.provide]),
    )
    def settle_redress(self, number: int, who: int | str, do: Do) -> None:
        state = RedressState.APPROVED if do is redress.provide else RedressState.PROPOSED
        row = self.a("redress_items", number, state)
        self.take(do, row, who, item_id=row.id)

    @seldom(3)
    @where("redress_items", *RedressState)
    @rule(number=NUMBERS, who=SECOND)
    def take_redress_back(self, number: int, who: int | str) -> None:
        row = self.a("redress_items", number, RedressState.APPROVED, RedressState.PROPOSED)
        self.take(redress.withdraw, row, who, item_id=row.id, reason="Sent twice")

    # What the customer says

    @at(*TO_ANSWER)
    @rule(
        number=NUMBERS,
        who=WHO,
        accepted=st.booleans(),
        quote=st.sampled_from(["Well.", "Well.", ""]),
    )
    def answer(self, number: int, who: int | str, accepted: bool, quote: str) -> None:
        row = self.complaint(number, Stage.RESPONDED, Stage.SILENT)
        facts = {"accepted": accepted, "channel": "phone", "quote": quote}
        self.take(answers.record_answer, row, who, **facts)

    @at(Stage.RESPONDED)
    @rule(number=NUMBERS, who=WHO | st.just("timer"))
    def say_nothing(self, number: int, who: int | str) -> None:
        """People write down silence; what finds a callback in vain is a machine."""
        row = self.complaint(number, Stage.RESPONDED)
        if who == "timer":
            self.step(answers.callback_in_vain, row.ticket_id)
        else:
            self.take(answers.record_silence, row, who)

    @at(*TO_ANSWER)
    @rule(number=NUMBERS, who=WHO, internal=st.booleans())
    def inform(self, number: int, who: int | str, internal: bool) -> None:
        row = self.complaint(number, Stage.REJECTED_BY_CUSTOMER)
        facts = {"internal": internal, "external": not internal}
        self.take(answers.inform, row, who, text="Others can help, too", **facts)

    @at(Stage.REJECTED_BY_CUSTOMER)
    @rule(number=NUMBERS, who=SECOND, handler=COLLEAGUES)
    def review(self, number: int, who: int | str, handler: int) -> None:
        row = self.complaint(number, Stage.REJECTED_BY_CUSTOMER)
        self.take(answers.review, row, who, handler_id=self.desk.staff[handler])

    @at(Stage.REJECTED_BY_CUSTOMER)
    @rule(number=NUMBERS, who=WHO)
    def decline_review(self, number: int, who: int | str) -> None:
        self.take(answers.decline_review, self.complaint(number, Stage.REJECTED_BY_CUSTOMER), who)

    @at(*TO_CLOSE)
    @rule(number=NUMBERS, who=WHO)
    def close_complaint(self, number: int, who: int | str) -> None:
        self.take(answers.close, self.complaint(number, *TO_CLOSE), who)

    @at(*TO_CLOSE)
    @rule(number=NUMBERS, by=st.sampled_from([SYSTEM, BOT]))
    def close_by_itself(self, number: int, by: Any) -> None:
        """Which only a customer's own yes brings about."""
        self.step(answers.close_accepted, self.complaint(number, *TO_CLOSE).ticket_id, by=by)

    # Beside the usual way

    @seldom(8)
    @at(*UNDECIDED, *TO_ANSWER)
    @rule(number=NUMBERS, who=WHO)
    def withdraw_complaint(self, number: int, who: int | str) -> None:
        row = self.complaint(number, *UNDECIDED, *TO_ANSWER)
        self.take(special.withdraw, row, who, channel="phone", quote="Never mind")

    @at(*UNDECIDED)
    @rule(number=NUMBERS, who=SECOND, days=st.sampled_from([20, 40, 50, 70]))
    def extend(self, number: int, who: int | str, days: int) -> None:
        row = self.complaint(number, *UNDECIDED)
        until = row.received_at + timedelta(days=days)
        self.take(special.extend, row, who, until=until, reason="Parts are late")

    @seldom(4)
    @at(*UNDECIDED, *TO_ANSWER)
    @rule(number=NUMBERS, who=WHO)
    def escalate(self, number: int, who: int | str) -> None:
        row = self.complaint(number, *UNDECIDED, *TO_ANSWER)
        self.take(special.escalate, row, who, body="The ombudsman", number="")
