import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from contact_center.customers.models import Customer, Identity
from contact_center.db import Database
from contact_center.events.models import Event
from contact_center.sla.models import Clock, ClockState
from contact_center.tickets import actions as tickets
from contact_center.tickets.actions import standing
from contact_center.tickets.models import Status, Ticket
from scheduler import batches, sweeps
from tests.support.factories import make_ticket


async def one(db, table, **values):
    async with db.read() as session:
        return (await session.scalars(select(table).filter_by(**values))).one()


async def events(db, kind: str) -> list[Event]:
    async with db.read() as session:
        return list(await session.scalars(select(Event).where(Event.kind == kind)))


async def ticket_in(runtime, status: Status, **fields) -> int:
    async with runtime.db.begin() as session:
        return (await make_ticket(session, now=runtime.now(), status=status, **fields)).id


# Breaches


async def ticket_with_clocks(runtime) -> int:
    return await ticket_in(runtime, Status.QUEUED)


async def test_a_broken_promise_is_dated_to_when_it_broke(runtime, clock) -> None:
    ticket_id = await ticket_with_clocks(runtime)
    due_at = clock() + timedelta(minutes=60)
    clock.advance(minutes=60)
    assert await sweeps.note_breaches(runtime) == 0  # met up to and including the due instant

    clock.advance(hours=3)
    assert await sweeps.note_breaches(runtime) == 1
    assert await sweeps.note_breaches(runtime) == 0

    ticket = await one(runtime.db, Ticket, id=ticket_id)
    assert ticket.breached_at == due_at
    first = await one(runtime.db, Clock, ticket_id=ticket_id, state=ClockState.BREACHED)
    assert (first.kind, first.breached_at) == ("first_response", due_at)
    [event] = await events(runtime.db, "clock.breached")
    assert (event.data["clock"], event.data["due_at"]) == ("first_response", due_at.isoformat())


async def test_many_broken_promises_are_noted_in_batches(runtime, clock, monkeypatch) -> None:
    monkeypatch.setattr(batches, "TOGETHER", 2)
    for _ in range(5):
        await ticket_with_clocks(runtime)
    clock.advance(days=2)

    assert await sweeps.note_breaches(runtime) == 10

    assert len(await events(runtime.db, "clock.breached")) == 10  # both promises of each


async def test_a_row_that_fails_stops_no_other(runtime, clock, monkeypatch, caplog) -> None:
    numbers = [await ticket_with_clocks(runtime) for _ in range(5)]
    clock.advance(hours=2)
    note = tickets.note_breaches_of

    async def broken(session, late, *, now):
        if {one.ticket_id for one in late} & set(numbers[:2]):
            raise ValueError("one of these is poisoned")
        return await note(session, late, now=now)

    monkeypatch.setattr(tickets, "note_breaches_of", broken)
    assert await sweeps.note_breaches(runtime) == 3
    assert caplog.messages.count("sweep failed") == 1 + 2  # together, and each of the two

    monkeypatch.setattr(tickets, "note_breaches_of", note)
    assert await sweeps.note_breaches(runtime) == 2
    assert len(await events(runtime.db, "clock.breached")) == 5


@pytest.mark.race
async def test_nodes_that_sweep_together_note_a_breach_once(runtime, clock, database_url) -> None:
    for _ in range(20):
        await ticket_with_clocks(runtime)
    clock.advance(hours=2)
    others = [Database(database_url) for _ in range(3)]

    await asyncio.gather(
        *(sweeps.note_breaches(replace(runtime, db=db)) for db in [runtime.db, *others])
    )

    for db in others:
        await db.dispose()
    assert len(await events(runtime.db, "clock.breached")) == 20


# Waiting


@pytest.mark.parametrize("status", [Status.ON_HOLD, Status.WAITING_THIRD_PARTY])
async def test_agreed_waiting_ends_on_its_date(runtime, clock, status) -> None:
    ticket_id = await ticket_in(runtime, Status.OPEN)
    async with runtime.db.begin() as session:
        await tickets.wait(
            session,
            ticket_id,
            status=status,
            by="system",
            now=clock(),
            reason="parts",
            review_at=clock() + timedelta(days=1),
        )
    assert await sweeps.end_waiting(runtime) == 0

    clock.advance(days=1)
    assert await sweeps.end_waiting(runtime) == 1
    assert await sweeps.end_waiting(runtime) == 0

    ticket = await one(runtime.db, Ticket, id=ticket_id)
    assert (ticket.status, ticket.review_at) == (Status.OPEN, None)


@pytest.mark.parametrize("status", [Status.WAITING_CUSTOMER, Status.OPEN, Status.CLOSED])
async def test_an_old_date_of_another_status_means_nothing(runtime, clock, status) -> None:
    await ticket_in(runtime, status, review_at=clock() - timedelta(days=1))

    assert await sweeps.end_waiting(runtime) == 0


async def test_a_review_that_fails_is_put_off(runtime, clock, monkeypatch) -> None:
    ticket_id = await ticket_in(runtime, Status.ON_HOLD, review_at=clock())

    async def broken(*_, **__) -> None:
        raise ValueError("this one is poisoned")

    monkeypatch.setattr(standing, "resume", broken)
    assert await sweeps.end_waiting(runtime) == 0

    ticket = await one(runtime.db, Ticket, id=ticket_id)
    assert (ticket.status, ticket.review_at) == (Status.ON_HOLD, clock() + sweeps.PUT_OFF)


# Idle chats


async def idle_chat(runtime, *, channel: str = "webchat", **known) -> int:
    ticket_id = await ticket_in(runtime, Status.BOT)
    async with runtime.db.begin() as session:
        ticket = await session.get_one(Ticket, ticket_id)
        mine = Identity.customer_id == ticket.customer_id
        await session.execute(update(Identity).where(mine).values(channel=channel))
        customer = await session.get_one(Customer, ticket.customer_id)
        for name, value in known.items():
            setattr(customer, name, value)
    return ticket_id


async def test_a_chat_nobody_can_take_up_again_is_cancelled_after_a_day(runtime, clock) -> None:
    ticket_id = await idle_chat(runtime)
    clock.advance(hours=23, minutes=59)
    assert await sweeps.cancel_idle_chats(runtime) == 0

    clock.advance(minutes=1)
    assert await sweeps.cancel_idle_chats(runtime) == 1

    ticket = await one(runtime.db, Ticket, id=ticket_id)
    assert (ticket.status, ticket.closed_at) == (Status.CANCELLED, clock())


@pytest.mark.parametrize(
    "known", [{"email": "ann@example.com"}, {"phone": "+49 1"}, {"channel": "telegram"}]
)
async def test_who_can_be_written_to_is_not_forgotten(runtime, clock, known) -> None:
    await idle_chat(runtime, **known)
    clock.advance(days=9)

    assert await sweeps.cancel_idle_chats(runtime) == 0


async def test_a_chat_with_a_person_is_never_idle(runtime, clock) -> None:
    await ticket_in(runtime, Status.QUEUED)
    clock.advance(days=9)

    assert await sweeps.cancel_idle_chats(runtime) == 0
