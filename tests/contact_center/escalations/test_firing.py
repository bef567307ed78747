"""Clocks climb the ladder: each rung once, told to who is here, dated to when it was reached."""

import asyncio
from dataclasses import replace

import pytest

from contact_center.accounts.models import Account, Tier
from contact_center.agents.models import Absence, Role, TeamMember
from contact_center.alerts.queries import alerts_of
from contact_center.bus import Bus
from contact_center.calendars.days import parse
from contact_center.db import Database
from contact_center.escalations import queries
from contact_center.escalations.actions import firing
from contact_center.events.queries import ticket_events
from contact_center.events.rules import agent
from contact_center.sla.actions import together
from contact_center.sla.actions.rows import run_of
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.queries import find_clock
from contact_center.sla.rules.history import rebuild
from contact_center.supervision import actions as supervision
from contact_center.supervision.queries import orders_of
from contact_center.tickets import actions as tickets
from contact_center.tickets.queries import lock_ticket
from contact_center.work_orders.actions import issuing
from contact_center.work_orders.actions.issuing import Asked
from scheduler import batches, sweeps
from tests.contact_center.escalations.conftest import cn, keep
from tests.contact_center.sla.calendars import CHINA, closing
from tests.support.factories import make_agent, make_customer, make_team

FIRED, SKIPPED = "fired", "skipped_coalesced"


async def kinds(runtime, agent_id: int) -> list[str]:
    async with runtime.db.read() as session:
        return [alert.kind for alert in await alerts_of(session, agent_id)][::-1]


async def events(runtime, ticket_id: int, *names: str):
    async with runtime.db.read() as session:
        found = await ticket_events(session, ticket_id)
    assert [event.seq for event in found] == list(range(found[0].seq, found[0].seq + len(found)))
    return [event for event in found if event.kind in names]


async def pause(runtime, ticket_id: int) -> None:
    async with runtime.db.begin() as session:
        ticket = await lock_ticket(session, ticket_id)
        await together.pause(session, ticket, status="waiting_customer", now=runtime.now())


async def resume(runtime, ticket_id: int) -> None:
    async with runtime.db.begin() as session:
        await together.resume(session, await lock_ticket(session, ticket_id), now=runtime.now())


async def test_o7_whom_it_is_about_is_not_told_that_time_runs_out(desk) -> None:
    ticket = await desk.ticket(about_agent_id=desk.lead.id, owner_id=desk.manager.id)

    await desk.sweep(cn(23, 13), cn(23, 15), cn(23, 17, 30), cn(24, 18))

    assert {number for told in await desk.told(ticket) for number in told} == {desk.manager.id}


async def test_g34_eight_business_hours_climb_the_ladder_and_no_rung_is_told_twice(desk) -> None:
    ticket = await desk.ticket()
    moments = [cn(23, 13), cn(23, 15), cn(23, 17), cn(24, 18)]

    for moment in moments:
        before, after = await desk.sweep(moment, moment.replace(second=1))
        assert (before, after, await desk.sweep(moment.replace(second=2))) == (0, 1, [0])

    assert [(rung, at) for rung, _, at, _ in await desk.climbed(ticket)] == list(
        enumerate(moments, 1)
    )
    owner, lead, manager = desk.owner.id, desk.lead.id, desk.manager.id
    assert await desk.told(ticket) == [[owner], [owner, lead], [lead], [manager]]
    assert await kinds(desk.runtime, owner) == ["escalation.ahead"] * 2
    assert await kinds(desk.runtime, lead) == ["escalation.ahead", "escalation.breach"]
    assert await kinds(desk.runtime, manager) == ["escalation.late"]
    said = await events(desk.runtime, ticket, "clock.breached", "supervision.ordered")
    assert [event.kind for event in said] == ["clock.breached", "supervision.ordered"]


async def test_g34_with_a_pause_the_rungs_come_as_much_later(desk, clock) -> None:
    ticket = await desk.ticket()
    clock.now = cn(23, 11)
    await pause(desk.runtime, ticket)
    assert (await desk.clock(ticket)).next_rung_at is None
    assert await desk.sweep(cn(23, 14)) == [0]
    clock.now = cn(23, 15)
    await resume(desk.runtime, ticket)

    told = await desk.sweep(
        *(cn(23, 15, second=1), cn(23, 17), cn(23, 17, 0, 1)),
        *(cn(24, 10), cn(24, 10, 0, 1), cn(24, 12), cn(24, 12, 0, 1), cn(24, 12, 0, 2)),
    )

    assert told == [0, 0, 1, 0, 1, 0, 1, 0]
    assert [(rung, state, at) for rung, state, at, _ in await desk.climbed(ticket)] == [
        (1, FIRED, cn(23, 17)),
        (2, FIRED, cn(24, 10)),
        (3, FIRED, cn(24, 12)),
    ]


async def test_g35_after_a_downtime_one_message_is_sent_and_the_breach_keeps_its_time(desk) -> None:
    ticket = await desk.ticket()
    assert await desk.sweep(cn(23, 14, 55)) == [1]
    back = cn(23, 17, 30)

    assert await desk.sweep(back, back.replace(second=10)) == [1, 0]

    assert (await desk.climbed(ticket))[1:] == [
        (2, SKIPPED, cn(23, 15), back),
        (3, FIRED, cn(23, 17), back),
    ]
    assert await kinds(desk.runtime, desk.lead.id) == ["escalation.breach"]
    clock = await desk.clock(ticket)
    assert (clock.state, clock.breached_at) == (ClockState.BREACHED, cn(23, 17))
    assert (await desk.look(ticket)).breached_at == cn(23, 17)
    [noticed] = await events(desk.runtime, ticket, "clock.breached")
    assert (noticed.at, noticed.data["due_at"]) == (back, cn(23, 17).isoformat())
    [skipped] = await events(desk.runtime, ticket, "escalation.skipped")
    assert (skipped.data["rung"], skipped.data["state"]) == (2, SKIPPED)


async def test_c7_what_the_ladder_breaks_is_in_the_log(desk) -> None:
    ticket = await desk.ticket()
    async with desk.runtime.db.begin() as session:
        started = await lock_ticket(session, ticket)
        clock = await desk.clock(ticket)
        before = run_of(clock)
        assert started.event_count == 0
    await desk.sweep(cn(23, 18))

    clock, found = await desk.clock(ticket), await events(desk.runtime, ticket, "clock.breached")

    [run] = rebuild(found).values()
    assert run.breached_at == clock.breached_at
    assert (run.state, run.met_first, run.breach_cause) == (
        clock.state,
        clock.met_first,
        clock.breach_cause,
    )
    assert before.state is ClockState.RUNNING


async def test_after_a_long_downtime_the_ticket_is_supervised_all_the_same(desk) -> None:
    ticket = await desk.ticket()

    assert await desk.sweep(cn(25, 9)) == [1]

    assert [state for _, state, _, _ in await desk.climbed(ticket)] == [SKIPPED] * 3 + [FIRED]
    async with desk.runtime.db.read() as session:
        [order] = await orders_of(session, ticket)
    assert (order.cause, order.opened_at) == ("breach", cn(25, 9))


async def test_c6_many_nodes_tell_a_rung_once(desk) -> None:
    numbers = [await desk.ticket() for _ in range(30)]
    other = Database(desk.runtime.db.url.render_as_string(hide_password=False))
    second = replace(desk.runtime, db=other, bus=Bus())
    desk.runtime.now.now = cn(23, 17, 30)

    told = await asyncio.gather(*(sweeps.climb_ladder(n) for n in (desk.runtime, second) * 3))
    await other.dispose()

    await desk.sweep(cn(23, 17, 30))  # what a node left to the others
    assert sum(told) <= len(numbers)
    for number in numbers:
        assert [rung for rung, *_ in await desk.climbed(number)] == [1, 2, 3]
    assert len(await kinds(desk.runtime, desk.lead.id)) == len(numbers)


async def test_customers_of_tier_a_have_each_rung_one_level_higher(desk) -> None:
    async with desk.runtime.db.begin() as session:
        account = Account(name="Acme", tier=Tier.A, created_at=cn(23, 9))
        session.add(account)
        await session.flush()
        customer = await make_customer(session, now=cn(23, 9), account_id=account.id)
    ticket = await desk.ticket(customer=customer)

    await desk.sweep(cn(23, 13, 0, 1), cn(23, 15, 0, 1), cn(23, 17, 0, 1))

    owner, lead, manager = desk.owner.id, desk.lead.id, desk.manager.id
    assert await desk.told(ticket) == [[owner, lead], [owner, lead], [lead, manager]]


async def test_nobody_absent_is_told_but_their_deputy(desk) -> None:
    async with desk.runtime.db.begin() as session:
        deputy = await make_agent(session, now=cn(23, 9))
        session.add(
            Absence(
                agent_id=desk.owner.id,
                deputy_id=deputy.id,
                starts_at=cn(23, 9),
                ends_at=cn(23, 14),
                created_at=cn(23, 9),
            )
        )
    ticket = await desk.ticket()

    await desk.sweep(cn(23, 13, 0, 1), cn(23, 15, 0, 1))

    assert await desk.told(ticket) == [[deputy.id], [desk.owner.id, desk.lead.id]]
    assert await kinds(desk.runtime, desk.owner.id) == ["escalation.ahead"]


async def test_where_nobody_stands_in_the_leads_are_told(desk) -> None:
    async with desk.runtime.db.begin() as session:
        session.add(
            Absence(
                agent_id=desk.owner.id,
                starts_at=cn(23, 9),
                ends_at=cn(27, 9),
                created_at=cn(23, 9),
            )
        )
    ticket = await desk.ticket()

    await desk.sweep(cn(23, 13, 0, 1))

    assert await desk.told(ticket) == [[desk.lead.id]]


async def test_of_a_ticket_that_nobody_has_the_leads_are_told(desk) -> None:
    ticket = await desk.ticket(owner_id=None)

    await desk.sweep(cn(23, 13, 0, 1))

    assert await desk.told(ticket) == [[desk.lead.id]]


async def test_whoever_supervises_the_ticket_is_told_when_the_next_promise_breaks(desk) -> None:
    ticket = await desk.ticket()
    async with desk.runtime.db.begin() as session:
        other = await make_agent(session, now=cn(23, 9), role="manager")
        locked = await lock_ticket(session, ticket)
        number = await supervision.order(session, locked, cause="breach", now=cn(23, 9))
        await supervision.take(session, number, by=agent(other.id), now=cn(23, 9))

    await desk.sweep(cn(23, 17, 0, 1))

    assert (await desk.told(ticket))[-1] == [other.id]
    async with desk.runtime.db.read() as session:
        assert len(await orders_of(session, ticket)) == 1


async def test_managers_read_of_what_nobody_has_explained(desk) -> None:
    silent, explained = await desk.ticket(), await desk.ticket()
    await desk.sweep(cn(23, 17, 0, 1), cn(24, 18, 0, 1))
    async with desk.runtime.db.begin() as session:
        [order] = await orders_of(session, explained)
        await supervision.end(
            session,
            order.id,
            explanation="The part was out of stock",
            by=agent(desk.lead.id),
            now=cn(25, 9),
        )

    assert await desk.sweep(cn(30, 18, 0, 1)) == [1]

    assert [(row.rung, row.state.value) for row in await desk.rows(explained)][-1] == (
        5,
        "skipped_explained",
    )
    async with desk.runtime.db.read() as session:
        found = await queries.notices(session, start=cn(30, 0), end=cn(30, 23))
    assert [ticket.id for _, ticket, _ in found] == [silent]


async def test_a_promise_kept_after_all_climbs_no_further(desk, clock) -> None:
    ticket = await desk.ticket()
    await desk.sweep(cn(23, 17, 0, 1))
    async with desk.runtime.db.begin() as session:
        await together.finish(session, await lock_ticket(session, ticket), now=clock())

    assert await desk.sweep(cn(24, 18, 0, 1)) == [0]
    assert (await desk.clock(ticket)).next_rung_at is None


async def test_what_was_told_is_not_told_again_when_the_breach_was_noted_elsewhere(desk) -> None:
    ticket = await desk.ticket()
    desk.runtime.now.now = cn(23, 17, 0, 1)
    async with desk.runtime.db.begin() as session:
        await tickets.note_breaches(session, ticket, now=cn(23, 17, 0, 1))

    assert await desk.sweep(cn(23, 17, 0, 1), cn(23, 17, 0, 2)) == [1, 0]

    assert len(await events(desk.runtime, ticket, "clock.breached")) == 1


async def test_a_clock_on_an_edited_calendar_is_left_until_it_is_brought_up_to_date(desk) -> None:
    hours = replace(CHINA, name="edited")  # its versions outlive this test
    async with desk.runtime.db.begin() as session:
        await keep(session, hours, now=cn(23, 9))
    ticket = await desk.ticket(hours=hours)
    async with desk.runtime.db.begin() as session:
        await keep(session, closing(hours, cn(24, 9).date()), now=cn(23, 16))

    assert await desk.sweep(cn(23, 17, 0, 1)) == [0]

    clock = await desk.clock(ticket)
    assert (clock.state, clock.next_rung_at) == (ClockState.RUNNING, cn(23, 17, 1, 1))


async def test_one_clock_that_fails_does_not_stop_the_others(desk, monkeypatch) -> None:
    bad, good = await desk.ticket(), await desk.ticket()
    broken = (await desk.clock(bad)).id
    usual = firing.climb

    def climb(run, *args, **more):
        if run.kind == "first_response":
            raise RuntimeError("cannot be reckoned")
        return usual(run, *args, **more)

    monkeypatch.setattr(firing, "climb", climb)
    async with desk.runtime.db.begin() as session:
        clock = await session.get(type(await desk.clock(bad)), broken)
        clock.kind = "first_response"

    assert await desk.sweep(cn(23, 13, 0, 1)) == [1]

    assert await desk.climbed(bad) == []
    assert [rung for rung, *_ in await desk.climbed(good)] == [1]
    assert (await desk.clock(bad)).next_rung_at == cn(23, 13, 1, 1)


async def test_more_than_a_batch_is_worked_off(desk, monkeypatch) -> None:
    monkeypatch.setattr(batches, "TOGETHER", 2)
    for _ in range(5):
        await desk.ticket()

    assert await desk.sweep(cn(23, 13, 0, 1)) == [5]


@pytest.mark.parametrize("goal", ["1bh", "8bh"])
async def test_the_times_that_are_looked_at_are_in_the_index(desk, goal) -> None:
    ticket = await desk.ticket(goal)

    async with desk.runtime.db.read() as session:
        now = cn(23, 17, 30)
        [due] = await queries.due_clocks(session, now=now, after=None, limit=10)
        assert await queries.due_clocks(session, now=now, after=due, limit=10) == []

    assert due.id == (await desk.clock(ticket)).id


async def test_a_late_department_is_told_of_to_its_own_lead_and_climbs_the_ladder(
    desk, clock
) -> None:
    """G33: what it has promised is its own, so the customer's ticket is not late by it."""
    ticket = await desk.ticket("40bh")
    async with desk.runtime.db.begin() as session:
        their_lead = await make_agent(session, now=clock(), role=Role.LEAD)
        worker = await make_agent(session, now=clock())
        network = await make_team(session, name="Network", now=clock())
        for member in (their_lead, worker):
            session.add(TeamMember(team_id=network.id, agent_id=member.id))
        asked = Asked(
            kind="task",
            team_id=network.id,
            task="Look at the line",
            sign_for=parse("1bh"),
            finish=parse("8bh"),
            calendar=CHINA,
        )
        order = await issuing.issue(session, ticket, asked, by=agent(desk.owner.id), now=clock())

    assert await desk.sweep(cn(23, 9, 30, 1), cn(23, 9, 45, 1), cn(23, 10), cn(23, 10, 0, 1)) == [
        *(1, 1, 0, 1)
    ]

    owner, lead, theirs = desk.owner.id, desk.lead.id, their_lead.id
    assert await desk.told(ticket) == [[owner], sorted([owner, theirs]), sorted([lead, theirs])]
    look = await desk.look(ticket)
    assert look.breached_at is None
    async with desk.runtime.db.read() as session:
        late = await find_clock(session, ticket, kind=ClockKind.SIGN_FOR, ref_id=order.id)
        [supervised] = await orders_of(session, ticket)
    assert late is not None
    assert (late.state, late.breached_at) == (ClockState.BREACHED, cn(23, 10))
    assert supervised.cause == "breach"
    assert await desk.sweep(cn(23, 10, 30, 1)) == [1]  # half as long again
    assert (await desk.told(ticket))[3] == [theirs]
