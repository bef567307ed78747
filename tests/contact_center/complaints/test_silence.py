"""Who says nothing to our response: K6, and the list of those that people have to end."""

from contact_center.complaints import queries
from contact_center.complaints.actions import answers, special
from contact_center.complaints.models import Stage
from contact_center.procedure import usual_procedure

DAYS = usual_procedure().silent_after_days


async def listed(file, reader: int = 0) -> list[int]:
    since = usual_procedure().silent_since(file.clock())
    wanted = queries.Filter(silent_since=since, reader=reader)
    return [entry.ticket.id for entry in await queries.register(file.session, wanted)]


async def test_who_says_nothing_for_long_is_listed_until_somebody_closes_it(file, clock) -> None:
    await file.to_response()
    clock.advance(days=DAYS, seconds=-1)
    assert await listed(file) == []

    clock.advance(seconds=1)
    assert await listed(file) == [file.id]

    await answers.record_silence(file.session, file.id, turn=file.by(file.ann))
    await file.session.flush()
    assert await listed(file) == [file.id]

    await file.close(by=file.lee)
    assert await listed(file) == []
    assert (await file.complaint()).close_reason == Stage.SILENT


async def test_a_callback_in_vain_is_listed_at_once(file, clock) -> None:
    await file.to_response()

    await answers.callback_in_vain(file.session, file.id, now=clock())

    assert await listed(file) == [file.id]


async def test_who_has_answered_or_withdrawn_is_not_listed(file, clock) -> None:
    await file.to_response()
    await file.answer(accepted=True)
    clock.advance(days=DAYS + 1)
    assert await listed(file) == []


async def test_what_is_not_answered_yet_is_not_listed(file, clock) -> None:
    await file.acknowledge()
    clock.advance(days=DAYS + 1)
    assert await listed(file) == []

    await special.withdraw(
        file.session, file.id, channel="phone", quote="Leave it", turn=file.by(file.ann)
    )
    assert await listed(file) == []


async def test_the_second_response_has_its_own_time(file, clock) -> None:
    await file.to_response()
    clock.advance(days=DAYS)
    await file.answer(accepted=False)
    turn = file.by(file.lee)
    await answers.review(file.session, file.id, handler_id=file.bob.id, turn=turn)
    await file.find(by=file.bob)
    await file.decide(by=file.bob)
    await file.respond(by=file.bob)
    assert await listed(file) == []

    clock.advance(days=DAYS)
    assert await listed(file) == [file.id]


async def test_a_complaint_about_the_reader_is_not_listed_for_them(file, clock) -> None:
    await file.to_response()
    file.ticket.about_agent_id = file.max.id
    clock.advance(days=DAYS)
    await file.session.flush()

    assert await listed(file, reader=file.max.id) == []
    assert await listed(file, reader=file.lee.id) == [file.id]
