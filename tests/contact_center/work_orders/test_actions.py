from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from contact_center.alerts.models import Alert
from contact_center.calendars.days import parse
from contact_center.errors import Conflict, Forbidden, Invalid, NotFound
from contact_center.events import queries as events
from contact_center.events.rules import agent
from contact_center.supervision.queries import orders_of
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import ResolutionCode, Status, TransferReason
from contact_center.work_orders import queries
from contact_center.work_orders.actions import following, issuing, working
from contact_center.work_orders.models import MOVES, IllegalStep, WorkOrderState
from contact_center.work_orders.rules import Visit
from tests.contact_center.work_orders.conftest import CALENDARS, LEAD_EXTENDS, ask, asked, decide
from tests.support.calendars import CN
from tests.support.factories import make_agent, make_ticket

HOUR = timedelta(hours=1)


async def kinds_of(session, ticket) -> list[str]:
    return [event.kind for event in await events.ticket_events(session, ticket.id)]


async def alerts_to(session, someone) -> list[str]:
    found = select(Alert).where(Alert.agent_id == someone.id).order_by(Alert.id)
    return [alert.kind for alert in await session.scalars(found)]


async def finished(session, order, by, now):
    await working.sign(session, order.id, by=agent(by.id), now=now)
    return await working.finish(session, order.id, text="Done", by=agent(by.id), now=now)


# The way of a work order


async def test_a_blocking_order_lets_the_ticket_wait_and_the_last_finish_brings_it_back(
    session, ticket, order, billing, bill, ned, li, clock
) -> None:
    assert (ticket.status, ticket.open_work_orders) == (Status.WAITING_DEPARTMENT, 1)
    other = await issuing.issue(session, ticket.id, asked(billing), by=agent(li.id), now=clock())

    await finished(session, order, ned, clock())
    assert (ticket.status, ticket.open_work_orders) == (Status.WAITING_DEPARTMENT, 2)
    await finished(session, other, bill, clock())

    assert (ticket.status, ticket.open_work_orders) == (Status.OPEN, 2)
    assert await alerts_to(session, li) == ["work_order.finished"] * 2


async def test_every_step_is_in_the_log_and_dated(session, ticket, order, ned, li, clock) -> None:
    issued_at = clock()
    by, moments = agent(ned.id), {}
    for name, step in (("signed_at", working.sign), ("started_at", working.start)):
        clock.advance(minutes=10)
        moments[name] = clock()
        await step(session, order.id, by=by, now=clock())
    clock.advance(minutes=10)
    moments["finished_at"] = clock()
    await working.finish(session, order.id, text="Cable replaced", by=by, now=clock())
    clock.advance(minutes=10)
    moments["ended_at"] = clock()
    await issuing.verify(session, order.id, by=agent(li.id), rating=4, now=clock())

    assert order.state is WorkOrderState.VERIFIED
    assert {name: getattr(order, name) for name in moments} == moments
    assert (order.assignee_id, order.rating, order.issued_at) == (ned.id, 4, issued_at)
    steps = ["issued", "signed", "started", "finished", "verified"]
    logged = [kind for kind in await kinds_of(session, ticket) if kind.startswith("work_order.")]
    assert logged == [f"work_order.{step}" for step in steps]
    written = (await queries.entries_of(session, [order.id]))[order.id]
    assert [(entry.kind, entry.text) for entry in written][:2] == [
        ("issued", "Look at the line"),
        ("finished", "Cable replaced"),
    ]


async def test_an_order_that_blocks_nothing_leaves_the_ticket_where_it_is(
    session, ticket, network, li, clock
) -> None:
    by = agent(li.id)
    await issuing.issue(session, ticket.id, asked(network, is_blocking=False), by=by, now=clock())

    assert (ticket.status, ticket.open_work_orders) == (Status.OPEN, 0)


_STEPS = {
    WorkOrderState.SIGNED: lambda s, o, by, now: working.sign(s, o.id, by=by, now=now),
    WorkOrderState.IN_PROGRESS: lambda s, o, by, now: working.start(s, o.id, by=by, now=now),
    WorkOrderState.RETURNED: lambda s, o, by, now: working.give_back(
        s, o.id, text="not ours", by=by, now=now
    ),
    WorkOrderState.EXTENSION_REQUESTED: lambda s, o, by, now: working.ask_extension(
        s,
        o.id,
        until=now + timedelta(days=9),
        lead_extends=LEAD_EXTENDS,
        text="parts",
        by=by,
        now=now,
    ),
    WorkOrderState.CANCELLED: lambda s, o, by, now: issuing.withdraw(
        s, o.id, text="no longer", by=by, now=now
    ),
}


@pytest.mark.parametrize("state", list(WorkOrderState))
@pytest.mark.parametrize("step", list(_STEPS))
async def test_only_listed_moves_are_possible(
    session, ticket, order, ned, clock, state, step
) -> None:
    order.state = state
    order.extension_until = None
    await session.flush()

    if step in MOVES[state]:
        await _STEPS[step](session, order, agent(ned.id), clock())
        assert order.state is step
    else:
        with pytest.raises(IllegalStep):
            await _STEPS[step](session, order, agent(ned.id), clock())
        assert order.state is state


# Who may do what


async def test_only_the_team_does_the_work(session, order, bill, lead, clock) -> None:
    with pytest.raises(Forbidden, match="is for another team"):
        await working.sign(session, order.id, by=agent(bill.id), now=clock())

    await working.sign(session, order.id, by=agent(lead.id), now=clock(), as_lead=True)
    assert order.assignee_id == lead.id


async def test_exactly_one_signs(session, order, network, ned, clock) -> None:
    await working.sign(session, order.id, by=agent(ned.id), now=clock())

    with pytest.raises(IllegalStep):
        await working.sign(session, order.id, by=agent(ned.id), now=clock())


@pytest.mark.parametrize("who", ["ned", "lead", "wang"])
async def test_only_the_owner_verifies(session, ticket, order, ned, lead, clock, who) -> None:
    wang = await make_agent(session, name="Wang", now=clock())
    ticket.assignee_id = wang.id
    await finished(session, order, ned, clock())
    someone = {"ned": ned, "lead": lead, "wang": wang}[who]

    with pytest.raises(Forbidden, match="only who answers for T-000001"):
        await issuing.verify(session, order.id, by=agent(someone.id), now=clock())

    assert order.state is WorkOrderState.FINISHED


async def test_work_is_asked_for_by_somebody_who_has_the_ticket(session, network, clock, li):
    waiting = await make_ticket(session, now=clock())

    with pytest.raises(Conflict, match="is queued: claim or reopen it first"):
        await issuing.issue(session, waiting.id, asked(network), by=agent(li.id), now=clock())


async def test_what_is_asked_must_be_said_and_of_a_team_that_is_there(
    session, ticket, network, li, clock
) -> None:
    with pytest.raises(Invalid, match="say what is to be done"):
        await issuing.issue(
            session, ticket.id, asked(network, task="  "), by=agent(li.id), now=clock()
        )
    with pytest.raises(NotFound, match="there is no team 99"):
        await issuing.issue(
            session, ticket.id, asked(network, team_id=99), by=agent(li.id), now=clock()
        )

    assert await queries.work_orders_of(session, ticket.id) == []


# A department's finish is no resolution


async def test_o8_what_a_department_does_never_resolves_the_ticket(
    session, ticket, order, ned, li, clock
) -> None:
    await finished(session, order, ned, clock())
    assert ticket.status is Status.OPEN

    with pytest.raises(Conflict, match="1 of its work orders, 0 of its promises"):
        await tickets.resolve(
            session, ticket.id, code=ResolutionCode.SOLVED, by=agent(li.id), now=clock()
        )

    await issuing.verify(session, order.id, by=agent(li.id), now=clock())
    assert (ticket.status, ticket.open_work_orders) == (Status.OPEN, 0)


async def test_g27_the_first_responder_stays_accountable_whoever_works_on_it(
    session, ticket, li, billing, bill, network, ned, clock
) -> None:
    wang = await make_agent(session, name="Wang", now=clock())
    await tickets.transfer(
        session,
        ticket.id,
        to_agent=wang.id,
        reason=TransferReason.SKILL,
        by=agent(li.id),
        now=clock(),
    )
    order = await issuing.issue(session, ticket.id, asked(billing), by=agent(wang.id), now=clock())
    await working.give_back(
        session,
        order.id,
        text="The line is down, not the bill",
        suggested_team_id=network.id,
        by=agent(bill.id),
        now=clock(),
    )
    assert ticket.status is Status.OPEN  # somebody here decides
    await issuing.redirect(
        session,
        order.id,
        team_id=network.id,
        calendars=CALENDARS,
        text="",
        by=agent(wang.id),
        now=clock(),
        as_lead=False,
    )
    await finished(session, order, ned, clock())

    assert (ticket.owner_id, ticket.assignee_id) == (li.id, wang.id)
    assert ticket.status is Status.OPEN
    with pytest.raises(Forbidden):
        await issuing.verify(session, order.id, by=agent(wang.id), now=clock())
    await issuing.verify(session, order.id, by=agent(li.id), now=clock())
    assert (ticket.owner_id, ticket.status) == (li.id, Status.OPEN)


async def test_g22_waiting_for_a_department_moves_no_promise_to_the_customer(
    session, ticket, network, ned, li, clock
) -> None:
    due_at = ticket.next_due_at
    order = await issuing.issue(session, ticket.id, asked(network), by=agent(li.id), now=clock())
    assert (ticket.status, ticket.next_due_at) == (Status.WAITING_DEPARTMENT, due_at)

    clock.advance(hours=6, minutes=30)
    await finished(session, order, ned, clock())

    assert (ticket.status, ticket.next_due_at) == (Status.OPEN, due_at)


# Promised times


async def test_g33_one_working_day_over_the_spring_festival_ends_on_the_makeup_day(
    session, ticket, network, li, clock
) -> None:
    friday = datetime(2026, 2, 13, 2, tzinfo=UTC)  # 10:00 in China
    order = await issuing.issue(
        session,
        ticket.id,
        asked(network, sign_for=parse("1wd"), finish=parse("4bh"), calendar=CN),
        by=agent(li.id),
        now=friday,
    )

    assert order.sign_due_at == datetime(2026, 2, 14, 10, tzinfo=UTC)  # Saturday 18:00
    assert order.finish_due_at == datetime(2026, 2, 13, 6, tzinfo=UTC)


async def test_a_redo_has_half_of_the_first_time_rounded_up(session, order, ned, li, clock) -> None:
    clock.advance(hours=2)
    await finished(session, order, ned, clock())

    await issuing.redo(
        session,
        order.id,
        text="Still noisy",
        calendars=CALENDARS,
        by=agent(li.id),
        now=clock(),
    )

    assert (order.state, order.redo_count) == (WorkOrderState.REDO, 1)
    assert order.finish_due_at == clock() + 3 * HOUR  # of five
    assert await alerts_to(session, ned) == ["work_order.issued", "work_order.redo"]
    await working.finish(session, order.id, text="Now", by=agent(ned.id), now=clock())
    assert order.state is WorkOrderState.FINISHED


async def test_the_third_redo_is_supervised(session, ticket, order, ned, li, clock) -> None:
    by = agent(li.id)
    await working.sign(session, order.id, by=agent(ned.id), now=clock())
    for count in (1, 2, 3):
        assert await orders_of(session, ticket.id) == []
        await working.finish(session, order.id, text="Done", by=agent(ned.id), now=clock())
        await issuing.redo(session, order.id, text="No", calendars=CALENDARS, by=by, now=clock())
        assert order.redo_count == count

    [supervision] = await orders_of(session, ticket.id)
    assert supervision.cause == "redo"


# Returned


async def test_a_return_goes_back_to_who_asked_with_its_reason(
    session, ticket, order, network, billing, ned, li, clock
) -> None:
    await working.give_back(
        session,
        order.id,
        text="A matter of the bill",
        suggested_team_id=billing.id,
        by=agent(ned.id),
        now=clock(),
    )

    assert (order.state, order.suggested_team_id) == (WorkOrderState.RETURNED, billing.id)
    assert (ticket.status, ticket.open_work_orders) == (Status.OPEN, 1)
    assert await alerts_to(session, li) == ["work_order.returned"]
    last = (await queries.entries_of(session, [order.id]))[order.id][-1]
    assert (last.kind, last.text) == ("returned", "A matter of the bill")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"text": " "}, "say why the work is returned"),
        ({"suggested_team_id": 1}, "suggest another team than your own"),
        ({"suggested_team_id": 99}, "there is no team 99"),
    ],
)
async def test_a_return_needs_a_reason_and_another_team(
    session, order, ned, clock, fields, error
) -> None:
    values = {"text": "not ours", **fields}
    if values.get("suggested_team_id") == 1:
        values["suggested_team_id"] = order.team_id
    with pytest.raises((Invalid, NotFound), match=error):
        await working.give_back(session, order.id, by=agent(ned.id), now=clock(), **values)

    assert order.state is WorkOrderState.ISSUED


async def test_nothing_is_returned_once_it_was_to_be_signed(session, order, ned, clock) -> None:
    clock.now = order.sign_due_at
    await working.sign(session, order.id, by=agent(ned.id), now=clock())
    clock.advance(seconds=1)

    with pytest.raises(Conflict, match="it can no longer be returned"):
        await working.give_back(session, order.id, text="not ours", by=agent(ned.id), now=clock())


async def test_from_the_second_return_a_lead_decides_and_the_third_is_supervised(
    session, ticket, order, ned, li, lead, clock
) -> None:
    async def turn(by, *, as_lead):
        await working.give_back(session, order.id, text="not ours", by=agent(ned.id), now=clock())
        return await issuing.redirect(
            session,
            order.id,
            team_id=order.team_id,
            calendars=CALENDARS,
            text="It is",
            by=agent(by.id),
            now=clock(),
            as_lead=as_lead,
        )

    await turn(li, as_lead=False)
    with pytest.raises(Forbidden, match="a lead decides who does it"):
        await turn(li, as_lead=False)
    assert "work_order.returned" in await alerts_to(session, lead)
    order.move(WorkOrderState.ISSUED)
    assert await orders_of(session, ticket.id) == []
    await turn(lead, as_lead=True)

    [supervision] = await orders_of(session, ticket.id)
    assert (supervision.cause, order.return_count) == ("returns", 3)


async def test_a_redirected_order_promises_its_times_anew(
    session, order, billing, ned, li, clock
) -> None:
    await working.give_back(session, order.id, text="no", by=agent(ned.id), now=clock())
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

    assert (order.sign_due_at, order.finish_due_at) == (clock() + HOUR, clock() + 5 * HOUR)
    assert (order.team_id, order.state) == (billing.id, WorkOrderState.ISSUED)


# More time


async def in_progress(session, order, ned, clock):
    await working.sign(session, order.id, by=agent(ned.id), now=clock())
    await working.start(session, order.id, by=agent(ned.id), now=clock())


@pytest.mark.parametrize("granted", [True, False])
async def test_more_time_is_asked_for_once_and_decided(
    session, ticket, order, ned, li, lead, clock, granted
) -> None:
    await in_progress(session, order, ned, clock)
    before, wanted = order.finish_due_at, clock() + 9 * HOUR
    await ask(session, order, ned, clock)
    for one in (li, lead):
        assert "work_order.extension_requested" in await alerts_to(session, one)

    await decide(session, order, lead, clock, granted=granted)

    assert order.state is WorkOrderState.IN_PROGRESS
    assert order.finish_due_at == (wanted if granted else before)
    with pytest.raises(Conflict, match="there is only one"):
        await ask(session, order, ned, clock, hours=20)


async def test_more_time_is_asked_for_before_it_has_run_out(session, order, ned, clock) -> None:
    await in_progress(session, order, ned, clock)
    clock.now = order.finish_due_at + timedelta(seconds=1)

    with pytest.raises(Conflict, match="an extension is asked for before"):
        await ask(session, order, ned, clock)


async def test_an_extension_is_longer_than_what_there_is(session, order, ned, clock) -> None:
    await in_progress(session, order, ned, clock)

    with pytest.raises(Invalid, match="ends later than the work is due now: W-000001 is due 2"):
        await ask(session, order, ned, clock, hours=5)


async def test_nobody_decides_on_time_that_was_not_asked_for(
    session, order, ned, lead, clock
) -> None:
    await working.sign(session, order.id, by=agent(ned.id), now=clock())

    with pytest.raises(IllegalStep):
        await decide(session, order, lead, clock)

    assert order.state is WorkOrderState.SIGNED


async def test_who_finishes_no_longer_needs_the_time_they_asked_for(
    session, order, ned, clock
) -> None:
    await in_progress(session, order, ned, clock)
    await ask(session, order, ned, clock)

    await working.finish(session, order.id, text="Done", by=agent(ned.id), now=clock())

    assert (order.state, order.extension_granted) == (WorkOrderState.FINISHED, False)


# What ends without being done


async def test_a_waived_order_no_longer_blocks_but_goes_on(
    session, ticket, order, ned, li, clock
) -> None:
    with pytest.raises(Invalid, match="say why the customer need not wait"):
        await issuing.waive(session, order.id, text="", by=agent(li.id), now=clock())
    with pytest.raises(Forbidden):
        await issuing.waive(session, order.id, text="x", by=agent(ned.id), now=clock())

    await issuing.waive(session, order.id, text="Credited", by=agent(li.id), now=clock())

    assert (ticket.status, ticket.open_work_orders) == (Status.OPEN, 0)
    await finished(session, order, ned, clock())
    assert order.state is WorkOrderState.FINISHED
    with pytest.raises(Conflict, match="blocks nothing"):
        await issuing.waive(session, order.id, text="again", by=agent(li.id), now=clock())


async def test_work_that_is_no_longer_needed_is_withdrawn(
    session, ticket, order, li, clock
) -> None:
    await issuing.withdraw(session, order.id, text="Found it", by=agent(li.id), now=clock())

    assert order.state is WorkOrderState.CANCELLED
    assert (ticket.status, ticket.open_work_orders) == (Status.OPEN, 0)


async def test_all_work_ends_with_the_ticket(session, ticket, order, li, clock) -> None:
    await following.cancel_all(session, ticket, by=agent(li.id), now=clock(), reason="spam")

    assert (order.state, ticket.open_work_orders) == (WorkOrderState.CANCELLED, 0)


async def test_the_work_of_a_merged_ticket_goes_on_for_the_other(
    session, ticket, order, li, clock
) -> None:
    other = await make_ticket(session, now=clock(), owner_id=li.id, status=Status.OPEN)

    await following.move_all(session, ticket, other, by=agent(li.id), now=clock())

    order = await queries.get_work_order(session, order.id)
    assert (order.ticket_id, other.open_work_orders) == (other.id, 1)
    assert (other.status, ticket.open_work_orders) == (Status.WAITING_DEPARTMENT, 0)
    assert "work_order.moved" in await kinds_of(session, other)


# The customer says that it is not solved


async def test_work_that_did_not_help_is_done_again(session, ticket, order, ned, li, clock):
    await finished(session, order, ned, clock())
    await issuing.verify(session, order.id, by=agent(li.id), now=clock())

    again = await following.not_solved(session, ticket, calendars=CALENDARS, now=clock())

    assert again is order
    assert (order.state, order.redo_count) == (WorkOrderState.REDO, 1)
    assert (ticket.status, ticket.open_work_orders) == (Status.WAITING_DEPARTMENT, 1)


async def test_where_several_teams_have_worked_the_owner_says_who_does_it_again(
    session, ticket, order, billing, ned, bill, li, clock
) -> None:
    by = agent(li.id)
    other = await issuing.issue(session, ticket.id, asked(billing), by=by, now=clock())
    for one, who in ((order, ned), (other, bill)):
        await finished(session, one, who, clock())
        await issuing.verify(session, one.id, by=by, now=clock())

    again = await following.not_solved(session, ticket, calendars=CALENDARS, now=clock())

    assert again is None
    assert {order.state, other.state} == {WorkOrderState.VERIFIED}


# Visits


def visit(clock, **fields) -> Visit:
    values = {
        "location": "1 Long Road",
        "appointment_from": clock() + HOUR,
        "appointment_until": clock() + 3 * HOUR,
        "skill": "fibre",
    }
    return Visit(**values | fields)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"location": " "}, "say where the visit is"),
        ({"appointment_until": datetime(2026, 3, 2, 12, 30, tzinfo=UTC)}, "ends before it begins"),
        (
            {
                "appointment_from": datetime(2026, 3, 2, 9, tzinfo=UTC),
                "appointment_until": datetime(2026, 3, 2, 11, tzinfo=UTC),
            },
            "lies in the past",
        ),
    ],
)
async def test_a_visit_has_a_place_and_a_time_to_come(
    session, ticket, network, li, clock, fields, error
) -> None:
    what = asked(network, is_visit=True, visit=visit(clock, **fields))
    with pytest.raises(Invalid, match=error):
        await issuing.issue(session, ticket.id, what, by=agent(li.id), now=clock())


async def test_only_a_visit_has_an_appointment_and_every_visit_has_one(
    session, ticket, network, li, clock
) -> None:
    for fields in ({"is_visit": True}, {"visit": visit(clock)}):
        with pytest.raises(Invalid, match="appointment"):
            await issuing.issue(
                session, ticket.id, asked(network, **fields), by=agent(li.id), now=clock()
            )


async def test_a_visit_begins_when_somebody_arrives(
    session, ticket, network, ned, li, clock
) -> None:
    what = asked(network, is_visit=True, visit=visit(clock))
    order = await issuing.issue(session, ticket.id, what, by=agent(li.id), now=clock())
    await working.sign(session, order.id, by=agent(ned.id), now=clock())
    with pytest.raises(Conflict, match="say first when you arrived"):
        await working.finish(session, order.id, text="Done", by=agent(ned.id), now=clock())

    clock.advance(hours=1)
    await working.arrive(session, order.id, by=agent(ned.id), now=clock())
    assert (order.arrived_at, order.started_at) == (clock(), clock())
    await working.finish(session, order.id, text="Done", by=agent(ned.id), now=clock())

    assert order.state is WorkOrderState.FINISHED
    with pytest.raises(Conflict, match="arrived already"):
        await working.arrive(session, order.id, by=agent(ned.id), now=clock())


async def test_a_comment_is_kept_with_the_order(session, order, ned, clock) -> None:
    await working.comment(session, order.id, text="On my way", by=agent(ned.id), now=clock())

    last = (await queries.entries_of(session, [order.id]))[order.id][-1]
    assert (last.kind, last.text, last.author_id) == ("comment", "On my way", ned.id)


async def test_a_calendar_that_was_taken_away_is_missed(session, order, ned, li, clock) -> None:
    await finished(session, order, ned, clock())

    with pytest.raises(Conflict, match="put it back"):
        await issuing.redo(session, order.id, text="x", calendars={}, by=agent(li.id), now=clock())
