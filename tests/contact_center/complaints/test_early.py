"""G38: accepted early, a summary letter is required, and the eight weeks never applied."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from contact_center.alerts.models import Alert
from contact_center.complaints.actions import answers, early, letters, redress
from contact_center.complaints.models import RedressKind, Stage
from contact_center.complaints.queries import view_case
from contact_center.complaints.rules.letters import LetterKind
from contact_center.complaints.rules.stages import StepRefused, following
from contact_center.errors import Conflict, ContactCenterError
from contact_center.events.queries import ticket_events
from contact_center.events.rules import customer
from contact_center.messages.queries import ticket_messages
from contact_center.procedure import usual_procedure
from contact_center.reports import actions as reports
from contact_center.reports.rules import days
from contact_center.sla.actions.rows import run_of
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.queries import all_clocks
from contact_center.sla.rules.history import rebuild
from contact_center.tickets.models import Status
from tests.contact_center.complaints.conftest import File
from tests.support.promises import keep_policies

FCA = usual_procedure().model_copy(update={"preset": "uk_fca_disp"})
SAID = ["complaint_made", "considered_resolved", "ombudsman_right", "six_months"]
ALL_SAID = [*SAID, "ombudsman_website"]
UNTIL = datetime(2026, 12, 23, 17, tzinfo=UTC)


class Fca(File):
    """A complaint in a firm that the FCA supervises."""

    def by(self, agent):
        return replace(super().by(agent), procedure=FCA)

    async def send(self, contents=ALL_SAID):
        turn = self.by(self.ann)
        return await early.send_summary(
            self.session, self.id, text="It is settled", contents=contents, turn=turn
        )

    async def final(self):
        await self.session.flush()
        every = await all_clocks(self.session, self.id)
        return next(one for one in every if one.kind is ClockKind.FINAL_RESPONSE)

    async def stage(self) -> Stage:
        return (await self.complaint()).stage


async def received(session, clock, day: str) -> Fca:
    clock.now = datetime.fromisoformat(f"{day}T10:00+00:00")
    await keep_policies(session, '[[policy]]\npreset = "uk_fca_disp"\n', now=clock())
    file = Fca(session, clock)
    await file.open()
    await file.acknowledge()
    return file


@pytest.fixture
async def fca(session, clock) -> Fca:
    return await received(session, clock, "2026-12-18")


@pytest.mark.parametrize(
    ("day", "last"),
    [("2026-12-18", "2026-12-23"), ("2026-12-24", "2026-12-31"), ("2026-12-19", "2026-12-23")],
)
async def test_g38_accepted_by_phone_in_time_a_summary_is_required_and_eight_weeks_are_not(
    session, clock, day, last
) -> None:
    file = await received(session, clock, day)
    assert (await file.final()).state is ClockState.RUNNING
    clock.now = datetime.fromisoformat(f"{last}T17:00+00:00")  # close of the third business day

    await file.answer(accepted=True)

    complaint = await file.complaint()
    assert (complaint.stage, complaint.is_summary, complaint.owes_summary) == (
        "accepted",
        True,
        True,
    )
    assert (complaint.answer_channel, complaint.answer_quote) == ("phone", "All right then")
    assert (await file.final()).state is ClockState.CANCELLED
    with pytest.raises(StepRefused, match="missing summary"):
        await file.close()
    with pytest.raises(StepRefused, match="ombudsman_website"):
        await file.send(SAID)

    await file.send()
    await file.close()

    assert (await file.fresh()).status is Status.CLOSED
    complaint = await file.complaint()
    assert (complaint.close_reason, complaint.is_summary) == ("accepted", True)
    assert complaint.summary_sent_at == clock()
    texts = {message.id: message.text for message in await ticket_messages(session, file.id)}
    assert texts[complaint.summary_message_id] == "It is settled"
    with pytest.raises(ContactCenterError):
        await file.send()


@pytest.mark.parametrize("stage", ["acknowledged", "assessed", "investigating", "decision_ready"])
async def test_g38_a_second_after_closing_time_it_needs_a_response(fca, clock, stage) -> None:
    steps = [fca.assess, fca.investigate, fca.find, fca.decide]
    for step in steps[: {"acknowledged": 0, "assessed": 1, "investigating": 2}.get(stage, 4)]:
        await step()
    assert await fca.stage() == stage
    clock.now = UNTIL
    case = await view_case(fca.session, fca.id, procedure=FCA)
    assert Stage.ACCEPTED in following(case, now=clock())
    clock.now = UNTIL + timedelta(seconds=1)

    assert Stage.ACCEPTED not in following(case, now=clock())
    with pytest.raises(StepRefused, match="without a response until 2026-12-23 17:00 UTC"):
        await fca.answer(accepted=True)

    assert await fca.stage() == stage
    assert (await fca.final()).state is ClockState.RUNNING


async def test_g38_without_a_response_there_is_nothing_to_reject(fca) -> None:
    with pytest.raises(StepRefused):
        await fca.answer(accepted=False)

    assert await fca.stage() is Stage.ACKNOWLEDGED


async def test_where_no_preset_knows_an_early_way_a_response_comes_first(file) -> None:
    await file.acknowledge()

    with pytest.raises(StepRefused, match="no response yet"):
        await file.answer(accepted=True)


async def test_g38_a_response_that_is_accepted_early_was_under_no_clock_either(fca) -> None:
    await fca.assess()
    await fca.decide()
    await fca.respond()
    assert (await fca.final()).state is ClockState.MET

    await fca.answer(accepted=True)

    assert (await fca.final()).state is ClockState.CANCELLED
    assert (await fca.complaint()).owes_summary


async def test_g38_accepted_later_it_is_an_ordinary_one(fca, clock) -> None:
    await fca.assess()
    await fca.decide()
    await fca.respond()
    clock.now = UNTIL + timedelta(seconds=1)

    await fca.answer(accepted=True)

    assert not (await fca.complaint()).is_summary
    assert (await fca.final()).state is ClockState.MET
    with pytest.raises(StepRefused, match="accepts early"):
        await fca.send()
    await fca.close()


async def test_g38_what_never_applied_is_in_no_figure(fca, clock) -> None:
    await fca.answer(accepted=True)
    clock.advance(days=90)
    period = days(fca.ticket.created_at.date(), clock().date(), time_zone="UTC")

    told = await reports.digest(fca.session, period, now=clock())

    counted = told.total.promises[ClockKind.FINAL_RESPONSE]
    assert (counted.kept, counted.broken, counted.compliance) == (0, 0, None)


async def test_who_takes_an_early_acceptance_back_is_owed_the_response_after_all(
    fca, clock
) -> None:
    before = await fca.final()
    due = before.legal_due_at
    await fca.answer(accepted=True)
    await fca.send()
    clock.advance(hours=2)

    await fca.answer(accepted=False)

    assert await fca.stage() is Stage.ACKNOWLEDGED
    again = await fca.final()
    assert (again.state, again.legal_due_at) == (ClockState.RUNNING, due)
    assert (await fca.fresh()).next_due_at is not None
    events = await ticket_events(fca.session, fca.id, limit=500)
    assert rebuild(events)[ClockKind.FINAL_RESPONSE, 0, 0] == run_of(again)
    clock.now = UNTIL + timedelta(days=1)
    await fca.assess()
    await fca.decide()
    await fca.respond()
    await fca.answer(accepted=True)
    await fca.close()
    assert (await fca.final()).state is ClockState.MET


async def test_who_takes_it_back_after_a_response_had_it_when_it_was_sent(fca, clock) -> None:
    await fca.assess()
    await fca.decide()
    await fca.respond()
    sent_at = clock()
    clock.advance(hours=2)
    await fca.answer(accepted=True)
    clock.advance(hours=2)

    await fca.answer(accepted=False)

    assert await fca.stage() is Stage.REJECTED_BY_CUSTOMER
    final = await fca.final()
    assert (final.state, final.stopped_at) == (ClockState.MET, sent_at)
    again = (await all_clocks(fca.session, fca.id))[-1]
    assert (again.kind, again.attempt, again.is_owed) == (ClockKind.FINAL_RESPONSE, 1, True)


async def test_what_was_accepted_early_is_not_acknowledged_again(fca) -> None:
    await fca.answer(accepted=True)

    with pytest.raises(StepRefused):
        await fca.acknowledge()


async def test_what_was_agreed_is_given_before_the_file_is_closed(fca) -> None:
    turn = fca.by(fca.ann)
    item = await redress.propose(
        fca.session, fca.id, kind=RedressKind.REFUND, amount=1000, description="", turn=turn
    )
    await fca.answer(accepted=True)
    await fca.send()
    with pytest.raises(StepRefused, match="missing redress"):
        await fca.close()

    await redress.provide(fca.session, fca.id, item.id, turn=fca.by(fca.ann))
    await fca.close()


async def test_g38_the_customers_own_yes_waits_for_the_letter(fca, clock) -> None:
    await fca.assess()
    await fca.decide()
    await fca.respond()
    said = {"by": customer(fca.ticket.customer_id), "now": clock()}

    assert await answers.customer_accepted(
        fca.session, fca.id, channel="webchat", quote="yes", **said
    )

    assert not await answers.close_accepted(fca.session, fca.id, **said)
    told = await fca.session.scalars(select(Alert).where(Alert.kind == "complaint.summary_owed"))
    assert [alert.agent_id for alert in told] == [fca.ann.id]
    await fca.send()
    with pytest.raises(Conflict, match="has been sent"):
        await fca.send()
    assert await answers.close_accepted(fca.session, fca.id, **said)


@pytest.mark.parametrize(("language", "said"), [("en", "by agreement"), ("zh", "双方已协商一致")])
async def test_the_draft_of_the_letter_names_no_decision_nobody_made(fca, language, said) -> None:
    await fca.answer(accepted=True)
    case, turn = await view_case(fca.session, fca.id, procedure=FCA), fca.by(fca.ann)

    drafted = await letters.letter(
        fca.session, case, LetterKind.SUMMARY, language=language, turn=turn
    )

    assert said in drafted.text
    assert "…" not in drafted.text
