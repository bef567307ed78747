"""Why a clock is due when it is: its pauses from the log, its words from its policy."""

from datetime import UTC, datetime, timedelta

import pytest

from contact_center.calendars.days import parse
from contact_center.events.queries import ticket_events
from contact_center.events.rules import SYSTEM
from contact_center.sla.actions import legs, together, versions
from contact_center.sla.actions.explaining import reasons_for
from contact_center.sla.models import ClockKind
from contact_center.sla.queries import all_clocks
from contact_center.sla.rules.engine import Terms
from contact_center.sla.rules.versions import calendar_digest
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import Status
from tests.contact_center.sla.calendars import NINE_TO_FIVE, monday, terms, tuesday
from tests.support.factories import make_ticket


@pytest.fixture
async def ticket(session, clock):
    """A resolution in eight business hours, from Monday nine o'clock."""
    clock.now = monday(9)
    ticket = await make_ticket(session, now=clock(), status=Status.RESOLVED)
    await versions.keep_calendar(session, NINE_TO_FIVE, now=clock())
    promise = {ClockKind.RESOLUTION: terms("8bh")}
    said = await together.start_all(session, ticket, promise, start=clock())
    await tickets.say(session, ticket, "ticket.opened", by=SYSTEM, now=clock(), clocks=said)
    return ticket


async def the_reason(session, ticket):
    await session.flush()
    events = await ticket_events(session, ticket.id)
    [*_, last] = await reasons_for(session, await all_clocks(session, ticket.id), events)
    return last


async def test_a_pause_is_told_with_its_open_time(session, ticket, clock) -> None:
    for at, do in ((monday(11), together.pause), (monday(14), together.resume)):
        more = {"status": "waiting_customer"} if do is together.pause else {}
        said = await do(session, ticket, now=at, **more)
        await tickets.say(session, ticket, "ticket.waiting", by=SYSTEM, now=at, clocks=said)

    reason = await the_reason(session, ticket)

    assert list(reason.pauses) == [(monday(11), monday(14))]
    said = reason.sentences("en", UTC)
    assert said[-2:] == [
        "It stood still from Mon 2026-11-23 11:00 to Mon 2026-11-23 14:00: 3:00 h of open time.",
        "Due Tue 2026-11-24 12:00.",
    ]
    assert reason.sentences("zh", UTC)[-1] == "截止时间：2026-11-24 周二 12:00。"


async def test_what_stands_still_is_due_at_no_time(session, ticket, clock) -> None:
    await together.pause(session, ticket, status="waiting_customer", now=monday(11))

    reason = await the_reason(session, ticket)

    assert not any(sentence.startswith("Due") for sentence in reason.sentences("en", UTC))
    assert reason.closed_until(monday(20)) is None


async def test_a_clock_says_when_the_calendar_opens_again(session, ticket) -> None:
    reason = await the_reason(session, ticket)

    assert reason.closed_until(monday(12)) is None
    assert reason.closed_until(monday(20)) == tuesday(9)


async def test_work_is_explained_by_what_its_kind_is_called(session, ticket, clock) -> None:
    agreed = Terms(
        goal=parse("4bh"),
        hours=NINE_TO_FIVE,
        version=calendar_digest(NINE_TO_FIVE),
        policy="task",
    )
    await legs.begin(session, ticket, {ClockKind.FINISH: agreed}, ref_id=3, start=clock())

    reason = await the_reason(session, ticket)

    assert reason.title("zh") == "任务"
    assert reason.sentences("en", UTC)[0] == "Task: finished within 4 business hours."
    assert reason.clock.due_at == datetime(2026, 11, 23, 9, tzinfo=UTC) + timedelta(hours=4)


async def test_a_clock_from_before_there_were_policies_has_its_seconds(session, ticket) -> None:
    for clock in await all_clocks(session, ticket.id):
        clock.goal, clock.target = "", 86_400

    reason = await the_reason(session, ticket)

    assert reason.terms.target.seconds == 86_400
    assert reason.sentences("en", UTC)
