from datetime import timedelta

import pytest
from sqlalchemy import func, select

from contact_center.channels.dialogue import HandOver, Say, Step
from contact_center.closure import actions as closure
from contact_center.complaints import queries
from contact_center.complaints.actions import filing
from contact_center.complaints.models import Complaint, Evidence, Stage
from contact_center.complaints.rules.stages import StepRefused
from contact_center.errors import Conflict, Forbidden, Invalid, Stale
from contact_center.events.rules import agent
from contact_center.intake.actions.taking import Intake
from contact_center.links import actions as links
from contact_center.settings import Settings
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.queries import all_clocks, clocks_of
from contact_center.switchboard import Switchboard
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import Status, TicketKind
from tests.contact_center.complaints.conftest import TEXTS
from tests.support.calendars import POLICIES
from tests.support.factories import customer_says, inbound, make_ticket


def complaining(state, turn) -> Step:
    facts = {"remedy": "an apology"}
    return Step(state={}, say=[Say("ok")], hand_over=HandOver(kind="complaint", facts=facts))


@pytest.fixture
def intake(db, clock) -> Intake:
    return Intake(
        policies=POLICIES,
        db=db,
        settings=Settings(),
        texts=TEXTS,
        routes=Switchboard(),
        dialogue=complaining,
        now=clock,
    )


async def files(db) -> list[Complaint]:
    async with db.read() as session:
        return list(await session.scalars(select(Complaint).order_by(Complaint.ticket_id)))


async def test_each_complaint_has_a_file_from_its_first_message(intake, db, clock) -> None:
    await intake.handle(
        [
            inbound("Late again", kind="complaint", facts={"remedy": "my money back"}),
            inbound("Where is it?"),
            inbound("human", dialogue=True),
        ]
    )

    first, second = await files(db)
    assert (first.stage, first.received_at) == (Stage.RECEIVED, clock())
    assert (first.remedy_requested, second.remedy_requested) == ("my money back", "an apology")
    assert first.preset == "iso10002_baseline"
    assert first.keep_until == clock().replace(year=2029)


@pytest.mark.parametrize(
    "text",
    [
        "This is unacceptable. I have been waiting for three weeks.",
        "I am very disappointed with your service",
        "我要投诉你们的快递员，态度不好",
        "等了半个月没人管，太差了",
    ],
)
async def test_what_sounds_like_a_complaint_is_treated_as_one(intake, db, text) -> None:
    await intake.handle([inbound(text)])

    assert len(await files(db)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "My parcel is late",
        "I have no complaints at all, thank you!",
        "没有投诉，只是想问一下营业时间",
        "Can I have an invoice?",
    ],
)
async def test_what_does_not_is_an_inquiry(intake, db, text) -> None:
    await intake.handle([inbound(text)])

    assert await files(db) == []


async def test_the_same_message_again_opens_no_second_file(intake, db) -> None:
    message = inbound("Late", kind="complaint")

    await intake.handle([message])
    await intake.handle([message])

    assert len(await files(db)) == 1


async def reclassify(file, by, kind=TicketKind.INQUIRY, reason="A question only"):
    return await filing.reclassify(
        file.session, file.id, kind=kind, reason=reason, turn=file.by(by)
    )


async def test_a_lead_decides_with_a_reason_that_a_complaint_is_none(file) -> None:
    with pytest.raises(Forbidden, match="only a lead"):
        await reclassify(file, file.ann)
    with pytest.raises(Invalid, match="say why"):
        await reclassify(file, file.lee, reason=" ")

    await reclassify(file, file.lee)

    complaint, ticket = await file.complaint(), await file.fresh()
    assert (ticket.kind, ticket.stage) == (TicketKind.INQUIRY, None)
    assert complaint.downgrade_reason == "A question only"
    assert await queries.register(file.session, queries.Filter()) == []


async def test_what_was_answered_as_a_complaint_stays_one(file) -> None:
    await file.to_response()

    with pytest.raises(StepRefused, match="stays a complaint"):
        await reclassify(file, file.lee)


async def test_anybody_may_make_it_a_complaint_again(file) -> None:
    await file.acknowledge()
    await reclassify(file, file.lee)

    await reclassify(file, file.ann, kind=TicketKind.COMPLAINT, reason="")

    complaint = await file.complaint()
    assert (complaint.stage, complaint.downgraded_at) == (Stage.ACKNOWLEDGED, None)
    assert (await file.fresh()).stage == "acknowledged"


async def test_the_deadline_of_a_complaint_survives_that_it_was_called_none(file, clock) -> None:
    await file.acknowledge()
    before = (await clocks_of(file.session, file.id))[ClockKind.FINAL_RESPONSE]
    promised = (before.due_at, before.legal_due_at)
    clock.advance(days=1)
    await reclassify(file, file.lee)
    clock.advance(days=1)

    await reclassify(file, file.ann, kind=TicketKind.COMPLAINT, reason="")

    clocks = await clocks_of(file.session, file.id)
    final = clocks[ClockKind.FINAL_RESPONSE]
    assert (final.state, final.due_at, final.legal_due_at) == (ClockState.RUNNING, *promised)
    news = clocks[ClockKind.STATUS_UPDATE]
    assert (news.state, news.started_at) == (ClockState.RUNNING, clock())
    assert clocks[ClockKind.ACKNOWLEDGEMENT].state is ClockState.MET


async def test_a_late_complaint_counts_from_the_message_nobody_answered(file, clock) -> None:
    clock.advance(days=3)
    ticket = await make_ticket(file.session, now=clock())
    ticket.created_at = clock() - timedelta(days=30)

    turn = file.by(file.ann)
    await filing.reclassify(
        file.session, ticket.id, kind=TicketKind.COMPLAINT, reason="", turn=turn
    )

    found = await queries.find_complaint(file.session, ticket.id)
    assert found.received_at == ticket.waiting_since
    assert found.keep_until == turn.procedure.keep_until(ticket.waiting_since)


async def test_the_kind_is_not_edited_around_the_process(file) -> None:
    with pytest.raises(Conflict, match="reclassify"):
        await tickets.edit(
            file.session,
            file.id,
            version=None,
            changes={"kind": TicketKind.PRAISE},
            by=agent(file.lee.id),
            now=file.clock(),
        )


async def test_an_edit_of_an_old_version_reclassifies_nothing(file) -> None:
    changes = {"kind": TicketKind.PRAISE}

    with pytest.raises(Stale):
        await filing.edit(
            file.session, file.id, version=99, changes=changes, turn=file.by(file.lee)
        )


async def another(file, **fields):
    ticket = await make_ticket(
        file.session,
        now=file.clock(),
        customer=None,
        **{"kind": TicketKind.COMPLAINT, "status": Status.OPEN, **fields},
    )
    ticket.customer_id = file.ticket.customer_id
    await file.session.flush()
    return ticket


async def test_g40_the_same_complaint_again_is_merged_and_the_first_receipt_counts(
    file, clock
) -> None:
    await file.acknowledge()
    first = (await file.complaint()).received_at
    clock.advance(days=10)
    again = await another(file)
    turn = file.by(file.ann)
    case = await queries.lock_case(file.session, again.id, procedure=turn.procedure)
    assert case.complaint.received_at == clock()
    file.session.add(
        Evidence(
            ticket_id=again.id,
            kind="statement",
            text="a photo",
            added_by=file.ann.id,
            created_at=clock(),
        )
    )

    await links.merge(file.session, again.id, into=file.id, by=turn.by, now=clock())

    complaint = await file.complaint()
    assert (complaint.received_at, complaint.stage) == (first, Stage.ACKNOWLEDGED)
    assert [e.text for e in await queries.evidence_of(file.session, file.id)] == ["a photo"]
    assert await file.session.scalar(select(func.count()).select_from(Complaint)) == 1


async def test_merging_the_other_way_round_keeps_the_first_receipt_too(file, clock) -> None:
    await file.acknowledge()
    first = (await file.complaint()).received_at
    clock.advance(days=10)
    again = await another(file)
    turn = file.by(file.ann)
    await queries.lock_case(file.session, again.id, procedure=turn.procedure)

    await links.merge(file.session, file.id, into=again.id, by=turn.by, now=clock())

    assert (await queries.find_complaint(file.session, again.id)).received_at == first


async def test_a_complaint_does_not_vanish_in_an_inquiry(file, clock) -> None:
    await file.acknowledge()
    inquiry = await another(file, kind=TicketKind.INQUIRY)

    with pytest.raises(Conflict, match="reclassify"):
        await links.merge(
            file.session, file.id, into=inquiry.id, by=agent(file.ann.id), now=clock()
        )


async def test_a_decided_complaint_stays_one_of_its_own(file, clock) -> None:
    await file.acknowledge()
    await file.assess()
    await file.decide()
    other = await another(file)
    await queries.lock_case(file.session, other.id, procedure=file.by(file.ann).procedure)

    with pytest.raises(Conflict, match="has been decided"):
        await links.merge(file.session, file.id, into=other.id, by=agent(file.ann.id), now=clock())


async def test_what_is_split_off_a_complaint_has_a_file_of_its_own(file, clock) -> None:
    await file.acknowledge()
    received = (await file.complaint()).received_at
    extra = await customer_says(file.session, file.ticket, "The lid is missing", now=clock())

    part = await links.split(
        file.session,
        file.id,
        message_ids={extra},
        subject="Lid",
        by=agent(file.ann.id),
        now=clock(),
    )

    found = await queries.find_complaint(file.session, part.id)
    assert (found.stage, found.received_at) == (Stage.RECEIVED, received)


async def cancel(file, reason="a test"):
    return await filing.cancel(
        file.session, file.id, reason=reason, by=file.by(file.lee).by, now=file.clock()
    )


async def test_a_complaint_that_is_spam_is_put_away_with_its_ticket(file) -> None:
    await file.acknowledge()

    await cancel(file)

    complaint, ticket = await file.complaint(), await file.fresh()
    assert (ticket.status, ticket.stage) == (Status.CANCELLED, None)
    assert (complaint.downgraded_at, complaint.downgrade_reason) == (file.clock(), "a test")
    assert not any(clock.is_owed for clock in await all_clocks(file.session, file.id))
    register = await queries.register(file.session, queries.Filter(open_only=True))
    assert register == []


async def test_an_answered_complaint_is_not_cancelled_but_closed(file) -> None:
    await file.to_response()

    with pytest.raises(StepRefused, match="it stays a complaint"):
        await cancel(file)

    assert (await file.complaint()).stage is Stage.RESPONDED
    assert (await file.fresh()).status is Status.RESOLVED


async def test_nobody_cancels_a_complaint_around_its_file(file) -> None:
    await file.acknowledge()

    with pytest.raises(Conflict, match="its file is ended first"):
        await closure.cancel(
            file.session, file.id, reason="a test", by=file.by(file.lee).by, now=file.clock()
        )


async def test_what_is_no_complaint_is_cancelled_as_ever(session, clock, file) -> None:
    other = await make_ticket(session, now=clock())

    cancelled = await filing.cancel(
        session, other.id, reason="spam", by=file.by(file.lee).by, now=clock()
    )

    assert cancelled.status is Status.CANCELLED
