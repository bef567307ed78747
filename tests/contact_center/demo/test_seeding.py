"""The demo data obey the rules that everything else obeys."""

import gzip
import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from contact_center.callbacks.models import Callback, CallbackState
from contact_center.conversations.models import Conversation
from contact_center.customers.models import Customer
from contact_center.db import Database
from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.demo import people
from contact_center.demo.recording import record
from contact_center.demo.seeding import play, seed
from contact_center.errors import Conflict
from contact_center.events.actions import record as record_event
from contact_center.events.models import Event
from contact_center.events.rules import SYSTEM
from contact_center.ledger.models import Arrival, Outcome, Quarantined
from contact_center.messages.models import Author, Direction, Message
from contact_center.sla.models import OF_WORK_ORDERS, Clock, ClockKind, ClockState
from contact_center.tickets.models import ACTIVE, FINISHED, WAITING, Status, Ticket
from contact_center.web.passwords import Passwords
from tests.conftest import NOON
from tests.record_demo import demo_intake
from tests.support.factories import customer_says, make_ticket

DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")
CLAIMED = ACTIVE - {Status.QUEUED} | {Status.RESOLVED, Status.CLOSED}


async def rows(db: Database, table: type) -> list:
    async with db.read() as session:
        return list(await session.scalars(select(table)))


async def check_everything(db: Database) -> None:
    await check_tickets(db)
    await check_clocks(db)
    await check_log(db)
    await check_ledger(db)


async def check_tickets(db: Database) -> None:
    messages: dict[int, int] = {}
    for message in await rows(db, Message):
        messages[message.ticket_id] = messages.get(message.ticket_id, 0) + 1
    callbacks = {(c.ticket_id, c.cycle): c for c in await rows(db, Callback)}
    for ticket in await rows(db, Ticket):
        assert (ticket.owner_id is not None) >= (ticket.status in CLAIMED)
        # What is promised may all be paused; a complaint is promised more than its resolution.
        if ticket.status not in WAITING | {Status.RESOLVED}:
            assert (ticket.next_due_at is not None) == (ticket.status in ACTIVE), ticket.reference
        assert (ticket.closed_at is not None) == (ticket.status in FINISHED)
        assert ticket.message_count == messages.get(ticket.id, 0)
        if ticket.status is Status.CLOSED:
            ended = callbacks[ticket.id, ticket.reopen_count]
            assert ended.state in (CallbackState.COMPLETED, CallbackState.EXPIRED)


async def check_clocks(db: Database) -> None:
    tickets = {ticket.id: ticket for ticket in await rows(db, Ticket)}
    for clock in await rows(db, Clock):
        ticket = tickets[clock.ticket_id]
        if clock.state is ClockState.MET:
            assert clock.due_at is None or clock.stopped_at <= clock.due_at
        if clock.state is ClockState.BREACHED:
            assert clock.breached_at is not None
            assert clock.stopped_at is None or clock.stopped_at > clock.breached_at
            # What a department is late with is not what the customer was promised.
            assert clock.kind in OF_WORK_ORDERS or ticket.breached_at is not None
        if clock.state is ClockState.RUNNING:
            assert ticket.status in ACTIVE | {Status.RESOLVED}
        if clock.kind is ClockKind.FIRST_RESPONSE and ticket.first_response_at is not None:
            assert clock.state in (ClockState.MET, ClockState.BREACHED)


async def check_log(db: Database) -> None:
    numbers: dict[int, list[int]] = {}
    for event in sorted(await rows(db, Event), key=lambda event: event.id):
        if event.ticket_id is not None:
            numbers.setdefault(event.ticket_id, []).append(event.seq)
    for ticket in await rows(db, Ticket):
        assert numbers[ticket.id] == list(range(1, ticket.event_count + 1))


async def check_ledger(db: Database) -> None:
    arrivals = await rows(db, Arrival)
    outcomes = [arrival.outcome for arrival in arrivals]
    kept = [m for m in await rows(db, Message) if m.direction is Direction.IN]
    assert outcomes.count(Outcome.TICKETED) + outcomes.count(Outcome.JOINED) == len(kept)
    assert outcomes.count(Outcome.QUARANTINED) == len(await rows(db, Quarantined)) == 2


@pytest.fixture
async def seeded(db):
    await seed(db, now=NOON)
    return db


async def test_what_is_loaded_obeys_the_rules(seeded) -> None:
    await check_everything(seeded)


async def test_what_is_played_obeys_the_rules(db) -> None:
    await play(demo_intake(db), now=NOON, days=1)
    await check_everything(db)


async def test_there_is_a_month_of_everything(seeded) -> None:
    tickets = await rows(seeded, Ticket)
    assert len(tickets) > 400
    assert {ticket.status for ticket in tickets} == set(Status)
    assert {ticket.language for ticket in tickets} == {"en", "zh"}
    assert sum(ticket.status is Status.QUEUED for ticket in tickets) >= 8
    assert any(ticket.reopen_count for ticket in tickets)
    assert any(ticket.merged_into_id for ticket in tickets)
    assert min(ticket.created_at for ticket in tickets).date() < NOON.date()
    assert max(ticket.updated_at for ticket in tickets) <= NOON
    scores = {callback.score for callback in await rows(seeded, Callback)}
    assert scores >= {1, 2, 3, 4, 5}
    statuses = [delivery.status for delivery in await rows(seeded, Delivery)]
    assert statuses.count(DeliveryStatus.DEAD) == 2
    assert set(statuses) == {DeliveryStatus.DEAD, DeliveryStatus.SENT}  # nothing leaves at start


async def test_what_was_said_leaves_no_gaps_to_fill(seeded) -> None:
    for message in await rows(seeded, Message):
        assert "{" not in message.text
        assert "<at:" not in message.text
        assert "<by:" not in message.text
        assert "<on:" not in message.text
        assert message.text.strip() or message.author is Author.CUSTOMER


async def test_what_customers_were_told_is_what_the_records_say(seeded) -> None:
    """Dates in texts move with the rows."""
    promised = {
        event.ticket_id: datetime.fromisoformat(event.data["next_at"])
        for event in await rows(seeded, Event)
        if event.kind == "complaint.acknowledged"
    }
    told: dict[int, set[str]] = {}
    for message in await rows(seeded, Message):
        told.setdefault(message.ticket_id, set()).update(DATE.findall(message.text))

    assert len(promised) > 50
    for number, at in promised.items():
        assert f"{at:%Y-%m-%d %H:%M}" in told[number]


async def test_dates_in_texts_are_recorded_as_the_log_has_them(db, clock) -> None:
    said = clock() + timedelta(days=2, seconds=40)
    async with db.begin() as session:
        ticket = await make_ticket(session, now=clock())
        data = {"next_at": said.isoformat()}
        await record_event(session, "complaint.acknowledged", actor=SYSTEM, now=clock(), data=data)
        text = f"You hear from us by {said:%Y-%m-%d %H:%M}."
        await customer_says(session, ticket, text, now=clock())

        kept = gzip.decompress(await record(session, at=clock())).decode()

    seconds = round(timedelta(days=2, seconds=40).total_seconds())
    assert f"You hear from us by <on:{seconds}>." in kept


async def test_everybody_can_log_in_with_the_demo_password(seeded) -> None:
    async with seeded.read() as session:
        agents = await session.scalars(select(people.Agent.password_hash))
        [password_hash] = set(agents)
    passwords = Passwords()
    assert await passwords.verify(people.PASSWORD, password_hash)
    passwords.close()


async def test_links_of_customers_differ_in_every_demo(seeded) -> None:
    tokens = {ticket.public_token for ticket in await rows(seeded, Ticket)}
    async with seeded.begin() as session:
        assert len(tokens) == await session.scalar(select(func.count(Ticket.id)))
    assert all(len(token) == 32 for token in tokens)


async def test_seeding_twice_is_refused_and_changes_nothing(seeded) -> None:
    before = len(await rows(seeded, Customer))
    with pytest.raises(Conflict, match="not empty"):
        await seed(seeded, now=NOON)
    assert len(await rows(seeded, Customer)) == before


async def test_a_database_somebody_works_with_is_left_alone(db) -> None:
    async with db.begin() as session:
        await people.agents.add_team(session, name="Ours", telegram_chat=None, by=SYSTEM, now=NOON)
    with pytest.raises(Conflict, match="not empty"):
        await seed(db, now=NOON)


async def test_life_goes_on_after_the_seed(seeded) -> None:
    intake = demo_intake(seeded)
    buyer = next(buyer for buyer in people.buyers(people.Random(1)) if buyer.channel == "email")
    inbound = people_writes(buyer)
    [receipt] = await intake.handle([inbound])
    assert receipt.outcome == Outcome.TICKETED
    assert receipt.ticket_id == max(ticket.id for ticket in await rows(seeded, Ticket))
    assert receipt.message_id in {message.id for message in await rows(seeded, Message)}
    assert await rows(seeded, Conversation)


def people_writes(buyer: people.Buyer):
    from tests.support.factories import inbound

    return inbound("One more thing", channel="email", address=buyer.sender.address)
