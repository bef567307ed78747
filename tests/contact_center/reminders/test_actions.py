"""Customers who do not answer what was asked: 2, 5 and 10 business days (§3.1)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from contact_center.deliveries.models import Delivery
from contact_center.events.queries import ticket_events
from contact_center.events.rules import agent
from contact_center.messages import actions as messages
from contact_center.sla import queries as clocks
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import ResolutionCode, Status, TicketKind
from contact_center.tickets.queries import get_ticket
from scheduler import sweeps
from tests.support.factories import make_agent, make_ticket

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
# Close of business (18:00) of the 2nd, 5th and 10th business day after Monday.
FIRST, LAST, END = (MONDAY + timedelta(days=n, hours=18) for n in (2, 7, 14))


@pytest.fixture
async def asked(runtime, clock):
    """Returns a function that makes a ticket that waits for its customer since Monday."""

    async def make(**fields) -> int:
        clock.now = MONDAY + timedelta(hours=10)
        async with runtime.db.begin() as session:
            li = await make_agent(session, now=clock())
            ticket = await make_ticket(session, now=clock(), **fields)
            by = agent(li.id)
            await messages.reply(session, ticket.id, text="Which order?", by=by, now=clock())
            waiting = Status.WAITING_CUSTOMER
            await tickets.wait(session, ticket.id, status=waiting, by=by, now=clock())
        return ticket.id

    return make


async def look(runtime, clock, at: datetime):
    clock.now = at
    await sweeps.remind_customers(runtime)


async def reminders(runtime) -> list[str]:
    async with runtime.db.read() as session:
        found = select(Delivery.payload).where(Delivery.kind == "reminder").order_by(Delivery.id)
        return [payload["text"] for payload in await session.scalars(found)]


async def state(runtime, ticket_id):
    async with runtime.db.read() as session:
        return await get_ticket(session, ticket_id)


async def test_a_silent_customer_is_reminded_twice_and_then_it_is_resolved(
    runtime, clock, asked
) -> None:
    ticket_id = await asked()
    await look(runtime, clock, clock())
    await look(runtime, clock, FIRST - timedelta(seconds=1))
    assert await reminders(runtime) == []

    await look(runtime, clock, FIRST)
    await look(runtime, clock, FIRST + timedelta(hours=1))
    assert len(await reminders(runtime)) == 1

    await look(runtime, clock, LAST)
    assert "until 2026-03-16" in (await reminders(runtime))[-1]

    await look(runtime, clock, END - timedelta(seconds=1))
    assert (await state(runtime, ticket_id)).status is Status.WAITING_CUSTOMER
    await look(runtime, clock, END)

    ticket = await state(runtime, ticket_id)
    assert (ticket.status, ticket.resolution_code) == (
        Status.RESOLVED,
        ResolutionCode.NO_CUSTOMER_RESPONSE,
    )
    assert len(await reminders(runtime)) == 2
    async with runtime.db.read() as session:
        kinds = [event.kind for event in await ticket_events(session, ticket_id)]
        assert not any(clock.is_owed for clock in await clocks.all_clocks(session, ticket_id))
    assert kinds.count("ticket.reminded") == 2


async def test_silence_never_ends_a_complaint(runtime, clock, asked) -> None:
    ticket_id = await asked(kind=TicketKind.COMPLAINT)
    for at in (MONDAY + timedelta(hours=11), FIRST, LAST, END, END + timedelta(days=90)):
        await look(runtime, clock, at)

    assert (await state(runtime, ticket_id)).status is Status.WAITING_CUSTOMER
    told = await reminders(runtime)
    assert len(told) == 2
    assert "until" not in told[-1]
    assert await sweeps.remind_customers(runtime) == 0


async def test_of_reminders_that_were_missed_one_is_sent_and_leaves_a_day(
    runtime, clock, asked
) -> None:
    ticket_id = await asked()

    await look(runtime, clock, END + timedelta(days=1))
    await look(runtime, clock, END + timedelta(days=1, hours=1))

    assert len(await reminders(runtime)) == 1
    assert (await state(runtime, ticket_id)).status is Status.WAITING_CUSTOMER
    await look(runtime, clock, END + timedelta(days=2))
    assert (await state(runtime, ticket_id)).status is Status.RESOLVED


async def test_who_is_waited_for_again_is_reminded_from_the_start(runtime, clock, asked) -> None:
    ticket_id = await asked()
    await look(runtime, clock, clock())
    await look(runtime, clock, FIRST)
    async with runtime.db.begin() as session:
        by = agent((await get_ticket(session, ticket_id)).owner_id)
        await tickets.resume(session, ticket_id, by=by, now=clock())
        await messages.reply(session, ticket_id, text="And which day?", by=by, now=clock())
        waiting = Status.WAITING_CUSTOMER
        await tickets.wait(session, ticket_id, status=waiting, by=by, now=clock())
    await look(runtime, clock, clock())

    await look(runtime, clock, FIRST + timedelta(days=1))

    assert len(await reminders(runtime)) == 1


async def test_what_is_still_open_keeps_it_and_somebody_is_told(runtime, clock, asked) -> None:
    ticket_id = await asked()
    async with runtime.db.begin() as session:
        (await get_ticket(session, ticket_id)).first_response_at = None
    for at in (clock(), FIRST, LAST, END):
        await look(runtime, clock, at)

    assert (await state(runtime, ticket_id)).status is Status.WAITING_CUSTOMER
    async with runtime.db.read() as session:
        events = await ticket_events(session, ticket_id)
        told = [event.data for event in events if event.kind == "ticket.silence_not_ended"]
        assert await session.scalar(select(func.count()).select_from(Delivery)) == 3
    assert told == [{"needs": ["answer"]}]
    assert await sweeps.remind_customers(runtime) == 0


async def test_a_customer_is_reminded_in_their_language(runtime, clock, asked) -> None:
    ticket_id = await asked()
    async with runtime.db.begin() as session:
        ticket = await get_ticket(session, ticket_id)
        home = await messages.conversation_to_answer(session, ticket)
        home.language = "zh"
    await look(runtime, clock, clock())

    await look(runtime, clock, FIRST)

    assert "还需要您的回复" in (await reminders(runtime))[0]
