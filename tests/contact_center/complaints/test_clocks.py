"""The clocks of a complaint, by the process: G38, G39, G40, G43."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from contact_center.closure import actions as closure
from contact_center.complaints import queries
from contact_center.complaints.actions import special
from contact_center.complaints.models import Complaint
from contact_center.errors import ContactCenterError
from contact_center.events.rules import BOT
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.queries import all_clocks
from contact_center.tickets.models import ResolutionCode
from tests.support.calendars import POLICIES


async def clocks(file) -> dict[ClockKind, list]:
    found: dict[ClockKind, list] = {}
    for clock in await all_clocks(file.session, file.id):
        found.setdefault(clock.kind, []).append(clock)
    return found


async def test_the_clocks_run_from_the_receipt_and_end_with_their_steps(file) -> None:
    await file.acknowledge()
    running = await clocks(file)
    assert running[ClockKind.ACKNOWLEDGEMENT][0].state is ClockState.MET
    final = running[ClockKind.FINAL_RESPONSE][0]
    assert final.is_owed
    assert final.legal_due_at is not None
    assert not final.pauses

    await file.assess()
    await file.decide()
    await file.respond()

    assert (await clocks(file))[ClockKind.FINAL_RESPONSE][0].state is ClockState.MET


async def test_each_word_to_the_customer_begins_the_time_to_the_next_anew(file, clock) -> None:
    await file.acknowledge()
    first = (await clocks(file))[ClockKind.STATUS_UPDATE]
    clock.advance(days=1)

    until = clock() + timedelta(days=40)
    await special.extend(file.session, file.id, until=until, reason="lab", turn=file.by(file.lee))

    running = await clocks(file)
    assert len(running[ClockKind.STATUS_UPDATE]) == len(first) + 1
    assert [c.is_owed for c in running[ClockKind.STATUS_UPDATE]][-1]
    assert running[ClockKind.FINAL_RESPONSE][0].due_at == until


async def test_g40_an_extension_after_the_deadline_is_refused(file, clock) -> None:
    await file.acknowledge()
    due = (await clocks(file))[ClockKind.FINAL_RESPONSE][0].due_at
    clock.now = due + timedelta(days=1)

    with pytest.raises(ContactCenterError, match="deadline has passed"):
        await special.extend(
            file.session,
            file.id,
            until=clock() + timedelta(days=5),
            reason="late",
            turn=file.by(file.lee),
        )

    assert (await clocks(file))[ClockKind.FINAL_RESPONSE][0].due_at == due


@pytest.mark.parametrize(
    ("received", "day"),
    [("2026-12-18", "2026-12-23"), ("2026-12-24", "2026-12-31"), ("2026-12-19", "2026-12-23")],
)
async def test_g38_accepted_in_three_business_days_a_summary_is_enough(
    file, clock, received, day
) -> None:
    clock.now = datetime.fromisoformat(f"{received}T10:00:00+00:00")
    turn = file.by(file.ann)
    await queries.lock_case(file.session, file.id, procedure=turn.procedure)
    await file.session.execute(update(Complaint).values(preset="uk_fca_disp", received_at=clock()))
    await file.acknowledge()

    complaint = await file.complaint()

    assert complaint.summary_due_at == datetime.fromisoformat(f"{day}T17:00:00+00:00")
    await file.assess()
    await file.decide()
    await file.respond()
    clock.now = complaint.summary_due_at
    await file.answer(accepted=True)
    assert (await file.complaint()).is_summary


async def test_g38_accepted_later_it_is_an_ordinary_one(file, clock) -> None:
    clock.now = datetime(2026, 12, 18, 10, tzinfo=UTC)
    turn = file.by(file.ann)
    await queries.lock_case(file.session, file.id, procedure=turn.procedure)
    await file.session.execute(update(Complaint).values(preset="uk_fca_disp", received_at=clock()))
    await file.acknowledge()
    await file.assess()
    await file.decide()
    await file.respond()
    clock.now = (await file.complaint()).summary_due_at + timedelta(seconds=1)

    await file.answer(accepted=True)

    assert not (await file.complaint()).is_summary


async def test_g43_a_bot_resolves_no_complaint(file, clock) -> None:
    await file.to_response()

    with pytest.raises(ContactCenterError):
        await closure.resolve(
            file.session, file.id, code=ResolutionCode.SOLVED, by=BOT, now=clock()
        )


async def test_a_preset_says_what_the_response_contains(file) -> None:
    asked = POLICIES.presets["uk_fca_disp"].required_contents
    turn = file.by(file.ann)

    needed = turn.procedure.needed(asked, "upheld")

    assert {"ombudsman_right", "six_months", "leaflet"} <= set(needed)
