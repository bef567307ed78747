"""What becomes of redress that was granted and has not been given."""

import pytest

from contact_center.complaints import queries
from contact_center.complaints.actions import answers, filing, redress, special
from contact_center.complaints.models import Outcome, RedressEnd, RedressKind, RedressState
from contact_center.complaints.rules.stages import StepRefused
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events.queries import ticket_events
from contact_center.links import actions as links
from contact_center.tickets.models import TicketKind
from tests.support.factories import make_ticket


async def grant(file, amount=100, *, ticket_id=None, by=None):
    return await redress.propose(
        file.session,
        ticket_id or file.id,
        kind=RedressKind.REFUND,
        amount=amount,
        description="",
        turn=file.by(by or file.ann),
    )


async def withdrawals(file, ticket_id=None) -> list[tuple[int, str]]:
    events = await ticket_events(file.session, ticket_id or file.id)
    return [
        (event.data["redress"], event.data["cause"])
        for event in events
        if event.kind == "complaint.redress_withdrawn"
    ]


async def test_redress_ends_with_a_complaint_that_is_withdrawn(file, clock) -> None:
    item, given = await grant(file), await grant(file)
    await file.to_response()
    await redress.provide(file.session, file.id, given.id, turn=file.by(file.ann))

    turn = file.by(file.ann)
    await special.withdraw(file.session, file.id, channel="phone", quote="Leave it", turn=turn)

    assert (item.state, item.withdrawn_cause) == (
        RedressState.WITHDRAWN,
        RedressEnd.COMPLAINT_WITHDRAWN,
    )
    assert (item.withdrawn_at, item.withdrawn_by) == (clock(), turn.by)
    assert given.state is RedressState.PROVIDED
    assert await withdrawals(file) == [(item.id, "complaint_withdrawn")]
    with pytest.raises(Conflict, match="withdrawn"):
        await redress.provide(file.session, file.id, item.id, turn=turn)


async def test_redress_ends_with_what_was_no_complaint(file) -> None:
    item = await grant(file)
    turn = file.by(file.lee)

    await filing.reclassify(
        file.session, file.id, kind=TicketKind.INQUIRY, reason="A question", turn=turn
    )

    assert (item.state, item.withdrawn_cause) == (
        RedressState.WITHDRAWN,
        RedressEnd.NO_COMPLAINT,
    )


async def test_redress_the_customer_does_not_accept_ends_when_it_is_closed(file) -> None:
    item = await grant(file)
    await file.to_response(outcome=Outcome.PARTLY_UPHELD)
    await file.answer(accepted=False)
    turn = file.by(file.ann)
    await answers.decline_review(file.session, file.id, turn=turn)
    assert item.state is RedressState.APPROVED

    await file.close()

    assert await withdrawals(file) == [(item.id, "not_accepted")]


async def test_silence_takes_nothing_from_the_customer(file, clock) -> None:
    item = await grant(file)
    await file.to_response()
    clock.advance(days=10)
    await answers.record_silence(file.session, file.id, turn=file.by(file.ann))
    with pytest.raises(StepRefused) as refused:
        await file.close()
    assert refused.value.facts["missing"] == ["redress"]

    await redress.provide(file.session, file.id, item.id, turn=file.by(file.ann))
    await file.close()

    assert (await file.complaint()).close_reason == "silent"


async def test_what_the_customer_knows_of_only_a_lead_takes_back_and_says_why(file, clock) -> None:
    item = await grant(file)
    await file.to_response()
    where = (file.session, file.id, item.id)
    with pytest.raises(Forbidden, match="a lead takes back"):
        await redress.withdraw(*where, reason="Changed our mind", turn=file.by(file.ann))
    with pytest.raises(Invalid, match="say why"):
        await redress.withdraw(*where, reason=" ", turn=file.by(file.lee))

    await redress.withdraw(*where, reason="Paid back by the bank", turn=file.by(file.lee))

    assert (item.withdrawn_cause, item.withdrawn_reason) == (
        RedressEnd.DECIDED,
        "Paid back by the bank",
    )
    await file.answer(accepted=True)
    await file.close()


async def test_before_the_response_one_takes_back_what_one_proposed_oneself(file) -> None:
    item, other = await grant(file), await grant(file, by=file.bob)
    turn = file.by(file.ann)

    await redress.withdraw(file.session, file.id, item.id, reason="Twice", turn=turn)
    with pytest.raises(Forbidden):
        await redress.withdraw(file.session, file.id, other.id, reason="Twice", turn=turn)

    assert item.state is RedressState.WITHDRAWN


async def test_a_rejection_that_was_approved_with_redress_is_looked_at_anew_without(file) -> None:
    item = await grant(file)
    await file.acknowledge()
    await file.assess()
    await file.decide(outcome=Outcome.REJECTED)
    await file.approve()

    turn = file.by(file.ann)
    await redress.withdraw(file.session, file.id, item.id, reason="No", turn=turn)

    with pytest.raises(StepRefused, match="approval"):
        await file.respond()
    await file.approve()
    await file.respond()


async def joined(file, clock):
    """Redress of a complaint that is merged into the file's."""
    again = await make_ticket(
        file.session,
        now=clock(),
        kind=TicketKind.COMPLAINT,
        customer_id=file.ticket.customer_id,
        conversation_id=file.ticket.conversation_id,
    )
    item = await grant(file, ticket_id=again.id)
    assert item.state is RedressState.APPROVED
    by = file.by(file.ann).by
    await links.merge(file.session, again.id, into=file.id, by=by, now=clock())
    await file.session.refresh(item)
    return item


async def test_redress_of_a_merged_complaint_is_decided_anew_with_the_rest(file, clock) -> None:
    await file.acknowledge()

    item = await joined(file, clock)

    assert (item.ticket_id, item.state, item.decided_by) == (
        file.id,
        RedressState.PROPOSED,
        None,
    )
    events = await ticket_events(file.session, file.id)
    assert [e.data["redress"] for e in events if e.kind == "complaint.redress_proposed"] == [
        item.id
    ]
    case = await queries.lock_case(file.session, file.id, procedure=file.by(file.ann).procedure)
    assert case.granted == 0


async def test_redress_merged_into_a_complaint_that_was_answered_ends(file, clock) -> None:
    await file.to_response()
    await file.answer(accepted=False)

    item = await joined(file, clock)

    assert (item.state, item.withdrawn_cause) == (RedressState.WITHDRAWN, RedressEnd.MERGED)
