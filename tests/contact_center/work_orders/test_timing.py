"""A team's promises are clocks of the ticket, and count for the team alone."""

from datetime import timedelta

import pytest

from contact_center.calendars.days import parse
from contact_center.events.queries import ticket_events
from contact_center.events.rules import agent
from contact_center.links import actions as links
from contact_center.sla.actions import versions
from contact_center.sla.actions.rows import run_of
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.queries import all_clocks, calendar_versions, find_clock
from contact_center.sla.rules.history import rebuild
from contact_center.sla.rules.versions import calendar_digest
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import ResolutionCode, Status
from contact_center.tickets.queries import get_ticket
from contact_center.work_orders import queries
from contact_center.work_orders.actions import issuing, working
from tests.contact_center.sla.calendars import weekdays
from tests.contact_center.work_orders.conftest import CALENDARS, ask, asked, decide
from tests.support.factories import customer_says, make_ticket

HOUR = timedelta(hours=1)
SIGN_FOR, FINISH = ClockKind.SIGN_FOR, ClockKind.FINISH


@pytest.fixture
def look(session, order):
    """A clock of the order, the latest attempt."""

    async def find(kind: ClockKind, order=order):
        await session.flush()
        return await find_clock(session, order.ticket_id, kind=kind, ref_id=order.id)

    return find


async def sign(session, order, ned, clock):
    return await working.sign(session, order.id, by=agent(ned.id), now=clock())


async def finish(session, order, ned, clock):
    return await working.finish(session, order.id, text="Done", by=agent(ned.id), now=clock())


async def redo(session, order, li, clock):
    by = agent(li.id)
    await issuing.redo(session, order.id, text="No", calendars=CALENDARS, by=by, now=clock())


async def said_so(session, ticket):
    """C7: the log makes the same clocks."""
    await session.flush()
    clocks = await all_clocks(session, ticket.id)
    stored = {(c.kind, c.ref_id, c.attempt): run_of(c) for c in clocks if c.ref_id}
    made = rebuild(await ticket_events(session, ticket.id))
    return {key: run for key, run in made.items() if key[1]} == stored


async def test_work_that_is_asked_for_starts_both_clocks_and_nothing_pauses_them(
    order, look, clock
) -> None:
    for kind, due_at in ((SIGN_FOR, order.sign_due_at), (FINISH, order.finish_due_at)):
        found = await look(kind)
        assert (found.state, found.pauses, found.policy) == (ClockState.RUNNING, "", "repair")
        assert found.due_at == due_at
    assert (order.sign_due_at, order.finish_due_at) == (clock() + HOUR, clock() + 5 * HOUR)


async def test_signing_and_finishing_in_time_keeps_both(
    session, ticket, order, ned, look, clock
) -> None:
    clock.advance(hours=1)
    await sign(session, order, ned, clock)
    clock.advance(hours=4)
    await finish(session, order, ned, clock)

    assert [(await look(kind)).state for kind in (SIGN_FOR, FINISH)] == [ClockState.MET] * 2
    assert await said_so(session, ticket)


async def test_a_late_team_is_late_itself_and_not_who_answers_to_the_customer(
    session, ticket, order, ned, look, clock
) -> None:
    due_at = ticket.next_due_at
    clock.advance(hours=1, seconds=1)
    await tickets.note_breaches(session, ticket.id, now=clock())

    found = await look(SIGN_FOR)
    assert (found.state, found.breached_at) == (ClockState.BREACHED, order.sign_due_at)
    assert (ticket.breached_at, ticket.next_due_at) == (None, due_at)

    clock.advance(hours=5)
    await sign(session, order, ned, clock)
    await finish(session, order, ned, clock)

    assert [(await look(kind)).met_final for kind in (SIGN_FOR, FINISH)] == [False, False]
    assert ticket.breached_at is None
    assert await said_so(session, ticket)


async def test_g44_each_redo_is_an_attempt_of_its_own_in_half_of_the_first_time(
    session, ticket, order, ned, li, clock
) -> None:
    await sign(session, order, ned, clock)
    clock.advance(hours=6)
    await finish(session, order, ned, clock)  # late
    for _ in range(3):
        await redo(session, order, li, clock)
        assert order.finish_due_at == clock() + 3 * HOUR  # of five
        clock.advance(hours=1)
        await finish(session, order, ned, clock)

    finishes = [c for c in await all_clocks(session, ticket.id) if c.kind is FINISH]
    assert [(c.attempt, c.goal, c.met_final) for c in finishes] == [
        (0, "5h", False),
        (1, "3h", True),
        (2, "3h", True),
        (3, "3h", True),
    ]
    assert await said_so(session, ticket)


async def test_what_is_returned_is_owed_by_nobody_until_it_is_sent_on(
    session, ticket, order, billing, ned, li, look, clock
) -> None:
    await working.give_back(session, order.id, text="no", by=agent(ned.id), now=clock())
    assert [(await look(kind)).state for kind in (SIGN_FOR, FINISH)] == [ClockState.CANCELLED] * 2

    clock.advance(hours=3)
    await issuing.redirect(
        session,
        order.id,
        team_id=billing.id,
        calendars=CALENDARS,
        text="",
        by=agent(li.id),
        now=clock(),
        as_lead=False,
    )

    found = await look(SIGN_FOR)
    assert (found.attempt, found.due_at) == (1, clock() + HOUR)
    assert (await look(FINISH)).due_at == order.finish_due_at == clock() + 5 * HOUR
    assert await said_so(session, ticket)


async def extension(session, order, ned, clock):
    await sign(session, order, ned, clock)
    await working.start(session, order.id, by=agent(ned.id), now=clock())
    await ask(session, order, ned, clock)
    return clock() + 9 * HOUR


async def test_more_time_moves_the_clock(session, ticket, order, ned, lead, look, clock) -> None:
    until = await extension(session, order, ned, clock)

    await decide(session, order, lead, clock)

    found = await look(FINISH)
    assert found.due_at == found.legal_due_at == order.finish_due_at == until
    assert await said_so(session, ticket)


async def test_who_asked_in_time_is_not_late_because_the_answer_is(
    session, ticket, order, ned, lead, look, clock
) -> None:
    until = await extension(session, order, ned, clock)
    clock.advance(hours=6)
    await tickets.note_breaches(session, ticket.id, now=clock())
    assert (await look(FINISH)).state is ClockState.BREACHED

    await decide(session, order, lead, clock)

    found = await look(FINISH)
    assert (found.state, found.due_at, found.breached_at) == (ClockState.RUNNING, until, None)
    assert await said_so(session, ticket)


@pytest.mark.parametrize("end", [issuing.withdraw, issuing.waive])
async def test_nobody_waits_any_more_for_what_is_withdrawn_or_waived(
    session, ticket, order, li, look, clock, end
) -> None:
    await end(session, order.id, text="no longer", by=agent(li.id), now=clock())

    assert [(await look(kind)).state for kind in (SIGN_FOR, FINISH)] == [ClockState.CANCELLED] * 2
    assert await said_so(session, ticket)


async def test_closing_a_ticket_keeps_no_promise_of_a_team_that_still_works(
    session, ticket, order, network, li, look, clock
) -> None:
    by = agent(li.id)
    await issuing.withdraw(session, order.id, text="no longer", by=by, now=clock())
    extra = await issuing.issue(
        session, ticket.id, asked(network, is_blocking=False), by=by, now=clock()
    )
    await tickets.resolve(session, ticket.id, code=ResolutionCode.SOLVED, by=by, now=clock())
    await tickets.close(session, ticket.id, by=by, now=clock(), reason="x")

    assert (await look(FINISH, extra)).state is ClockState.RUNNING


async def test_a_merge_takes_the_clocks_of_the_work_along(
    session, ticket, order, ned, li, network, clock
) -> None:
    """And does not mix them with those of the work that the other ticket has."""
    await sign(session, order, ned, clock)
    other = await make_ticket(
        session, now=clock(), owner_id=li.id, status=Status.OPEN, customer_id=ticket.customer_id
    )
    await customer_says(session, other, now=clock())
    by = agent(li.id)
    await issuing.issue(session, other.id, asked(network, finish=parse("2h")), by=by, now=clock())

    await links.merge(session, ticket.id, into=other.id, by=by, now=clock())

    clocks = await all_clocks(session, other.id)
    ours = {(c.kind, c.state, c.due_at) for c in clocks if c.ref_id == order.id}
    assert ours == {
        (SIGN_FOR, ClockState.MET, order.sign_due_at),
        (FINISH, ClockState.RUNNING, order.finish_due_at),
    }
    left = await all_clocks(session, ticket.id)
    assert {c.state for c in left if c.ref_id == order.id} == {
        ClockState.MET,
        ClockState.CANCELLED,
    }
    order = await queries.get_work_order(session, order.id)
    await finish(session, order, ned, clock)
    assert await said_so(session, await get_ticket(session, other.id))


async def test_the_calendar_is_kept_before_a_clock_runs_on_it(
    session, ticket, network, li, clock
) -> None:
    calendar = weekdays(8, 12, name="mornings")
    await issuing.issue(
        session,
        ticket.id,
        asked(network, finish=parse("4bh"), calendar=calendar),
        by=agent(li.id),
        now=clock(),
    )

    [kept] = await calendar_versions(session, ["mornings"])
    assert kept.digest == calendar_digest(calendar)
    await tickets.note_breaches(session, ticket.id, now=clock())  # reads it


async def test_an_edited_calendar_moves_what_runs_on_it_and_breaks_nothing(
    session, ticket, network, li, look, clock
) -> None:
    calendar = weekdays(8, 12, name="mornings")
    by = agent(li.id)
    work = asked(network, finish=parse("4bh"), calendar=calendar)
    extra = await issuing.issue(session, ticket.id, work, by=by, now=clock())
    before = (await look(FINISH, extra)).due_at
    clock.advance(minutes=1)
    await versions.keep_calendar(session, weekdays(8, 10, name="mornings"), now=clock())

    await tickets.note_breaches(session, ticket.id, now=clock())

    assert (await look(FINISH, extra)).due_at > before
    assert await said_so(session, ticket)
