"""Calendars that are edited while clocks run (G14, G20)."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import delete, update

from contact_center.events.queries import ticket_events
from contact_center.events.rules import agent
from contact_center.intake.actions.promising import promise
from contact_center.intake.queries import lock_tickets
from contact_center.messages.actions import reply
from contact_center.reports import actions as reports
from contact_center.reports.rules import days
from contact_center.sla import queries
from contact_center.sla.actions import clocks, together, versions
from contact_center.sla.actions.rows import run_of
from contact_center.sla.models import CalendarVersion, Clock, ClockKind, PolicyVersion
from contact_center.sla.rules.history import rebuild
from contact_center.sla.rules.versions import calendar_digest, calendar_text
from contact_center.switchboard import Switchboard
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import Status
from contact_center.tickets.queries import lock_ticket
from contact_center.work_orders.actions.issuing import Asked, issue
from contact_center.work_orders.queries import get_work_order
from scheduler import sweeps
from tests.contact_center.sla.calendars import NINE_TO_FIVE, closing, monday, tuesday, weekdays
from tests.contact_center.sla.calendars import target as parse
from tests.support.calendars import POLICIES
from tests.support.factories import make_agent, make_team, make_ticket

MORNINGS = weekdays(9, 13)
PROMISED = ClockKind.FINAL_RESPONSE
NINE = monday(9)


@pytest.fixture
async def keep(db):
    """Says how an "office" works from an instant on."""

    async def keep(calendar, at: datetime) -> None:
        async with db.begin() as session:
            await queries.keep_calendar(
                session,
                name=calendar.name,
                digest=calendar_digest(calendar),
                definition=calendar_text(calendar),
                now=at,
            )

    yield keep
    async with db.begin() as session:  # versions outlive a test
        await session.execute(delete(Clock))
        await session.execute(
            delete(CalendarVersion).where(CalendarVersion.name.in_(["office", "CN"]))
        )


@pytest.fixture
async def begun(db, clock, keep):
    """Returns a function that begins a clock of 8 business hours on Monday morning."""

    async def begin(goal="8bh", calendar=NINE_TO_FIVE, at=NINE) -> int:
        clock.now = at
        await keep(calendar, at)
        async with db.begin() as session:
            ticket = await make_ticket(session, now=at, status=Status.BOT)
            ticket.status = Status.OPEN
            await clocks.start(
                session,
                ticket,
                kind=PROMISED,
                target=parse(goal),
                calendar=calendar,
                start=at,
                now=at,
                ref_id=1,
            )
        return ticket.id

    return begin


async def the_clock(db, ticket_id):
    async with db.read() as session:
        [found] = await queries.all_clocks(session, ticket_id)
        assert rebuild(await ticket_events(session, ticket_id)) == {(PROMISED, 1, 0): run_of(found)}
        return found


async def test_g20_running_clocks_are_replanned_right_after_the_edit(
    runtime, db, clock, keep, begun
) -> None:
    ticket_id = await begun()
    clock.now = monday(13)
    await keep(MORNINGS, clock())

    assert await sweeps.reckon_anew(runtime) == 1
    assert await sweeps.reckon_anew(runtime) == 0

    found = await the_clock(db, ticket_id)
    assert (found.consumed, found.due_at) == (4 * 3600, tuesday(13))
    async with db.read() as session:
        assert (await ticket_events(session, ticket_id))[-1].kind == "clock.due_recomputed"


async def test_g20_what_was_told_of_mondays_other_tickets_stays_as_it_was(
    runtime, db, clock, keep, begun
) -> None:
    """Kept after the new closing time, by the hours of before."""
    other = await begun()
    late = await begun("2bh")
    clock.now = monday(12)
    for number in (other, late):
        async with db.begin() as session:
            ticket = await lock_ticket(session, number)
            await clocks.stop(session, ticket, kind=PROMISED, ref_id=1, now=clock())
    monday_only = days(NINE.date(), NINE.date(), time_zone="Europe/London")
    clock.now = tuesday(9)

    async def told():
        async with db.read() as session:
            total = (await reports.digest(session, monday_only, now=clock())).total
        return total.promises[PROMISED]

    before = await told()
    assert (before.kept, before.broken) == (1, 1)

    await keep(MORNINGS, clock())
    await sweeps.reckon_anew(runtime)

    assert await told() == before


async def test_g20_an_edit_that_was_taken_back_counted_while_it_held(
    runtime, db, clock, keep, begun
) -> None:
    ticket_id = await begun()
    await keep(MORNINGS, monday(11))  # nobody looks
    await keep(NINE_TO_FIVE, monday(16))
    clock.now = monday(16)

    assert await sweeps.reckon_anew(runtime) == 1

    found = await the_clock(db, ticket_id)
    assert (found.consumed, found.due_at) == (4 * 3600, tuesday(12))


async def test_what_was_late_before_the_edit_stays_late(runtime, db, clock, keep, begun) -> None:
    ticket_id = await begun("2bh")
    clock.now = monday(14)
    await keep(MORNINGS, clock())

    await sweeps.reckon_anew(runtime)

    found = await the_clock(db, ticket_id)
    assert (found.state, found.breached_at) == ("breached", monday(11))


async def test_g14_a_date_is_provisional_until_the_official_days_are_loaded(
    runtime, db, clock, keep, begun
) -> None:
    start = datetime(2026, 12, 30, 2, tzinfo=UTC)
    unknown = weekdays(9, 18, name="CN", zone="Asia/Shanghai", valid_until=date(2026, 12, 31))
    ticket_id = await begun("10wd", unknown, start)
    guessed = await the_clock(db, ticket_id)
    assert (guessed.due_at, guessed.provisional) == (datetime(2027, 1, 13, 10, tzinfo=UTC), True)
    known = closing(unknown, date(2027, 1, 1))
    official = weekdays(9, 18, name="CN", zone="Asia/Shanghai", overrides=known.overrides)
    clock.advance(days=1)
    await keep(official, clock())

    await sweeps.reckon_anew(runtime)

    found = await the_clock(db, ticket_id)
    assert (found.due_at, found.provisional) == (datetime(2027, 1, 14, 10, tzinfo=UTC), False)


async def test_a_customer_who_writes_after_the_edit_resumes_by_the_new_hours(
    db, clock, keep, begun
) -> None:
    ticket_id = await begun()
    clock.now = monday(11)
    async with db.begin() as session:
        li = await make_agent(session, now=clock())
        by = f"agent:{li.id}"
        await reply(session, ticket_id, text="Which one?", by=by, now=clock())
        waiting = Status.WAITING_CUSTOMER
        await tickets.wait(session, ticket_id, status=waiting, by=by, now=clock())
    await keep(MORNINGS, monday(13))
    clock.now = tuesday(9)

    async with db.begin() as session:
        [draft] = (await lock_tickets(session, {ticket_id})).values()
        draft.was_waiting = True
        draft.say("ticket.resumed", "customer:1")
        board = Switchboard()
        await promise(
            session, [draft], choices=[], policies=POLICIES, switchboard=board, now=clock()
        )
        [found] = await queries.all_clocks(session, ticket_id)
        assert (found.consumed, found.due_at.hour, found.due_at.day) == (2 * 3600, 11, 25)


async def test_tickets_that_become_one_are_read_by_the_hours_of_now(db, clock, keep, begun) -> None:
    ours, theirs = await begun(), await begun()
    clock.now = monday(13)
    await keep(MORNINGS, clock())

    async with db.begin() as session:
        pair = [await lock_ticket(session, number) for number in (theirs, ours)]
        await together.inherit(session, *pair, answered_at=None, now=clock())
        [found] = await queries.all_clocks(session, ours)
        assert (found.consumed, found.due_at) == (4 * 3600, tuesday(13))


async def test_boards_show_what_a_department_owes_by_the_hours_of_now(
    runtime, db, clock, keep
) -> None:
    clock.now = NINE
    await keep(NINE_TO_FIVE, clock())
    async with db.begin() as session:
        team = await make_team(session, name="Network", now=clock())
        li = await make_agent(session, now=clock())
        ticket = await make_ticket(session, now=clock())
        by = agent(li.id)
        await reply(session, ticket.id, text="We look", by=by, now=clock())
        asked = Asked(
            kind="repair",
            team_id=team.id,
            task="Look",
            sign_for=parse("1bh"),
            finish=parse("8bh"),
            calendar=NINE_TO_FIVE,
        )
        order = await issue(session, ticket.id, asked, by=by, now=clock())
        assert order.finish_due_at == monday(17)
    clock.now = monday(13)
    await keep(MORNINGS, clock())

    await sweeps.reckon_anew(runtime)

    async with db.read() as session:
        shown = await get_work_order(session, order.id)
        clocks_now = {c.kind: c for c in await queries.all_clocks(session, ticket.id) if c.ref_id}
    assert shown.finish_due_at == clocks_now[ClockKind.FINISH].due_at == tuesday(13)
    assert shown.sign_due_at == monday(10)


async def test_a_version_of_the_policies_is_read_once_on_each_set_of_calendars(
    db, clock, keep
) -> None:
    async def read():
        async with db.read() as session:
            return await versions.policies_of(session, POLICIES.version)

    clock.now = NINE
    async with db.begin() as session:
        await versions.keep(session, calendars={}, policies=POLICIES, now=clock())
        definition = await queries.policy_definition(session, POLICIES.version)
    await keep(NINE_TO_FIVE, clock())
    first = await read()
    async with db.begin() as session:
        await session.execute(update(PolicyVersion).values(definition="unreadable"))

    again = await read()

    assert first is again
    assert first.calendars["office"].week == NINE_TO_FIVE.week
    async with db.begin() as session:
        await session.execute(update(PolicyVersion).values(definition=definition))
    await keep(MORNINGS, monday(10))
    assert (await read()).calendars["office"].week == MORNINGS.week
