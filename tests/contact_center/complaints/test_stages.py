"""Whatever people try in whatever order: no complaint is closed but on a way that allows it."""

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from contact_center.agents.models import Agent
from contact_center.complaints.actions import answers, early, redress, special
from contact_center.complaints.actions.turns import Turn
from contact_center.complaints.models import (
    MOVES,
    Case,
    Complaint,
    Outcome,
    RedressItem,
    RedressKind,
    RedressState,
    Stage,
)
from contact_center.complaints.rules.stages import StepRefused, check_step, missing, priority_for
from contact_center.complaints.rules.words import cell
from contact_center.db import Database
from contact_center.errors import ContactCenterError
from contact_center.events.queries import ticket_events
from contact_center.events.rules import customer
from contact_center.procedure import usual_procedure
from contact_center.tickets.models import Status, Ticket
from contact_center.tickets.rules import PRIORITIES
from tests.conftest import NOON
from tests.contact_center.complaints.conftest import ALL, File
from tests.support.fakes import FakeClock

PROCEDURE = usual_procedure()
SCORE = st.integers(0, 3)


@given(SCORE, SCORE, SCORE, SCORE, st.sampled_from(["severity", "safety", "impact", "urgency"]))
def test_what_is_worse_is_never_less_urgent(severity, safety, impact, urgency, name) -> None:
    scores = {"severity": severity, "safety": safety, "impact": impact, "urgency": urgency}
    worse = scores | {name: min(3, scores[name] + 1)}

    first, second = (priority_for(**s, procedure=PROCEDURE) for s in (scores, worse))

    assert PRIORITIES.index(second) <= PRIORITIES.index(first)
    assert safety < 2 or first == "urgent"


def test_every_stage_leads_to_the_end_and_the_end_nowhere() -> None:
    reached = {Stage.CLOSED}
    for _ in Stage:
        reached |= {stage for stage, after in MOVES.items() if after & reached}

    assert MOVES.keys() == reached == set(Stage)
    assert MOVES[Stage.CLOSED] == frozenset()


def test_only_what_the_customer_said_or_kept_silent_about_can_be_closed() -> None:
    before_the_end = {stage for stage, after in MOVES.items() if Stage.CLOSED in after}

    assert before_the_end == {
        Stage.ACCEPTED,
        Stage.REJECTED_BY_CUSTOMER,
        Stage.SILENT,
        Stage.WITHDRAWN,
    }


CASES = st.builds(
    lambda stage, level, informed, declined, summary, states: Case(
        ticket=Ticket(id=1, open_work_orders=0),
        complaint=Complaint(
            stage=stage,
            level=level,
            preset="iso10002_baseline",
            informed_internal_at=NOON if informed[0] else None,
            informed_external_at=NOON if informed[1] else None,
            review_declined_at=NOON if declined else None,
            answered_at=NOON,
            summary_due_at=NOON if summary[0] else None,
            summary_contents=["leaflet"],
            summary_sent_at=NOON if summary[1] else None,
        ),
        redress=[RedressItem(amount=1, state=state) for state in states],
    ),
    st.sampled_from(Stage),
    st.integers(1, 2),
    st.tuples(st.booleans(), st.booleans()),
    st.booleans(),
    st.tuples(st.booleans(), st.booleans()),
    st.lists(st.sampled_from(RedressState), max_size=2),
)


@given(CASES)
def test_closing_is_refused_whenever_something_is_missing(case) -> None:
    complaint = case.complaint
    final = complaint.level == 2 or complaint.review_declined_at is not None
    informed = complaint.informed_internal_at and complaint.informed_external_at
    owed = any(
        item.state in (RedressState.APPROVED, RedressState.PROPOSED) for item in case.redress
    )
    may = {
        Stage.ACCEPTED: not owed and not complaint.owes_summary,
        Stage.REJECTED_BY_CUSTOMER: bool(informed and final),
        Stage.SILENT: not owed,
        Stage.WITHDRAWN: True,
    }

    try:
        check_step(case, Stage.CLOSED, now=NOON)
    except StepRefused:
        assert not may.get(complaint.stage, False)
    else:
        assert may[complaint.stage]
        assert missing(case, Stage.CLOSED) == []


PEOPLE = ("ann", "bob", "lee", "max")
OUTCOMES = {f"decide_{outcome}": outcome for outcome in Outcome}


class By(File):
    """A complaint by a preset."""

    preset = ""

    def by(self, agent: Agent) -> Turn:
        bound = PROCEDURE.model_copy(update={"preset": self.preset})
        return replace(super().by(agent), procedure=bound)


async def try_step(file: File, name: str, who: str) -> None:
    """One step by one of the people; whether it is allowed is not our business here."""
    by = getattr(file, who)
    where, turn = (file.session, file.id), file.by(by)
    chat = {"channel": "api", "by": customer(file.ticket.customer_id), "now": turn.now}
    told = {"text": "…", "internal": True, "external": True, "turn": turn}
    item = {"kind": RedressKind.REFUND, "amount": 30_000, "description": "", "turn": turn}
    steps = {
        "accepted": lambda: file.answer(accepted=True, by=by),
        "not_accepted": lambda: file.answer(accepted=False, by=by),
        "chat_yes": lambda: answers.customer_accepted(*where, quote="yes", **chat),
        "chat_no": lambda: answers.customer_rejected(*where, quote="no", **chat),
        "vain": lambda: answers.callback_in_vain(*where, now=turn.now),
        "inform": lambda: answers.inform(*where, **told),
        "review": lambda: answers.review(*where, handler_id=file.bob.id, turn=turn),
        "decline_review": lambda: answers.decline_review(*where, turn=turn),
        "silence": lambda: answers.record_silence(*where, turn=turn),
        "withdraw": lambda: special.withdraw(*where, channel="phone", quote="no", turn=turn),
        "redress": lambda: redress.propose(*where, **item),
        "summary": lambda: early.send_summary(*where, text="…", contents=ALL, turn=turn),
        **{n: partial(file.decide, by=by, outcome=o) for n, o in OUTCOMES.items()},
    }
    await (steps[name]() if name in steps else getattr(file, name)(by=by))


STEPS = st.sampled_from(
    [
        "acknowledge",
        "assess",
        "investigate",
        "find",
        *OUTCOMES,
        "approve",
        "respond",
        "respond",
        "accepted",
        "not_accepted",
        "chat_yes",
        "chat_no",
        "vain",
        "inform",
        "review",
        "decline_review",
        "silence",
        "withdraw",
        "redress",
        "summary",
        "close",
        "close",
    ]
)
USUAL = ["acknowledge", "assess", "investigate", "find", "decide_rejected", "approve", "respond"]


@settings(
    max_examples=30,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    preset=st.sampled_from(["iso10002_baseline", "uk_fca_disp"]),
    days=st.sampled_from([0, 1]),
    start=st.integers(0, len(USUAL)),
    tried=st.lists(st.tuples(STEPS, st.sampled_from(PEOPLE)), max_size=14),
)
async def test_no_way_leads_to_closed_without_its_guard_k6(
    db: Database, preset: str, days: int, start: int, tried: list[tuple[str, str]]
) -> None:
    clock = FakeClock(NOON)
    usual = [(name, "lee" if name == "approve" else "ann") for name in USUAL[:start]]
    async with db._writers() as session:
        file = await By(session, clock).open()
        file.preset = preset
        for name, who in [*usual, *tried]:
            clock.advance(days=days)
            before = (await file.complaint()) and (await file.complaint()).stage
            try:
                async with session.begin_nested():
                    await try_step(file, name, who)
            except ContactCenterError:
                session.expire_all()
            for person in PEOPLE:
                await session.refresh(getattr(file, person))
            await check(file, before)
        await session.rollback()


async def check(file: File, before: Stage | None) -> None:
    ticket, complaint = await file.fresh(), await file.complaint()
    if complaint is None:
        return
    was, now = before or Stage.RECEIVED, complaint.stage
    assert now is was or now in MOVES[was]
    assert ticket.stage in (None, now.value)
    if now is not Stage.CLOSED:
        assert ticket.status is not Status.CLOSED
        return
    events = await ticket_events(file.session, file.id, limit=500)
    [closing] = [event for event in events if event.kind == "complaint.closed"]
    assert closing.actor.startswith("agent:")
    assert complaint.close_reason in ("accepted", "rejected_by_customer", "silent", "withdrawn")
    if complaint.close_reason == "accepted":
        assert complaint.answer_quote
        assert complaint.responded_at or complaint.is_summary
        assert not complaint.owes_summary
    if complaint.close_reason == "rejected_by_customer":
        assert complaint.informed_internal_at
        assert complaint.informed_external_at
        assert complaint.level == 2 or complaint.review_declined_at


@pytest.mark.parametrize(
    "value", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\u3000＝1", "＋1", "|cmd", "\r=1", "\n=1"]
)
def test_no_cell_of_the_register_is_a_formula(value) -> None:
    assert cell(value).startswith("'")


def test_other_cells_stay_as_they_are() -> None:
    assert [cell(v) for v in ("T-000001", None, 3, "a=b", "王小明")] == [
        "T-000001",
        "",
        "3",
        "a=b",
        "王小明",
    ]
