"""Clocks while a ticket is worked on: the log alone makes the same clocks (C7)."""

from datetime import timedelta

import pytest

from contact_center.customers.models import Customer
from contact_center.errors import Conflict
from contact_center.events.queries import ticket_events
from contact_center.events.rules import SYSTEM, agent
from contact_center.links import actions as links
from contact_center.messages import actions as messages
from contact_center.sla import queries
from contact_center.sla.actions import promising
from contact_center.sla.actions.rows import run_of
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.rules.history import rebuild
from contact_center.tickets import actions
from contact_center.tickets.models import Priority, ResolutionCode, Status
from tests.support.factories import customer_says, make_agent, make_ticket
from tests.support.promises import keep_policies


@pytest.fixture
async def li(session, clock):
    return await make_agent(session, name="Li", now=clock())


async def begun(session, clock, **fields):
    """A ticket whose clocks are in its log from the start."""
    ticket = await make_ticket(session, now=clock(), status=Status.BOT, **fields)
    ticket.status = Status.QUEUED
    changes = await promising.begin(session, ticket, start=clock())
    await actions.say(session, ticket, "ticket.queued", by=SYSTEM, now=clock(), clocks=changes)
    return ticket


async def stored(session, ticket):
    clocks = await queries.all_clocks(session, ticket.id)
    return {(c.kind, c.ref_id, c.attempt): run_of(c) for c in clocks}


async def wait(session, ticket, li, clock, status=Status.WAITING_CUSTOMER) -> None:
    review_at = None if status is Status.WAITING_CUSTOMER else clock() + timedelta(days=1)
    await actions.wait(
        session,
        ticket.id,
        status=status,
        review_at=review_at,
        reason="parts",
        by=agent(li.id),
        now=clock(),
    )


async def test_g23_who_asks_nothing_does_not_wait_for_the_customer(session, clock, li) -> None:
    ticket = await begun(session, clock)
    await messages.reply(session, ticket.id, text="Which order?", by=agent(li.id), now=clock())
    await wait(session, ticket, li, clock)
    await actions.resume(session, ticket.id, by=agent(li.id), now=clock())

    with pytest.raises(Conflict, match="asks the customer nothing"):
        await wait(session, ticket, li, clock)

    assert ticket.next_due_at is not None


async def test_c7_whatever_happens_the_log_makes_the_same_clocks(session, clock, li) -> None:
    by = agent(li.id)
    ticket = await begun(session, clock)
    clock.advance(minutes=20)
    await messages.reply(session, ticket.id, text="Which order?", by=by, now=clock())
    await wait(session, ticket, li, clock)
    clock.advance(hours=30)
    await actions.resume(session, ticket.id, by=by, now=clock())
    await actions.edit(
        session,
        ticket.id,
        version=None,
        changes={"priority": Priority.HIGH},
        by=by,
        now=clock(),
    )
    clock.advance(days=3)
    await actions.note_breaches(session, ticket.id, now=clock())
    await actions.resolve(session, ticket.id, code=ResolutionCode.SOLVED, by=by, now=clock())
    clock.advance(hours=2)
    await actions.reopen(session, ticket.id, by=SYSTEM, now=clock(), reason="not_solved")
    await session.flush()

    assert rebuild(await ticket_events(session, ticket.id)) == await stored(session, ticket)


async def test_g24_the_oldest_unanswered_message_counts(session, clock, li) -> None:
    ticket = await begun(session, clock, channel="email")
    await messages.reply(session, ticket.id, text="On its way", by=agent(li.id), now=clock())
    asked_at = clock.now = clock() + timedelta(hours=1)
    first = await customer_says(session, ticket, now=clock())
    for _ in range(3):
        await promising.expect_answer(session, ticket, message_id=first, start=asked_at)
        clock.advance(minutes=10)
        first += 1

    await messages.reply(session, ticket.id, text="Tomorrow", by=agent(li.id), now=clock())

    found = (await stored(session, ticket)).items()
    [only] = [run for (kind, *_), run in found if kind is ClockKind.NEXT_RESPONSE]
    assert (only.state, only.started_at) == (ClockState.MET, asked_at)


async def thanks(session, ticket, clock) -> int:
    """The customer writes again after an answer."""
    number = await customer_says(session, ticket, "Thanks!", now=clock())
    await actions.expect_answer(session, ticket, message_id=number, by=SYSTEM, now=clock())
    return number


async def test_g24_thanks_that_need_no_reply_are_excluded(session, clock, li) -> None:
    ticket = await begun(session, clock, channel="email")
    await messages.reply(session, ticket.id, text="On its way", by=agent(li.id), now=clock())
    number = await thanks(session, ticket, clock)
    clock.advance(days=9)

    await actions.need_no_reply(session, ticket.id, by=agent(li.id), now=clock())

    found = await stored(session, ticket)
    assert found[ClockKind.NEXT_RESPONSE, number, 0].state is ClockState.CANCELLED
    assert ticket.waiting_since is None
    event = (await ticket_events(session, ticket.id))[-1]
    assert (event.kind, event.actor) == ("ticket.needs_no_reply", agent(li.id))
    assert rebuild(await ticket_events(session, ticket.id)) == found
    with pytest.raises(Conflict, match="is answered"):
        await actions.need_no_reply(session, ticket.id, by=agent(li.id), now=clock())


async def test_g24_the_first_answer_is_never_excused(session, clock, li) -> None:
    ticket = await make_ticket(session, now=clock())

    with pytest.raises(Conflict, match="no answer yet"):
        await actions.need_no_reply(session, ticket.id, by=agent(li.id), now=clock())


@pytest.mark.parametrize("survivor_waits", [False, True])
async def test_who_waits_on_a_merged_ticket_waits_on_the_survivor(
    session, clock, li, survivor_waits
) -> None:
    victim = await begun(session, clock, channel="email")
    customer = await session.get(Customer, victim.customer_id)
    survivor = await begun(session, clock, channel="email", customer=customer)
    for ticket in (victim, survivor):
        await messages.reply(session, ticket.id, text="On its way", by=agent(li.id), now=clock())
    clock.advance(hours=1)
    asked_at, number = clock(), await thanks(session, victim, clock)
    if survivor_waits:
        clock.advance(hours=1)
        number = await thanks(session, survivor, clock)

    await links.merge(session, victim.id, into=survivor.id, by=agent(li.id), now=clock())

    found = await stored(session, survivor)
    [waits] = [r for (k, *_), r in found.items() if k is ClockKind.NEXT_RESPONSE and r.is_owed]
    assert (waits.ref_id, waits.started_at) == (number, asked_at)
    assert survivor.next_due_at is not None
    await session.flush()
    assert rebuild(await ticket_events(session, survivor.id)) == found
    assert rebuild(await ticket_events(session, victim.id)) == await stored(session, victim)


LATE_NEWS = """
pauses = ["waiting_customer"]

[[policy]]
id = "parts"
title = { en = "Parts" }
when.category = "parts"
clocks = [{ name = "news", clock = "status_update", target = "10h", pausable = true }]

[[policy]]
id = "all"
title = { en = "All" }
clocks = [{ name = "done", clock = "resolution", target = "90h", pausable = true }]
"""


async def now_parts(session, ticket, li, clock):
    """The ticket becomes one that is promised news, too."""
    changes = {"category": "parts"}
    by, now = agent(li.id), clock()
    await actions.edit(session, ticket.id, version=None, changes=changes, by=by, now=now)
    await session.flush()
    assert rebuild(await ticket_events(session, ticket.id)) == await stored(session, ticket)
    found = (await stored(session, ticket)).items()
    [news] = [run for (kind, *_), run in found if kind is ClockKind.STATUS_UPDATE]
    return news


async def test_what_is_promised_while_the_ticket_waits_stands_still_with_it(
    session, clock, li
) -> None:
    clock.advance(minutes=1)  # the newest holds
    await keep_policies(session, LATE_NEWS, now=clock())
    ticket = await begun(session, clock)
    began = clock()
    clock.advance(hours=2)
    await messages.reply(session, ticket.id, text="Which one?", by=agent(li.id), now=clock())
    await wait(session, ticket, li, clock)
    clock.advance(hours=30)

    news = await now_parts(session, ticket, li, clock)

    assert (news.state, news.started_at) == (ClockState.PAUSED, began)
    assert (news.consumed, news.due_at) == (2 * 3600, None)
    clock.advance(hours=1)
    await actions.resume(session, ticket.id, by=agent(li.id), now=clock())
    assert ticket.next_due_at == clock() + timedelta(hours=8)


async def test_what_is_promised_later_does_not_count_earlier_waiting(session, clock, li) -> None:
    clock.advance(minutes=1)  # the newest holds
    await keep_policies(session, LATE_NEWS, now=clock())
    ticket = await begun(session, clock)
    clock.advance(hours=2)
    await messages.reply(session, ticket.id, text="Which one?", by=agent(li.id), now=clock())
    await wait(session, ticket, li, clock)
    clock.advance(hours=30)
    await actions.resume(session, ticket.id, by=agent(li.id), now=clock())
    clock.advance(hours=1)

    news = await now_parts(session, ticket, li, clock)

    assert (news.state, news.due_at) == (ClockState.RUNNING, clock() + timedelta(hours=7))


async def test_what_is_late_when_it_is_promised_is_late_from_then_on(session, clock, li) -> None:
    clock.advance(minutes=1)  # the newest holds
    await keep_policies(session, LATE_NEWS, now=clock())
    ticket = await begun(session, clock)
    clock.advance(hours=11)

    news = await now_parts(session, ticket, li, clock)

    assert (news.state, news.breached_at) == (ClockState.BREACHED, clock())
    assert news.breach_cause == "policy_change"
    assert ticket.breached_at == clock()
