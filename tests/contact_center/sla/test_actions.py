from datetime import timedelta

import pytest

from contact_center.settings import Targets
from contact_center.sla import actions, queries
from contact_center.sla.models import ClockKind, ClockState
from tests.support.factories import make_ticket

FIRST, FULL = ClockKind.FIRST_RESPONSE, ClockKind.RESOLUTION


@pytest.fixture
async def ticket(session, clock):
    """Due in an hour, and in a day."""
    return await make_ticket(session, now=clock())


async def test_the_next_promise_is_the_earliest_one_still_to_keep(session, clock, ticket) -> None:
    clocks = await queries.clocks_of(session, ticket.id)
    assert ticket.next_due_at == clocks[FIRST].due_at == clock() + timedelta(hours=1)

    due = await actions.stop(session, ticket.id, kinds=[FIRST], now=clock())
    assert due == clocks[FULL].due_at == clock() + timedelta(days=1)

    assert await actions.stop(session, ticket.id, kinds=[FULL], now=clock()) is None


@pytest.mark.parametrize(
    ("minutes", "state"), [(59, ClockState.MET), (60, ClockState.MET), (61, ClockState.BREACHED)]
)
async def test_a_promise_is_met_or_broken_when_its_clock_stops(
    session, clock, ticket, minutes, state
) -> None:
    start = clock()
    clock.advance(minutes=minutes)

    await actions.stop(session, ticket.id, kinds=[FIRST], now=clock())

    first = (await queries.clocks_of(session, ticket.id))[FIRST]
    assert (first.state, first.stopped_at) == (state, clock())
    broken_at = start + timedelta(hours=1) if state is ClockState.BREACHED else None
    assert first.breached_at == broken_at


async def test_a_clock_stops_once(session, clock, ticket) -> None:
    stopped_at = clock()
    await actions.stop(session, ticket.id, kinds=[FIRST], now=clock())
    clock.advance(hours=2)

    await actions.stop(session, ticket.id, kinds=[FIRST], now=clock())

    first = (await queries.clocks_of(session, ticket.id))[FIRST]
    assert (first.state, first.stopped_at) == (ClockState.MET, stopped_at)


async def test_a_broken_promise_stays_due_until_it_is_kept_after_all(
    session, clock, ticket
) -> None:
    clock.advance(hours=2)
    await actions.note_breaches(session, ticket.id, now=clock())

    first = (await queries.clocks_of(session, ticket.id))[FIRST]
    assert (first.state, first.stopped_at) == (ClockState.BREACHED, None)
    due = await actions.stop(session, ticket.id, kinds=[FIRST], now=clock())

    assert first.state is ClockState.BREACHED
    assert due == (await queries.clocks_of(session, ticket.id))[FULL].due_at


async def test_a_new_target_leaves_what_is_settled_alone(session, clock, ticket) -> None:
    await actions.stop(session, ticket.id, kinds=[FIRST], now=clock())
    targets = Targets(first_response=1, resolution=30)

    due = await actions.retarget(session, ticket.id, targets=targets, now=clock())

    clocks = await queries.clocks_of(session, ticket.id)
    assert due == clocks[FULL].due_at == clock() + timedelta(minutes=30)
    assert clocks[FULL].target == 30 * 60
    assert clocks[FIRST].due_at == clock() + timedelta(hours=1)


async def test_cancelled_promises_are_neither_kept_nor_broken(session, clock, ticket) -> None:
    await actions.stop(session, ticket.id, kinds=[FIRST], now=clock())
    await actions.cancel(session, ticket.id)
    clock.advance(days=2)

    assert list(await actions.note_breaches(session, ticket.id, now=clock())) == []
    clocks = await queries.clocks_of(session, ticket.id)
    assert (clocks[FIRST].state, clocks[FULL].state) == (ClockState.MET, ClockState.CANCELLED)
    assert await actions.continue_resolution(session, ticket.id, now=clock()) is None


async def test_a_broken_promise_is_noticed_once(session, clock, ticket) -> None:
    due = ticket.next_due_at
    assert list(await actions.note_breaches(session, ticket.id, now=due)) == []

    for broken in ([(FIRST, due)], []):
        noticed = await actions.note_breaches(session, ticket.id, now=due + timedelta(hours=3))
        assert list(noticed) == broken
