from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from contact_center.agents.models import TeamMember
from contact_center.complaints.actions import answers, deciding, handling, redress, special
from contact_center.complaints.models import (
    Decision,
    EvidenceKind,
    Outcome,
    RedressKind,
    RedressState,
    Stage,
)
from contact_center.complaints.rules.stages import StepRefused
from contact_center.deliveries.models import Delivery
from contact_center.errors import Conflict, Forbidden, Invalid, NotFound
from contact_center.events.queries import ticket_events
from contact_center.events.rules import BOT, SYSTEM, agent, customer, token
from contact_center.handovers.actions import requests
from contact_center.handovers.models import HandoverKind, HandoverState
from contact_center.messages.queries import latest_messages
from contact_center.sla.queries import all_clocks
from contact_center.tickets import queries as tickets
from contact_center.tickets.models import Priority, ResolutionCode, Status, TransferReason
from tests.contact_center.complaints.conftest import File
from tests.contact_center.handovers.conftest import TERMS
from tests.support.factories import customer_says, make_agent, make_team, make_ticket


async def kinds(file: File) -> list[str]:
    return [event.kind for event in await ticket_events(file.session, file.id)]


async def give(file: File, amount: int, by=None, kind=RedressKind.REFUND):
    return await redress.propose(
        file.session,
        file.id,
        kind=kind,
        amount=amount,
        description="",
        turn=file.by(by or file.ann),
    )


async def test_an_acknowledgement_tells_the_customer_who_what_next_and_when(file) -> None:
    await file.acknowledge()

    [told] = (await file.session.scalars(select(Delivery))).all()
    text = str(told.payload)
    assert "Ann is in charge" in text
    assert "We look into the kettle" in text
    assert "2026-03-04" in text
    ticket = await file.fresh()
    assert (ticket.owner_id, ticket.stage) == (file.ann.id, "acknowledged")
    assert ticket.first_response_at is not None


async def test_the_owner_is_named_whoever_writes_the_acknowledgement(file) -> None:
    file.ticket.owner_id, file.ticket.assignee_id = file.bob.id, file.ann.id
    file.ticket.status = Status.OPEN

    await file.acknowledge()

    [message] = [m for m in await latest_messages(file.session, file.id) if m.author == "agent"]
    assert "Bob is in charge" in message.text


async def test_an_acknowledgement_needs_a_next_step_and_a_date_to_come(file, clock) -> None:
    turn = file.by(file.ann)
    later = clock() + timedelta(days=1)

    with pytest.raises(Invalid, match="what happens next"):
        await handling.acknowledge(file.session, file.id, next_step=" ", next_at=later, turn=turn)
    with pytest.raises(Invalid, match="later time"):
        await handling.acknowledge(
            file.session, file.id, next_step="We look", next_at=clock(), turn=turn
        )


async def test_an_inquiry_has_no_file(session, clock, file) -> None:
    other = await make_ticket(session, now=clock())

    with pytest.raises(Conflict, match="is no complaint"):
        await handling.investigate(session, other.id, handler_id=None, turn=file.by(file.ann))


async def test_no_step_is_left_out(file) -> None:
    for step in (file.assess, file.investigate, file.decide, file.respond, file.close):
        with pytest.raises(StepRefused):
            await step()

    assert (await file.complaint()).stage is Stage.RECEIVED


async def test_the_assessment_gives_the_priority(file) -> None:
    await file.acknowledge()

    await file.assess(severity=2, impact=1, urgency=3)

    assert (await file.fresh()).priority is Priority.URGENT


async def test_a_danger_is_urgent_and_a_supervisor_is_told(file) -> None:
    await file.acknowledge()

    await file.assess(severity=0, impact=0, urgency=0, safety=2)

    assert (await file.fresh()).priority is Priority.URGENT
    assert (await kinds(file)).count("supervision.ordered") == 1


async def test_assessing_a_danger_again_tells_nobody_twice(file) -> None:
    await file.acknowledge()
    await file.assess(safety=3)

    await file.assess(safety=2)

    assert (await kinds(file)).count("supervision.ordered") == 1
    assert (await file.complaint()).stage is Stage.ASSESSED


@pytest.mark.parametrize("score", [-1, 4])
async def test_a_score_is_0_to_3(file, score) -> None:
    await file.acknowledge()

    with pytest.raises(Invalid, match="severity is 0 to 3"):
        await file.assess(severity=score)


async def test_a_decision_needs_a_cause_and_evidence_for_it(file) -> None:
    await file.acknowledge()
    await file.assess()
    await file.investigate()

    with pytest.raises(StepRefused) as refused:
        await file.decide()

    assert refused.value.facts["missing"] == ["root_cause", "evidence"]


async def test_that_no_cause_was_established_needs_no_evidence(file) -> None:
    await file.acknowledge()
    await file.assess()
    await file.investigate()
    await handling.find_cause(
        file.session, file.id, root_cause="not_established", findings="", turn=file.by(file.ann)
    )

    await file.decide()

    assert (await file.complaint()).stage is Stage.DECISION_READY


async def test_an_unknown_cause_is_refused_with_the_known_ones(file) -> None:
    with pytest.raises(Invalid, match="product_defect"):
        await handling.find_cause(
            file.session, file.id, root_cause="magic", findings="", turn=file.by(file.ann)
        )


async def test_a_simple_case_is_decided_at_once(file) -> None:
    await file.acknowledge()
    await file.assess()

    await file.decide()

    assert (await file.complaint()).stage is Stage.DECISION_READY


async def test_evidence_may_point_to_a_message_of_this_ticket_only(file, session, clock) -> None:
    other = await make_ticket(session, now=clock())
    elsewhere = await customer_says(session, other, now=clock())

    with pytest.raises(NotFound):
        await handling.add_evidence(
            session,
            file.id,
            kind=EvidenceKind.MESSAGE,
            text="see",
            message_id=elsewhere,
            turn=file.by(file.ann),
        )


async def test_a_response_lacks_what_is_not_ticked(file) -> None:
    await file.acknowledge()
    await file.assess()
    await file.decide(outcome=Outcome.PARTLY_UPHELD)

    with pytest.raises(StepRefused) as refused:
        await file.respond(contents=["decision", "reasons"])

    assert refused.value.facts["missing"] == [
        "content.internal_alternatives",
        "content.external_alternatives",
        "content.redress",
    ]


async def test_the_response_is_a_reply_in_the_same_transaction(file) -> None:
    await file.to_response()

    ticket, complaint = await file.fresh(), await file.complaint()
    [decision] = (await file.session.scalars(select(Decision))).all()
    message = (await latest_messages(file.session, file.id))[-1]
    assert (message.id, message.author_id) == (decision.message_id, file.ann.id)
    assert (ticket.status, ticket.resolution_code) == (Status.RESOLVED, ResolutionCode.SOLVED)
    assert (complaint.stage, ticket.stage) == (Stage.RESPONDED, "responded")


async def test_a_rejection_needs_two_people(file) -> None:
    await file.acknowledge()
    await file.assess()
    await file.investigate()
    await file.find()
    await file.decide(outcome=Outcome.REJECTED)

    with pytest.raises(StepRefused) as refused:
        await file.respond()
    assert refused.value.facts["missing"] == ["approval"]
    with pytest.raises(Forbidden, match="somebody else"):
        await file.approve(by=file.ann)
    with pytest.raises(Forbidden, match="a lead"):
        await file.approve(by=file.bob)

    await file.approve()
    await file.respond()
    assert (await file.fresh()).resolution_code is ResolutionCode.DECLINED


async def test_who_investigated_cannot_approve_what_another_decided(file) -> None:
    await file.acknowledge()
    await file.assess()
    await file.investigate(handler=file.lee)
    await file.find()
    await file.decide(outcome=Outcome.REJECTED)

    with pytest.raises(Forbidden, match="decided or investigated"):
        await file.approve(by=file.lee)
    await file.approve(by=file.max)


async def test_redress_above_the_limit_needs_two_people(file) -> None:
    await file.acknowledge()
    await file.assess()
    item = await give(file, 60_000, by=file.lee)
    await file.decide()

    assert item.state is RedressState.APPROVED
    with pytest.raises(StepRefused) as refused:
        await file.respond()
    assert refused.value.facts["missing"] == ["approval"]


async def test_what_one_may_grant_oneself_is_granted_at_once(file) -> None:
    item = await give(file, 20_000)

    assert (item.state, item.decided_by) == (RedressState.APPROVED, file.ann.id)


async def test_small_sums_are_added_up_against_the_authority(file) -> None:
    await give(file, 15_000)

    second = await give(file, 5_001)

    assert second.state is RedressState.PROPOSED


async def test_redress_above_the_authority_is_refused_with_the_limit(file) -> None:
    item = await give(file, 300_000)
    turn = file.by(file.lee)

    with pytest.raises(Forbidden, match=r"2,000\.00 CNY.*3,000\.00"):
        await redress.approve(file.session, file.id, item.id, turn=turn)

    await redress.approve(file.session, file.id, item.id, turn=file.by(file.max))
    assert item.state is RedressState.APPROVED


async def test_nobody_approves_the_redress_they_proposed(file) -> None:
    item = await give(file, 300_000, by=file.lee)

    with pytest.raises(Forbidden):
        await redress.approve(file.session, file.id, item.id, turn=file.by(file.lee))


async def test_redress_after_the_approval_needs_another(file) -> None:
    await file.acknowledge()
    await file.assess()
    await file.decide(outcome=Outcome.REJECTED)
    await file.approve()

    await give(file, 10_000)

    with pytest.raises(StepRefused, match="approval"):
        await file.respond()


async def test_redress_is_given_after_the_response(file) -> None:
    item = await give(file, 100)
    turn = file.by(file.ann)
    with pytest.raises(StepRefused):
        await redress.provide(file.session, file.id, item.id, turn=turn)

    await file.to_response()
    await redress.provide(file.session, file.id, item.id, turn=file.by(file.ann))

    assert item.state is RedressState.PROVIDED


async def test_an_accepted_complaint_closes_when_the_redress_is_given(file) -> None:
    item = await give(file, 100)
    await file.to_response()
    await file.answer(accepted=True)
    with pytest.raises(StepRefused, match="redress"):
        await file.close()

    await redress.provide(file.session, file.id, item.id, turn=file.by(file.ann))
    await file.close()

    ticket, complaint = await file.fresh(), await file.complaint()
    assert (ticket.status, ticket.stage) == (Status.CLOSED, "closed")
    assert complaint.close_reason == "accepted"
    assert complaint.keep_until == complaint.received_at.replace(year=2029)


async def test_acceptance_is_kept_with_its_channel_and_words(file) -> None:
    await file.to_response()
    with pytest.raises(StepRefused) as refused:
        await answers.record_answer(
            file.session, file.id, accepted=True, channel="", quote="", turn=file.by(file.ann)
        )
    assert refused.value.facts["missing"] == ["channel", "quote"]

    await file.answer(accepted=True)

    complaint = await file.complaint()
    assert (complaint.answer_channel, complaint.answer_quote) == ("phone", "All right then")


async def test_a_rejected_response_stays_open_until_alternatives_are_named(file) -> None:
    await file.to_response()
    await file.answer(accepted=False)

    assert (await file.fresh()).status is Status.OPEN
    with pytest.raises(StepRefused) as refused:
        await file.close()
    assert refused.value.facts["missing"] == ["review"]

    turn = file.by(file.ann)
    await answers.inform(
        file.session, file.id, text="You can…", internal=True, external=True, turn=turn
    )
    await answers.decline_review(file.session, file.id, turn=turn)
    await file.close()
    assert (await file.fresh()).resolution_code is ResolutionCode.DECLINED


async def test_investigating_again_is_no_way_around_the_review(file) -> None:
    await file.to_response()
    await file.answer(accepted=False)

    with pytest.raises(StepRefused, match="reviewed"):
        await file.investigate()


async def test_a_decision_that_is_sent_back_is_made_again(file) -> None:
    await file.acknowledge()
    await file.assess()
    await file.decide(outcome=Outcome.REJECTED)

    await deciding.send_back(file.session, file.id, reason="Ask the lab", turn=file.by(file.lee))
    await file.find()
    await file.decide()

    [decision] = (await file.session.scalars(select(Decision))).all()
    assert (decision.outcome, decision.approved_by) == (Outcome.UPHELD, None)


async def test_a_review_is_made_once_by_somebody_else(file) -> None:
    await file.to_response(outcome=Outcome.REJECTED)
    await file.answer(accepted=False)
    lead, manager = file.by(file.lee), file.by(file.max)
    with pytest.raises(Forbidden, match="no part"):
        await answers.review(file.session, file.id, handler_id=file.ann.id, turn=lead)
    with pytest.raises(Forbidden, match="no part"):  # approved it
        await answers.review(file.session, file.id, handler_id=file.lee.id, turn=manager)

    await answers.review(file.session, file.id, handler_id=file.bob.id, turn=lead)
    with pytest.raises(Forbidden, match="no part"):
        await file.decide(by=file.ann)
    await file.decide(by=file.bob, outcome=Outcome.REJECTED)
    await file.approve(by=file.max)
    await file.respond(by=file.bob)
    await file.answer(accepted=False)
    with pytest.raises(StepRefused, match="reviewed already"):
        await answers.review(file.session, file.id, handler_id=file.max.id, turn=lead)

    await file.close()
    assert len((await file.session.scalars(select(Decision))).all()) == 2


async def test_who_reviews_it_takes_the_place_of_whoever_was_asked_to_take_it_over(
    file, clock
) -> None:
    await file.to_response(outcome=Outcome.REJECTED)
    await file.answer(accepted=False)
    asked = await requests.request(
        file.session,
        file.id,
        kind=HandoverKind.TRANSFER,
        to=file.max.id,
        reason=TransferReason.SKILL,
        terms=TERMS,
        by=agent(file.ann.id),
        now=clock(),
    )

    await answers.review(file.session, file.id, handler_id=file.bob.id, turn=file.by(file.lee))

    await file.session.refresh(asked)
    assert asked.state is HandoverState.WITHDRAWN
    assert (await file.fresh()).assignee_id == file.bob.id


async def test_a_refusal_names_only_the_steps_that_may_follow(file) -> None:
    await file.acknowledge()

    with pytest.raises(StepRefused) as refused:
        await file.close()

    assert refused.value.facts["allowed"] == ["assessed", "withdrawn"]


async def test_silence_is_found_after_its_days_and_is_not_acceptance(file, clock) -> None:
    await file.to_response()
    with pytest.raises(StepRefused, match="too early"):
        await answers.record_silence(file.session, file.id, turn=file.by(file.ann))

    clock.advance(days=10)
    await answers.record_silence(file.session, file.id, turn=file.by(file.ann))
    await file.close()

    complaint = await file.complaint()
    assert (complaint.close_reason, complaint.answered_at) == ("silent", None)


async def test_more_time_is_granted_by_a_lead_and_the_customer_is_told(file, clock) -> None:
    await file.acknowledge()
    until = clock() + timedelta(days=30)
    with pytest.raises(Forbidden, match="a lead"):
        await special.extend(
            file.session, file.id, until=until, reason="The lab", turn=file.by(file.ann)
        )

    await special.extend(
        file.session, file.id, until=until, reason="The lab is slow", turn=file.by(file.lee)
    )

    message = (await latest_messages(file.session, file.id))[-1]
    assert "The lab is slow" in message.text
    assert "2026-04-01" in message.text
    assert (await file.complaint()).extended_to == until


async def test_extensions_have_a_longest_from_the_receipt_in_all(file, clock) -> None:
    await file.acknowledge()
    lead = file.by(file.lee)
    await special.extend(
        file.session, file.id, until=clock() + timedelta(days=40), reason="lab", turn=lead
    )
    clock.advance(days=30)

    with pytest.raises(Invalid, match="counted from the receipt"):
        await special.extend(
            file.session,
            file.id,
            until=clock() + timedelta(days=31),
            reason="lab",
            turn=file.by(file.lee),
        )


async def test_g40_a_withdrawal_ends_all_clocks_that_day(file, clock) -> None:
    await file.acknowledge()
    clock.advance(days=5)

    await special.withdraw(
        file.session, file.id, channel="phone", quote="Leave it", turn=file.by(file.ann)
    )

    ticket = await file.fresh()
    assert (ticket.status, ticket.stage) == (Status.CANCELLED, "withdrawn")
    assert ticket.next_due_at is None
    assert not any(clock.is_owed for clock in await all_clocks(file.session, file.id))
    await file.close()
    assert (await file.complaint()).close_reason == "withdrawn"


async def test_a_danger_outlives_the_withdrawal_as_a_corrective_action(file) -> None:
    await file.acknowledge()
    await file.assess(safety=2)

    await special.withdraw(
        file.session, file.id, channel="phone", quote="Leave it", turn=file.by(file.ann)
    )

    assert "complaint.action_proposed" in await kinds(file)


async def test_what_was_taken_to_a_body_outside_is_noted(file) -> None:
    await special.escalate(
        file.session, file.id, body="Ombudsman", number="O-17", turn=file.by(file.ann)
    )

    complaint = await file.complaint()
    assert (complaint.external_body, complaint.external_reference) == ("Ombudsman", "O-17")
    assert complaint.stage is Stage.RECEIVED


async def test_o7_nobody_handles_a_complaint_about_themselves(file) -> None:
    file.ticket.about_agent_id = file.lee.id
    await file.acknowledge()
    await file.assess()
    with pytest.raises(Forbidden, match="somebody else handles it"):
        await file.investigate(by=file.ann, handler=file.lee)
    await file.investigate()
    await file.find()
    await file.decide(outcome=Outcome.REJECTED)

    for step in (file.approve, file.close, file.assess):
        with pytest.raises(Forbidden, match="somebody else handles it"):
            await step(by=file.lee)
    await file.approve(by=file.max)


async def test_o7_a_subordinate_decides_nothing_about_their_lead(file, session, clock) -> None:
    team = await make_team(session, now=clock())
    for one in (file.lee, file.ann):
        session.add(TeamMember(team_id=team.id, agent_id=one.id))
    file.ticket.about_agent_id = file.lee.id
    await session.flush()

    with pytest.raises(Forbidden, match="who leads them"):
        await file.acknowledge(by=file.ann)


async def test_a_machine_takes_no_step_g43_k6(file) -> None:
    await file.to_response()
    for actor in (BOT, SYSTEM, token(3), customer(file.ticket.customer_id)):
        turn = file.by(file.ann)
        machine = replace(turn, by=actor)
        for step in (answers.close, answers.record_silence, deciding.approve):
            with pytest.raises(Forbidden):
                await step(file.session, file.id, turn=machine)

    assert (await tickets.get_ticket(file.session, file.id)).stage == "responded"


async def test_somebody_who_no_longer_works_here_is_given_nothing(file, session, clock) -> None:
    gone = await make_agent(session, now=clock(), active=False)
    await file.acknowledge()
    await file.assess()

    with pytest.raises(Conflict, match="no longer works here"):
        await file.investigate(handler=gone)
