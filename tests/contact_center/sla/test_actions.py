"""Clocks of a ticket in the database: every change is told, and what is told is what is stored."""

from datetime import timedelta

import pytest

from contact_center.calendars.days import parse
from contact_center.calendars.hours import ROUND_THE_CLOCK
from contact_center.errors import Conflict, NotFound
from contact_center.events.queries import ticket_events
from contact_center.sla import queries
from contact_center.sla.actions import clocks, together
from contact_center.sla.actions.rows import run_of
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.rules.history import rebuild
from contact_center.tickets.models import Status
from tests.contact_center.sla.calendars import terms
from tests.support.factories import make_ticket

FIRST, FULL = ClockKind.FIRST_RESPONSE, ClockKind.RESOLUTION
WAITING = Status.WAITING_CUSTOMER.value


@pytest.fixture
async def ticket(session, clock):
    """Due in an hour, and in a day."""
    return await make_ticket(session, now=clock())


async def kinds(session, ticket):
    return await queries.clocks_of(session, ticket.id)


async def test_the_next_promise_is_the_earliest_one_still_to_keep(session, clock, ticket) -> None:
    found = await kinds(session, ticket)
    assert ticket.next_due_at == found[FIRST].due_at == clock() + timedelta(hours=1)

    await together.answer(session, ticket, message_id=1, now=clock())
    assert ticket.next_due_at == found[FULL].due_at == clock() + timedelta(days=1)

    await together.finish(session, ticket, now=clock())
    assert ticket.next_due_at is None


async def test_a_clock_stops_once(session, clock, ticket) -> None:
    stopped_at = clock()
    await together.answer(session, ticket, message_id=1, now=clock())
    clock.advance(hours=2)

    assert await together.answer(session, ticket, message_id=2, now=clock()) == []

    first = (await kinds(session, ticket))[FIRST]
    assert (first.state, first.stopped_at, first.stopped_by) == (ClockState.MET, stopped_at, 1)


async def test_a_broken_promise_stays_due_until_it_is_kept_after_all(
    session, clock, ticket
) -> None:
    due = ticket.next_due_at
    clock.advance(hours=2)
    await together.note_breaches(session, ticket, now=clock())
    first = (await kinds(session, ticket))[FIRST]
    assert (first.state, first.stopped_at, ticket.next_due_at) == (ClockState.BREACHED, None, due)

    await together.answer(session, ticket, message_id=1, now=clock())

    assert (first.state, first.breached_at) == (ClockState.BREACHED, due)
    assert ticket.next_due_at == (await kinds(session, ticket))[FULL].due_at


async def test_a_broken_promise_is_noticed_once(session, clock, ticket) -> None:
    due = ticket.next_due_at
    assert await together.note_breaches(session, ticket, now=due) == []

    [noticed] = await together.note_breaches(session, ticket, now=due + timedelta(hours=3))
    assert (noticed["clock"], noticed["breached_at"]) == (FIRST, due.isoformat())
    assert await together.note_breaches(session, ticket, now=due + timedelta(hours=3)) == []


async def test_a_paused_ticket_is_not_due(session, clock, ticket) -> None:
    await together.answer(session, ticket, message_id=1, now=clock())
    due = ticket.next_due_at
    clock.advance(hours=1)

    await together.pause(session, ticket, status=WAITING, now=clock())
    assert ticket.next_due_at is None

    clock.advance(hours=3)
    await together.resume(session, ticket, now=clock())
    assert ticket.next_due_at == due + timedelta(hours=3)


async def test_g22_waiting_for_a_department_pauses_nothing(session, clock, ticket) -> None:
    due = ticket.next_due_at

    assert not await together.pause(session, ticket, status="waiting_department", now=clock())

    assert ticket.next_due_at == due


async def test_cancelled_promises_are_neither_kept_nor_broken(session, clock, ticket) -> None:
    await together.answer(session, ticket, message_id=1, now=clock())
    await together.cancel_all(session, ticket, now=clock())
    clock.advance(days=2)

    assert await together.note_breaches(session, ticket, now=clock()) == []
    found = await kinds(session, ticket)
    assert (found[FIRST].state, found[FULL].state) == (ClockState.MET, ClockState.CANCELLED)
    assert await together.go_on(session, ticket, now=clock()) == []


async def test_a_new_target_leaves_what_is_settled_alone(session, clock, ticket) -> None:
    await together.answer(session, ticket, message_id=1, now=clock())
    agreed = {FIRST: terms("1min"), FULL: terms("30min")}

    await together.retarget(session, ticket, agreed, now=clock())

    found = await kinds(session, ticket)
    assert ticket.next_due_at == found[FULL].due_at == clock() + timedelta(minutes=30)
    assert (found[FULL].goal, found[FULL].target) == ("30min", 30 * 60)
    assert found[FIRST].due_at == clock() + timedelta(hours=1)


# Promises of other slices: each change is an event of its own


async def acknowledge(session, ticket, clock, goal="2h", **more):
    return await clocks.start(
        session,
        ticket,
        kind=ClockKind.ACKNOWLEDGEMENT,
        target=parse(goal),
        calendar=ROUND_THE_CLOCK,
        start=clock(),
        now=clock(),
        ref_id=7,
        **more,
    )


async def test_a_promise_of_its_own_counts_for_the_ticket(session, clock, ticket) -> None:
    await together.answer(session, ticket, message_id=1, now=clock())

    found = await acknowledge(session, ticket, clock)

    assert ticket.next_due_at == found.due_at == clock() + timedelta(hours=2)
    with pytest.raises(Conflict):
        await acknowledge(session, ticket, clock)


async def test_what_was_not_promised_cannot_be_kept(session, clock, ticket) -> None:
    with pytest.raises(NotFound):
        await clocks.stop(session, ticket, kind=ClockKind.FINISH, ref_id=1, now=clock())


async def test_every_change_is_logged_and_the_log_makes_the_same_clock(
    session, clock, ticket
) -> None:
    at = {"kind": ClockKind.ACKNOWLEDGEMENT, "ref_id": 7}
    await acknowledge(session, ticket, clock)
    until = clock() + timedelta(hours=5)
    await clocks.extend(session, ticket, until=until, now=clock(), **at)
    clock.advance(hours=3)
    found = await clocks.stop(session, ticket, now=clock(), **at)

    assert found.state is ClockState.MET
    events = await ticket_events(session, ticket.id)
    assert [event.kind for event in events] == [
        "clock.started",
        "clock.extended",
        "clock.stopped",
    ]
    assert rebuild(events) == {(ClockKind.ACKNOWLEDGEMENT, 7, 0): run_of(found)}


async def test_a_promise_that_no_longer_holds_is_not_broken(session, clock, ticket) -> None:
    await acknowledge(session, ticket, clock)

    found = await clocks.cancel(
        session, ticket, kind=ClockKind.ACKNOWLEDGEMENT, ref_id=7, now=clock()
    )

    assert (found.state, found.breached_at) == (ClockState.CANCELLED, None)
