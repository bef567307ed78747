"""Files are kept until their date, and deleted then where nothing of them is open."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from contact_center.complaints import queries
from contact_center.complaints.actions import corrective, keeping, redress, special
from contact_center.complaints.models import (
    Complaint,
    CorrectiveAction,
    Decision,
    Evidence,
    PastComplaint,
    RedressItem,
    RedressKind,
)
from contact_center.errors import Conflict, Forbidden, Invalid, NotFound
from contact_center.events.queries import ticket_events
from contact_center.links import actions as links
from contact_center.messages.queries import ticket_messages
from contact_center.procedure import usual_procedure
from scheduler import housekeeping
from tests.support.factories import customer_says, make_ticket

AGES = 3 * 366  # days
FILE = (Complaint, Evidence, Decision, RedressItem, CorrectiveAction)


async def sweep(file) -> list[int]:
    """What the nightly job does; returns the tickets whose files went."""
    await file.session.flush()
    now = file.clock()
    ids = await queries.files_to_delete(file.session, now=now, after=0, limit=50)
    return [n for n in ids if await keeping.delete_if_over(file.session, n, now=now)]


async def rows(file) -> list[int]:
    counted = [await file.session.scalar(select(func.count()).select_from(t)) for t in FILE]
    return [number or 0 for number in counted]


async def another(file):
    """A complaint of the same customer."""
    return await make_ticket(
        file.session,
        now=file.clock(),
        kind="complaint",
        customer_id=file.ticket.customer_id,
        conversation_id=file.ticket.conversation_id,
    )


@pytest.fixture
async def closed(file):
    """Upheld, with redress that was given, accepted and closed."""
    item = await redress.propose(
        file.session,
        file.id,
        kind=RedressKind.REFUND,
        amount=5_000,
        description="",
        turn=file.by(file.ann),
    )
    await file.to_response()
    await redress.provide(file.session, file.id, item.id, turn=file.by(file.ann))
    await file.answer(accepted=True)
    await file.close()
    return file


async def test_a_closed_file_is_deleted_after_its_date_and_figures_remain(closed, clock) -> None:
    received_at = (await closed.complaint()).received_at
    assert await rows(closed) == [1, 1, 1, 1, 0]
    clock.now = received_at.replace(year=received_at.year + 3) - timedelta(seconds=1)
    assert await sweep(closed) == []

    clock.advance(seconds=1)
    assert await sweep(closed) == [closed.id]

    assert await rows(closed) == [0, 0, 0, 0, 0]
    [past] = await queries.past_complaints(closed.session)
    assert (past.month, past.outcome, past.root_cause, past.granted, past.close_reason) == (
        "2026-03",
        "upheld",
        "product_defect",
        5_000,
        "accepted",
    )
    assert not {"ticket_id", "customer_id"} & set(PastComplaint.__table__.columns.keys())
    [*_, last] = await ticket_events(closed.session, closed.id)
    assert (last.kind, last.actor) == ("complaint.deleted", "system")
    assert await ticket_messages(closed.session, closed.id)  # these are not the file
    assert await sweep(closed) == []


async def test_a_deleted_file_is_not_opened_anew(closed, clock) -> None:
    clock.advance(days=AGES)
    await sweep(closed)

    with pytest.raises(NotFound, match="was deleted"):
        await queries.view_case(closed.session, closed.id, procedure=usual_procedure())
    with pytest.raises(Conflict, match="was deleted"):
        await closed.assess()
    assert await rows(closed) == [0, 0, 0, 0, 0]


async def test_what_is_open_is_not_deleted_however_old(file, clock) -> None:
    await file.acknowledge()
    clock.advance(days=AGES)

    assert await sweep(file) == []


async def test_what_the_complainant_withdrew_is_deleted_too(file, clock) -> None:
    turn = file.by(file.ann)
    await special.withdraw(file.session, file.id, channel="phone", quote="Leave it", turn=turn)
    clock.advance(days=AGES)

    assert await sweep(file) == [file.id]
    assert (await queries.past_complaints(file.session))[0].close_reason == "withdrawn"


async def test_a_file_stays_while_something_is_done_about_it(closed, clock) -> None:
    turn = closed.by(closed.ann)
    action = await corrective.propose(
        closed.session,
        closed.id,
        cause="The crack",
        plan="A thicker handle",
        measure="No more cracks",
        owner_id=closed.bob.id,
        due_at=clock() + timedelta(days=9),
        turn=turn,
    )
    clock.advance(days=AGES)
    assert await sweep(closed) == []

    action.state = "closed"
    assert await sweep(closed) == [closed.id]


async def test_a_file_stays_while_what_followed_it_is_open(closed, clock) -> None:
    follower = await make_ticket(closed.session, now=clock(), follows_id=closed.id)
    clock.advance(days=AGES)
    assert await sweep(closed) == []

    follower.status = "closed"
    assert await sweep(closed) == [closed.id]


async def test_a_manager_holds_a_file_beyond_its_date_and_lifts_the_hold(closed, clock) -> None:
    where = (closed.session, closed.id)
    with pytest.raises(Forbidden):
        await keeping.hold(*where, reason="Court", turn=closed.by(closed.lee))
    with pytest.raises(Invalid):
        await keeping.hold(*where, reason=" ", turn=closed.by(closed.max))
    await keeping.hold(*where, reason="Court, 12 C 34/26", turn=closed.by(closed.max))
    clock.advance(days=AGES)
    assert await sweep(closed) == []

    await keeping.lift_hold(*where, turn=closed.by(closed.max))
    with pytest.raises(Conflict):
        await keeping.lift_hold(*where, turn=closed.by(closed.max))

    assert await sweep(closed) == [closed.id]


async def test_what_is_merged_or_split_off_stays_held_and_is_kept_its_own_time(file, clock) -> None:
    session, turn, lead = file.session, file.by(file.ann), file.by(file.max)
    await file.acknowledge()
    clock.advance(days=10)
    again = await another(file)
    await queries.lock_case(session, again.id, procedure=turn.procedure)
    await keeping.hold(session, again.id, reason="Court", turn=file.by(file.max))
    await keeping.hold(session, file.id, reason="Insurer", turn=lead)
    await session.flush()

    await links.merge(session, again.id, into=file.id, by=turn.by, now=clock())
    extra = await customer_says(session, file.ticket, "The lid is missing", now=clock())
    part = await links.split(
        session, file.id, message_ids={extra}, subject="Lid", by=turn.by, now=clock()
    )

    for number in (file.id, part.id):
        found = await queries.find_complaint(session, number)
        assert found.legal_hold_at is not None
        assert found.legal_hold_reason == "Insurer; Court"
        assert found.keep_until == turn.procedure.keep_until(clock())


async def test_a_hold_comes_with_the_complaint_that_is_merged(file, clock) -> None:
    turn = file.by(file.ann)
    await file.acknowledge()
    again = await another(file)
    await keeping.hold(file.session, again.id, reason="Court", turn=file.by(file.max))

    await links.merge(file.session, again.id, into=file.id, by=turn.by, now=clock())

    complaint = await file.complaint()
    assert (complaint.legal_hold_at, complaint.legal_hold_reason) == (clock(), "Court")
    assert complaint.legal_hold_by == f"agent:{file.max.id}"


async def test_nothing_is_deleted_unless_that_is_switched_on(runtime, clock) -> None:
    async with runtime.db.begin() as session:
        ticket = await make_ticket(session, now=clock(), kind="complaint", status="cancelled")
        session.add(
            Complaint(
                ticket_id=ticket.id,
                preset="iso10002_baseline",
                stage="withdrawn",
                received_at=clock(),
                keep_until=clock(),
            )
        )
    on = runtime.procedure.model_copy(update={"delete_after_keeping": True})
    assert not usual_procedure().delete_after_keeping

    assert await housekeeping.delete_kept_files(runtime) == 0
    assert await housekeeping.delete_kept_files(replace(runtime, procedure=on)) == 1
    assert await housekeeping.delete_kept_files(replace(runtime, procedure=on)) == 0
