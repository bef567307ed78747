from datetime import timedelta

import pytest
from sqlalchemy import select

from contact_center.agents.actions import plan_absence
from contact_center.alerts.models import Alert
from contact_center.closure import actions
from contact_center.closure.models import NotReady
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events import queries as events
from contact_center.events.rules import BOT, SYSTEM, agent
from contact_center.links import actions as links
from contact_center.messages import actions as messages
from contact_center.promises import actions as promises
from contact_center.promises.queries import promises_of
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import (
    IllegalTransition,
    ResolutionCode,
    Settled,
    Status,
    TicketKind,
)
from contact_center.work_orders.actions import issuing, working
from contact_center.work_orders.models import WorkOrderState
from contact_center.work_orders.queries import get_work_order
from tests.support.factories import make_agent, make_ticket

HOUR = timedelta(hours=1)


async def resolve(session, ticket, by, clock):
    return await actions.resolve(
        session, ticket.id, code=ResolutionCode.SOLVED, by=agent(by.id), now=clock()
    )


async def promise(session, ticket, by, clock):
    return await promises.make(
        session,
        ticket.id,
        text="I'll call you",
        due_at=clock() + HOUR,
        by=agent(by.id),
        now=clock(),
    )


async def needs(step) -> list[str]:
    with pytest.raises(NotReady) as refused:
        await step
    return [one["need"] for one in refused.value.facts["missing"]]


async def alerts_to(session, someone) -> list[str]:
    found = select(Alert).where(Alert.agent_id == someone.id).order_by(Alert.id)
    return [alert.kind for alert in await session.scalars(found)]


# Before it is resolved


async def test_k5_a_ticket_is_resolved_only_when_nothing_is_open(
    session, ticket, order, ned, li, clock
) -> None:
    made = await promise(session, ticket, li, clock)
    await tickets.resume(session, ticket.id, by=agent(li.id), now=clock())

    assert await needs(resolve(session, ticket, li, clock)) == ["work_order", "promise"]
    await working.sign(session, order.id, by=agent(ned.id), now=clock())
    clock.advance(minutes=1)
    await working.finish(session, order.id, text="Done", by=agent(ned.id), now=clock())
    assert await needs(resolve(session, ticket, li, clock)) == [
        "verification",
        "promise",
        "final_answer",
    ]
    await issuing.verify(session, order.id, by=agent(li.id), now=clock())
    await promises.keep(session, made.id, by=agent(li.id), now=clock())
    assert await needs(resolve(session, ticket, li, clock)) == ["final_answer"]
    await messages.reply(session, ticket.id, text="It works", by=agent(li.id), now=clock())

    await resolve(session, ticket, li, clock)
    assert (ticket.open_work_orders, ticket.open_promises) == (0, 0)
    assert ticket.status is Status.RESOLVED


async def test_what_is_missing_is_told_with_where_to_do_it(
    session, ticket, order, li, clock
) -> None:
    await tickets.resume(session, ticket.id, by=agent(li.id), now=clock())

    with pytest.raises(NotReady) as refused:
        await resolve(session, ticket, li, clock)

    assert str(refused.value) == "T-000001 cannot be resolved yet: W-000001 is issued"
    assert refused.value.facts["missing"] == [
        {
            "need": "work_order",
            "detail": "W-000001 is issued",
            "href": "/api/v1/work-orders/1",
            "work_order_id": 1,
            "reference": "W-000001",
            "state": "issued",
        }
    ]


async def test_a_ticket_without_an_answer_is_not_resolved(session, li, clock) -> None:
    ticket = await make_ticket(session, now=clock())
    await tickets.claim(session, ticket.id, by=agent(li.id), now=clock())

    assert await needs(resolve(session, ticket, li, clock)) == ["answer"]


async def test_the_owner_gives_the_last_answer_after_a_departments_work(
    session, ticket, order, ned, li, clock
) -> None:
    wang = await make_agent(session, name="Wang", now=clock())
    clock.advance(minutes=1)
    await working.sign(session, order.id, by=agent(ned.id), now=clock())
    await working.finish(session, order.id, text="Done", by=agent(ned.id), now=clock())
    await issuing.verify(session, order.id, by=agent(li.id), now=clock())
    clock.advance(minutes=1)
    await messages.reply(session, ticket.id, text="Done!", by=agent(wang.id), now=clock())

    assert await needs(resolve(session, ticket, li, clock)) == ["final_answer"]


async def test_waived_work_needs_no_answer(session, ticket, order, li, clock) -> None:
    await issuing.waive(session, order.id, text="Credited", by=agent(li.id), now=clock())

    await resolve(session, ticket, li, clock)

    assert ticket.status is Status.RESOLVED


async def test_a_step_that_is_impossible_is_told_before_what_is_missing(
    session, ticket, li, clock
) -> None:
    await promise(session, ticket, li, clock)
    until = clock() + timedelta(days=1)
    held = {"status": Status.ON_HOLD, "reason": "Away", "review_at": until}
    await tickets.wait(session, ticket.id, **held, by=agent(li.id), now=clock())

    with pytest.raises(IllegalTransition):
        await resolve(session, ticket, li, clock)


async def test_a_ticket_that_waits_for_a_department_says_for_what(
    session, ticket, order, li, clock
) -> None:
    assert ticket.status is Status.WAITING_DEPARTMENT

    assert await needs(resolve(session, ticket, li, clock)) == ["work_order"]
    assert ticket.status is Status.WAITING_DEPARTMENT


@pytest.mark.parametrize("stage", [None, "received", "investigating", "decision_ready"])
async def test_a_complaint_is_resolved_only_after_its_response(
    session, ticket, li, clock, stage
) -> None:
    ticket.kind, ticket.stage = TicketKind.COMPLAINT, stage

    assert await needs(resolve(session, ticket, li, clock)) == ["complaint_response"]

    ticket.stage = "responded"
    assert (await resolve(session, ticket, li, clock)).status is Status.RESOLVED


# Before it is closed


async def test_the_owners_own_resolution_is_their_sign_off(session, ticket, li, clock) -> None:
    await resolve(session, ticket, li, clock)

    assert await needs(close(session, ticket, li, clock)) == ["confirmation"]
    await settle(session, ticket, Settled.CUSTOMER_CONFIRMED, clock)

    assert ticket.status is Status.CLOSED


async def settle(session, ticket, how, clock, by=SYSTEM):
    return await actions.settle(session, ticket.id, how=how, by=by, now=clock())


async def close(session, ticket, by, clock):
    return await actions.close(session, ticket.id, by=agent(by.id), now=clock(), reason="agreed")


@pytest.mark.parametrize("how", list(Settled))
async def test_where_somebody_else_resolves_the_owner_signs_off_before_it_closes(
    session, ticket, li, clock, how
) -> None:
    wang = await make_agent(session, name="Wang", now=clock())
    await resolve(session, ticket, wang, clock)
    assert await alerts_to(session, li) == ["closure.sign_off"]

    await settle(session, ticket, how, clock)
    assert ticket.status is Status.RESOLVED
    assert await alerts_to(session, li) == ["closure.sign_off", "closure.awaits_sign_off"]
    assert await needs(close(session, ticket, wang, clock)) == ["sign_off"]
    with pytest.raises(Forbidden, match="only who answers for T-000001"):
        await actions.sign_off(session, ticket.id, by=agent(wang.id), now=clock())
    await actions.sign_off(session, ticket.id, by=agent(li.id), now=clock())

    assert ticket.status is Status.CLOSED
    [*_, signed, closed] = await events.ticket_events(session, ticket.id)
    assert (signed.kind, closed.kind) == ("ticket.signed_off", "ticket.closed")
    assert closed.data == {"reason": how.value}


async def test_g29_a_deputy_verifies_answers_and_signs_off_for_an_absent_owner(
    session, ticket, order, ned, li, clock
) -> None:
    chen = await make_agent(session, name="Chen", now=clock())
    await working.sign(session, order.id, by=agent(ned.id), now=clock())
    await working.finish(session, order.id, text="New cable", by=agent(ned.id), now=clock())
    absent = {"starts_at": clock(), "ends_at": clock() + HOUR, "deputy_id": chen.id}
    await plan_absence(session, li.id, by=agent(li.id), now=clock(), **absent)

    await issuing.verify(session, order.id, by=agent(chen.id), now=clock())
    await messages.reply(session, ticket.id, text="Fixed", by=agent(chen.id), now=clock())
    await resolve(session, ticket, chen, clock)

    assert (ticket.status, ticket.owner_id) == (Status.RESOLVED, li.id)
    assert ticket.signed_off_at == clock()


async def test_whichever_comes_second_closes_the_ticket(session, ticket, li, clock) -> None:
    wang = await make_agent(session, name="Wang", now=clock())
    await resolve(session, ticket, wang, clock)

    await actions.sign_off(session, ticket.id, by=agent(li.id), now=clock())
    assert ticket.status is Status.RESOLVED
    await settle(session, ticket, Settled.CUSTOMER_CONFIRMED, clock)

    assert ticket.status is Status.CLOSED


async def test_a_reopened_ticket_is_confirmed_and_signed_off_anew(
    session, ticket, li, clock
) -> None:
    wang = await make_agent(session, name="Wang", now=clock())
    await resolve(session, ticket, wang, clock)
    await settle(session, ticket, Settled.CUSTOMER_CONFIRMED, clock)
    await tickets.reopen(session, ticket.id, by=agent(li.id), now=clock(), reason="")

    await resolve(session, ticket, wang, clock)

    assert await needs(close(session, ticket, li, clock)) == ["confirmation", "sign_off"]
    assert ticket.confirmed_at is None


@pytest.mark.parametrize("stage", [None, "responded", "silent", "accepted"])
@pytest.mark.parametrize("how", [Settled.NO_ANSWER, Settled.UNREACHABLE])
async def test_k6_silence_never_closes_a_complaint(session, ticket, li, clock, stage, how) -> None:
    await resolve(session, ticket, li, clock)
    ticket.kind, ticket.stage = TicketKind.COMPLAINT, stage

    with pytest.raises(Conflict, match="silence never closes it"):
        await settle(session, ticket, how, clock)

    assert ticket.status is Status.RESOLVED


async def test_k6_a_bot_never_ends_a_complaint(session, ticket, li, clock) -> None:
    ticket.kind, ticket.stage = TicketKind.COMPLAINT, "accepted"
    with pytest.raises(Conflict, match="people end it, not a bot"):
        await actions.resolve(session, ticket.id, code=ResolutionCode.SOLVED, by=BOT, now=clock())
    await resolve(session, ticket, li, clock)
    with pytest.raises(Conflict, match="people end it, not a bot"):
        await actions.close(session, ticket.id, by=BOT, now=clock(), reason="idle")

    assert ticket.status is Status.RESOLVED


@pytest.mark.parametrize("stage", ["accepted", "rejected_by_customer", "silent", "responded"])
async def test_a_complaint_closes_only_with_its_file(session, ticket, li, clock, stage) -> None:
    ticket.kind, ticket.stage = TicketKind.COMPLAINT, stage
    await resolve(session, ticket, li, clock)
    await settle(session, ticket, Settled.CUSTOMER_CONFIRMED, clock)
    assert await needs(close(session, ticket, li, clock)) == ["complaint_outcome"]

    ticket.stage = "closed"
    await close(session, ticket, li, clock)

    assert ticket.status is Status.CLOSED


async def test_what_the_customer_said_elsewhere_is_kept(session, ticket, li, clock) -> None:
    await resolve(session, ticket, li, clock)
    with pytest.raises(Invalid, match="write down what the customer said"):
        await actions.confirm(
            session, ticket.id, quote=" ", channel="phone", by=agent(li.id), now=clock()
        )

    await actions.confirm(
        session, ticket.id, quote="All good", channel="phone", by=agent(li.id), now=clock()
    )

    assert (ticket.status, ticket.confirmed_at) == (Status.CLOSED, clock())


async def test_a_ticket_that_is_not_resolved_is_neither_confirmed_nor_signed_off(
    session, ticket, li, clock
) -> None:
    with pytest.raises(IllegalTransition):
        await settle(session, ticket, Settled.CUSTOMER_CONFIRMED, clock)
    with pytest.raises(IllegalTransition):
        await actions.sign_off(session, ticket.id, by=agent(li.id), now=clock())


# Cancelled, merged


async def test_a_cancelled_ticket_leaves_nothing_open(
    session, ticket, order, lead, li, clock
) -> None:
    made = await promise(session, ticket, li, clock)

    await actions.cancel(session, ticket.id, by=agent(lead.id), now=clock(), reason="spam")

    assert (order.state, made.state) == (WorkOrderState.CANCELLED, "cancelled")
    assert (ticket.open_work_orders, ticket.open_promises) == (0, 0)
    assert ticket.status is Status.CANCELLED


async def test_a_merged_tickets_work_and_promises_go_on_with_the_other(
    session, ticket, order, li, clock
) -> None:
    made = await promise(session, ticket, li, clock)
    other = await make_ticket(
        session, now=clock(), owner_id=li.id, assignee_id=li.id, status=Status.OPEN
    )
    other.customer_id = ticket.customer_id
    await session.flush()

    await links.merge(session, ticket.id, into=other.id, by=agent(li.id), now=clock())

    assert (await get_work_order(session, order.id)).ticket_id == other.id
    assert [one.id for one in await promises_of(session, other.id)] == [made.id]
    assert (other.open_work_orders, other.open_promises) == (1, 1)
    assert other.promised_at == made.due_at
    assert (ticket.open_work_orders, ticket.open_promises) == (0, 0)
    assert other.status is Status.WAITING_DEPARTMENT
