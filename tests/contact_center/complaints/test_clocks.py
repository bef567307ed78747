"""The clocks of a complaint, by the process: G39, G40, G43."""

from datetime import timedelta

import pytest

from contact_center.closure import actions as closure
from contact_center.complaints.actions import answers, filing, special
from contact_center.errors import Conflict, ContactCenterError
from contact_center.events.queries import ticket_events
from contact_center.events.rules import BOT
from contact_center.messages import actions as messages
from contact_center.sla.actions.rows import run_of
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.queries import all_clocks
from contact_center.sla.rules.history import rebuild
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import Priority, ResolutionCode, TicketKind
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


async def test_g43_a_bot_resolves_no_complaint(file, clock) -> None:
    """A Conflict: 409 over HTTP; not only because something else is missing."""
    await file.to_response()
    by = file.by(file.ann).by
    await tickets.reopen(file.session, file.id, by=by, now=clock(), reason="not_solved")

    with pytest.raises(Conflict, match="not a bot"):
        await closure.resolve(
            file.session, file.id, code=ResolutionCode.SOLVED, by=BOT, now=clock()
        )


async def test_a_preset_says_what_the_response_contains(file) -> None:
    asked = POLICIES.presets["uk_fca_disp"].required_contents
    turn = file.by(file.ann)

    needed = turn.procedure.needed(asked, "upheld")

    assert {"ombudsman_right", "six_months", "leaflet"} <= set(needed)


async def test_who_does_not_accept_is_owed_a_second_answer_and_news(file, clock) -> None:
    await file.to_response()
    clock.advance(days=2)

    await file.answer(accepted=False)

    running = await clocks(file)
    first, second = running[ClockKind.FINAL_RESPONSE]
    news = running[ClockKind.STATUS_UPDATE][-1]
    assert (first.state, first.met_first) == (ClockState.MET, True)
    assert (second.state, second.started_at) == (ClockState.RUNNING, clock())
    assert not second.pauses
    assert (news.state, news.started_at) == (ClockState.RUNNING, clock())
    assert (await file.fresh()).next_due_at <= news.due_at


async def test_the_response_to_the_review_ends_its_clocks(file, clock) -> None:
    await file.to_response()
    await file.answer(accepted=False)
    clock.advance(days=1)
    turn = file.by(file.lee)
    await answers.review(file.session, file.id, handler_id=file.bob.id, turn=turn)
    await file.find(by=file.bob)
    await file.decide(by=file.bob)
    clock.advance(days=1)

    await file.respond(by=file.bob)

    running = await clocks(file)
    assert [c.state for c in running[ClockKind.FINAL_RESPONSE]] == [ClockState.MET] * 2
    assert not any(clock.is_owed for some in running.values() for clock in some)

    await file.answer(accepted=False)  # there is no third answer, only news

    running = await clocks(file)
    assert not any(clock.is_owed for clock in running[ClockKind.FINAL_RESPONSE])
    assert running[ClockKind.STATUS_UPDATE][-1].is_owed


async def test_who_wants_no_review_is_owed_no_second_answer(file) -> None:
    await file.to_response()
    await file.answer(accepted=False)
    turn = file.by(file.ann)
    await answers.inform(
        file.session, file.id, text="Others may help", internal=True, external=True, turn=turn
    )

    await answers.decline_review(file.session, file.id, turn=turn)
    await filing.edit(
        file.session, file.id, version=None, changes={"priority": Priority.HIGH}, turn=turn
    )

    second = (await clocks(file))[ClockKind.FINAL_RESPONSE][-1]
    assert second.state is ClockState.CANCELLED
    assert (await clocks(file))[ClockKind.STATUS_UPDATE][-1].is_owed


async def test_who_wants_the_review_after_all_is_owed_an_answer_again(file) -> None:
    await file.to_response()
    await file.answer(accepted=False)
    turn = file.by(file.lee)
    await answers.inform(
        file.session, file.id, text="Others may help", internal=True, external=True, turn=turn
    )
    await answers.decline_review(file.session, file.id, turn=turn)

    await answers.review(file.session, file.id, handler_id=file.bob.id, turn=turn)

    assert (await file.complaint()).review_declined_at is None
    assert (await clocks(file))[ClockKind.FINAL_RESPONSE][-1].is_owed


async def test_whoever_changes_their_mind_is_owed_nothing_more(file) -> None:
    await file.to_response()
    await file.answer(accepted=False)

    await file.answer(accepted=True)

    running = await clocks(file)
    assert running[ClockKind.FINAL_RESPONSE][-1].state is ClockState.CANCELLED
    assert running[ClockKind.STATUS_UPDATE][-1].state is ClockState.CANCELLED


async def test_a_complaint_that_is_opened_again_owes_news(file, clock) -> None:
    await file.to_response()
    clock.advance(days=3)

    await tickets.reopen(
        file.session, file.id, by=file.by(file.ann).by, now=clock(), reason="customer_message"
    )

    news = (await clocks(file))[ClockKind.STATUS_UPDATE][-1]
    assert (news.state, news.started_at) == (ClockState.RUNNING, clock())


async def test_every_answer_of_a_person_is_news_of_a_complaint(file, clock) -> None:
    await file.acknowledge()
    clock.advance(days=1)

    turn = file.by(file.ann)
    said = await messages.reply(file.session, file.id, text="We look", by=turn.by, now=clock())

    *_, told, news = (await clocks(file))[ClockKind.STATUS_UPDATE]
    assert (told.state, told.stopped_by) == (ClockState.MET, said.id)
    assert (news.is_owed, news.started_at) == (True, clock())


async def test_c7_the_clocks_of_both_levels_are_rebuilt_from_the_log(file, clock) -> None:
    await file.to_response()
    await file.answer(accepted=False)
    clock.advance(days=1)
    await file.answer(accepted=True)
    await file.session.flush()

    rebuilt = rebuild(await ticket_events(file.session, file.id))

    again = [run_of(one) for one in await all_clocks(file.session, file.id) if one.attempt]
    assert {run.kind for run in again} == {ClockKind.FINAL_RESPONSE, ClockKind.STATUS_UPDATE}
    assert [rebuilt[run.kind, run.ref_id, run.attempt] for run in again] == again


async def test_who_has_been_answered_once_has_made_a_complaint(file) -> None:
    await file.to_response()
    await file.answer(accepted=False)
    turn = file.by(file.lee)
    await answers.review(file.session, file.id, handler_id=file.bob.id, turn=turn)

    with pytest.raises(ContactCenterError, match="it stays a complaint"):
        await filing.reclassify(
            file.session, file.id, kind=TicketKind.INQUIRY, reason="none", turn=turn
        )
