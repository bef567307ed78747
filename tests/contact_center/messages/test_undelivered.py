"""Answers that never arrive are no answers (G25)."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.events.queries import ticket_events
from contact_center.events.rules import SYSTEM, agent
from contact_center.messages import actions, queries
from contact_center.sla import queries as clocks
from contact_center.sla.actions import clocks as sla
from contact_center.sla.actions import promising
from contact_center.sla.actions.rows import run_of
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.rules.history import rebuild
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import ResolutionCode, Status
from tests.support.factories import customer_says, make_agent, make_ticket
from tests.support.promises import keep_policies

FIRST, NEXT = ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE
UPDATE = ClockKind.STATUS_UPDATE


@pytest.fixture
async def li(session, clock):
    return await make_agent(session, name="Li", now=clock())


@pytest.fixture
async def ticket(session, clock):
    """Of a mail, with its clocks in the log from the start."""
    ticket = await make_ticket(session, now=clock(), status=Status.BOT, channel="email")
    ticket.status, ticket.waiting_since = Status.QUEUED, clock()
    changes = await promising.begin(session, ticket, start=clock())
    await tickets.say(session, ticket, "ticket.queued", by=SYSTEM, now=clock(), clocks=changes)
    return ticket


async def answer(session, ticket, li, clock, text="It left today") -> int:
    reply = await actions.reply(session, ticket.id, text=text, by=agent(li.id), now=clock())
    return reply.id


async def asks_again(session, ticket, clock) -> int:
    number = await customer_says(session, ticket, now=clock())
    changes = await promising.expect_answer(session, ticket, message_id=number, start=clock())
    await tickets.say(session, ticket, "message.received", by=SYSTEM, now=clock(), clocks=changes)
    return number


async def comes_back(session, message_id: int) -> int:
    """The relay has given up."""
    dead = update(Delivery).where(Delivery.message_id == message_id)
    await session.execute(dead.values(status=DeliveryStatus.DEAD))
    found = select(Delivery).where(Delivery.message_id == message_id)
    again = await session.scalars(found.execution_options(populate_existing=True))
    return again.one().id


async def sweep(session, clock) -> int:
    ids = await queries.lock_undelivered(session, after=0, limit=50)
    for number in ids:
        await actions.take_back(session, number, now=clock())
    return len(ids)


async def clock_of(session, ticket, kind):
    return (await clocks.clocks_of(session, ticket.id))[kind]


async def check_log(session, ticket) -> None:
    """C7: the log alone makes the same clocks."""
    await session.flush()
    stored = {
        (c.kind, c.ref_id, c.attempt): run_of(c)
        for c in await clocks.all_clocks(session, ticket.id)
    }
    assert rebuild(await ticket_events(session, ticket.id)) == stored


async def test_g25_a_mail_that_bounces_and_is_sent_again_answers_when_it_is_sent_again(
    session, clock, li, ticket
) -> None:
    received_at = clock()
    clock.advance(minutes=30)
    number = await answer(session, ticket, li, clock)
    clock.advance(minutes=1)
    delivery_id = await comes_back(session, number)

    assert await sweep(session, clock) == 1

    first = await clock_of(session, ticket, FIRST)
    assert (first.state, first.started_at) == (ClockState.RUNNING, received_at)
    assert (ticket.waiting_since, ticket.first_response_at, ticket.asked_at) == (
        received_at,
        None,
        None,
    )
    clock.advance(minutes=19)
    await actions.retry_delivery(session, delivery_id, by=agent(li.id), now=clock())
    assert first.stopped_at - first.started_at == timedelta(minutes=50)
    assert (ticket.waiting_since, ticket.first_response_at) == (None, clock())
    assert await sweep(session, clock) == 0
    await check_log(session, ticket)


async def test_what_bounced_is_taken_back_once(session, clock, li, ticket) -> None:
    await comes_back(session, await answer(session, ticket, li, clock))

    assert await sweep(session, clock) == 1
    assert await sweep(session, clock) == 0


async def test_sent_again_before_anybody_looked_it_counts_from_then(
    session, clock, li, ticket
) -> None:
    delivery_id = await comes_back(session, await answer(session, ticket, li, clock))
    clock.advance(minutes=20)

    await actions.retry_delivery(session, delivery_id, by=agent(li.id), now=clock())

    assert ticket.first_response_at == clock()
    assert (await clock_of(session, ticket, FIRST)).stopped_at == clock()
    await check_log(session, ticket)


async def test_another_answer_that_arrived_is_the_first_one(session, clock, li, ticket) -> None:
    number = await answer(session, ticket, li, clock)
    clock.advance(minutes=10)
    other, answered_at = await answer(session, ticket, li, clock, "By the way"), clock()
    await comes_back(session, number)
    clock.advance(minutes=10)

    await sweep(session, clock)

    first = await clock_of(session, ticket, FIRST)
    assert (first.stopped_at, first.stopped_by) == (answered_at, other)
    assert (ticket.first_response_at, ticket.waiting_since) == (answered_at, None)
    await check_log(session, ticket)


async def test_who_wrote_again_meanwhile_has_waited_since_they_wrote_first(
    session, clock, li, ticket
) -> None:
    await answer(session, ticket, li, clock)
    clock.advance(hours=1)
    await asks_again(session, ticket, clock)
    asked_at = clock()
    number = await answer(session, ticket, li, clock)
    clock.advance(minutes=5)
    await asks_again(session, ticket, clock)
    await comes_back(session, number)

    await sweep(session, clock)

    every = await clocks.all_clocks(session, ticket.id)
    [waits] = [c for c in every if c.kind is NEXT and c.is_owed]
    assert waits.started_at == ticket.waiting_since == asked_at
    await check_log(session, ticket)


async def test_a_question_that_never_arrived_is_not_waited_for(session, clock, li, ticket) -> None:
    number = await answer(session, ticket, li, clock, "Which order?")
    await tickets.wait(
        session, ticket.id, status=Status.WAITING_CUSTOMER, by=agent(li.id), now=clock()
    )
    await comes_back(session, number)

    await sweep(session, clock)

    assert (ticket.status, ticket.asked_at) == (Status.OPEN, None)
    assert ticket.next_due_at is not None
    await check_log(session, ticket)


async def test_what_is_resolved_owes_nothing_but_was_not_answered_in_time(
    session, clock, li, ticket
) -> None:
    number = await answer(session, ticket, li, clock)
    clock.advance(days=3)
    by = agent(li.id)
    await tickets.resolve(session, ticket.id, code=ResolutionCode.SOLVED, by=by, now=clock())
    await comes_back(session, number)

    await sweep(session, clock)

    first = await clock_of(session, ticket, FIRST)
    assert (first.state, first.stopped_at) == (ClockState.BREACHED, ticket.resolved_at)
    assert (ticket.first_response_at, ticket.next_due_at) == (None, None)
    assert await sweep(session, clock) == 0
    await check_log(session, ticket)


NEWS = """
[[policy]]
id = "all"
title = { en = "All" }
clocks = [
    { name = "answer", clock = "first_response", target = "4h" },
    { name = "news", clock = "status_update", target = "10h" },
]
"""


async def news_of(session, ticket) -> list[tuple[int, ClockState]]:
    return [
        (clock.ref_id, clock.state)
        for clock in await clocks.all_clocks(session, ticket.id)
        if clock.kind is ClockKind.STATUS_UPDATE
    ]


@pytest.fixture
async def promised(session, clock, li):
    """A ticket whose customer is promised news, too."""
    clock.advance(minutes=1)  # the newest holds
    await keep_policies(session, NEWS, now=clock())
    ticket = await make_ticket(session, now=clock(), status=Status.BOT, channel="email")
    ticket.status, ticket.waiting_since = Status.QUEUED, clock()
    changes = await promising.begin(session, ticket, start=clock())
    await tickets.say(session, ticket, "ticket.queued", by=SYSTEM, now=clock(), clocks=changes)
    return ticket


async def test_news_that_bounce_leave_one_clock_the_one_from_before(
    session, clock, li, promised
) -> None:
    clock.advance(hours=1)
    number = await answer(session, promised, li, clock)
    delivery_id = await comes_back(session, number)

    await sweep(session, clock)

    assert await news_of(session, promised) == [
        (0, ClockState.RUNNING),
        (number, ClockState.CANCELLED),
    ]
    await check_log(session, promised)
    clock.advance(hours=1)
    await actions.retry_delivery(session, delivery_id, by=agent(li.id), now=clock())
    assert await news_of(session, promised) == [
        (0, ClockState.MET),
        (number, ClockState.CANCELLED),
        (number, ClockState.RUNNING),
    ]
    await comes_back(session, number)
    await sweep(session, clock)
    assert [state for _, state in await news_of(session, promised)] == [
        ClockState.RUNNING,
        ClockState.CANCELLED,
        ClockState.CANCELLED,
    ]
    await check_log(session, promised)


async def test_news_that_arrived_after_those_that_bounced_are_the_only_ones(
    session, clock, li, promised
) -> None:
    lost = await answer(session, promised, li, clock)
    clock.advance(hours=1)
    told = await answer(session, promised, li, clock, "It is on its way")
    await comes_back(session, lost)

    await sweep(session, clock)

    every = {c.ref_id: c for c in await clocks.all_clocks(session, promised.id) if c.kind is UPDATE}
    assert {ref: one.state for ref, one in every.items()} == {
        0: ClockState.MET,
        lost: ClockState.CANCELLED,
        told: ClockState.RUNNING,
    }
    assert (every[0].stopped_by, every[0].stopped_at) == (told, clock())
    await check_log(session, promised)


async def test_news_that_bounce_when_none_are_owed_any_more_are_not_owed_again(
    session, clock, li, promised
) -> None:
    lost = await answer(session, promised, li, clock)
    clock.advance(hours=1)
    await sla.cancel(session, promised, kind=UPDATE, ref_id=lost, now=clock(), excluded=True)
    await comes_back(session, lost)

    await sweep(session, clock)

    assert {state for _, state in await news_of(session, promised)} == {ClockState.CANCELLED}
    await check_log(session, promised)
