import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError

from contact_center.channels.base import Button
from contact_center.channels.dialogue import HandOver, Say, Step
from contact_center.conversations.models import Conversation
from contact_center.customers import queries as customer_queries
from contact_center.customers.actions import block
from contact_center.customers.models import Customer, Identity
from contact_center.deliveries.models import Delivery
from contact_center.errors import Unavailable
from contact_center.events import queries as events
from contact_center.events.rules import SYSTEM, agent
from contact_center.intake.actions.taking import Intake
from contact_center.ledger import queries as ledger
from contact_center.ledger.models import Outcome, Quarantined
from contact_center.links import actions as links
from contact_center.links.models import TicketLink
from contact_center.messages import actions as messages
from contact_center.messages import queries as message_queries
from contact_center.messages.models import Author, Message
from contact_center.settings import Settings, config_directory
from contact_center.sla.models import Clock, ClockState
from contact_center.switchboard import Rule, Switchboard
from contact_center.texts import load_texts
from contact_center.tickets import actions, queries
from contact_center.tickets.models import ResolutionCode, Status, Ticket
from tests.support.calendars import POLICIES
from tests.support.factories import inbound, make_agent, make_team
from tests.support.patience import PATIENCE


def dialogue(state, turn) -> Step:
    if turn.text == "human":
        return Step(state={}, say=[Say("one moment")], hand_over=HandOver(kind="complaint"))
    return Step(state={"turns": state.get("turns", 0) + 1}, say=[Say("hello", [Button("Q", "q")])])


@pytest.fixture
def intake(db, clock) -> Intake:
    return Intake(
        policies=POLICIES,
        db=db,
        settings=Settings(),
        texts=load_texts(config_directory() / "texts"),
        routes=Switchboard(rules=[Rule("Service")]),
        dialogue=dialogue,
        now=clock,
    )


async def ticket_of(db, receipt) -> Ticket:
    async with db.read() as session:
        return await queries.get_ticket(session, receipt.ticket_id)


async def count(db, table) -> int:
    async with db.read() as session:
        return await session.scalar(select(func.count()).select_from(table))


async def test_a_first_message_becomes_a_queued_ticket_with_clocks(intake, db, clock) -> None:
    [receipt] = await intake.handle([inbound("Where is my parcel?\nIt is late.")])

    ticket = await ticket_of(db, receipt)
    assert receipt.outcome == Outcome.TICKETED
    assert (ticket.status, ticket.subject) == (Status.QUEUED, "Where is my parcel?")
    assert (ticket.message_count, ticket.waiting_since) == (1, clock())
    async with db.read() as session:
        clocks = (await session.scalars(select(Clock))).all()
        assert {c.state for c in clocks} == {ClockState.RUNNING}
        assert ticket.next_due_at == min(c.due_at for c in clocks)
        happened = await events.ticket_events(session, ticket.id)
    assert [(e.seq, e.kind) for e in happened] == [(1, "ticket.opened"), (2, "message.received")]


async def test_the_same_message_again_changes_nothing(intake, db) -> None:
    message = inbound()
    [first] = await intake.handle([message])

    [again] = await intake.handle([message])

    assert again.duplicate
    assert (again.ticket_id, again.message_id) == (first.ticket_id, first.message_id)
    assert await count(db, Message) == 1


async def test_the_same_message_twice_in_one_batch_counts_once(intake, db) -> None:
    message = inbound()

    first, second = await intake.handle([message, message])

    assert first.message_id == second.message_id
    assert await count(db, Message) == 1


async def test_a_second_message_joins_the_ticket_of_its_conversation(intake, db) -> None:
    [first] = await intake.handle([inbound(address="ann")])

    second, third = await intake.handle([inbound(address="ann"), inbound(address="ann")])

    assert {first.ticket_id} == {second.ticket_id, third.ticket_id}
    assert second.outcome == third.outcome == Outcome.JOINED
    assert (await ticket_of(db, first)).message_count == 3
    assert await count(db, Customer) == await count(db, Identity) == 1


async def test_many_strangers_in_one_batch_get_a_ticket_each(intake, db) -> None:
    receipts = await intake.handle([inbound(f"message {n}") for n in range(50)])

    async with db.read() as session:
        for number, receipt in enumerate(receipts):
            [said] = await message_queries.ticket_messages(session, receipt.ticket_id)
            assert said.text == f"message {number}"


async def test_a_message_after_closing_opens_a_follow_up_for_the_same_owner(
    intake, db, clock
) -> None:
    [first] = await intake.handle([inbound(address="ann")])
    async with db.begin() as session:
        li = await make_agent(session, now=clock())
        await messages.reply(session, first.ticket_id, text="Sorry", by=agent(li.id), now=clock())
        await actions.resolve(
            session, first.ticket_id, code=ResolutionCode.SOLVED, by=agent(li.id), now=clock()
        )
        await actions.close(
            session, first.ticket_id, by=agent(li.id), now=clock(), reason="customer_confirmed"
        )

    [second] = await intake.handle([inbound("Late again", address="ann")])

    ticket = await ticket_of(db, second)
    assert ticket.id != first.ticket_id
    assert (ticket.follows_id, ticket.suggested_owner_id) == (first.ticket_id, li.id)


async def test_a_message_on_a_resolved_ticket_reopens_it_for_its_owner(intake, db, clock) -> None:
    [first] = await intake.handle([inbound(address="ann")])
    async with db.begin() as session:
        li = await make_agent(session, now=clock())
        await messages.reply(session, first.ticket_id, text="Sorry", by=agent(li.id), now=clock())
        await actions.resolve(
            session, first.ticket_id, code=ResolutionCode.SOLVED, by=agent(li.id), now=clock()
        )

    [second] = await intake.handle([inbound("Still broken", address="ann")])

    ticket = await ticket_of(db, second)
    assert ticket.id == first.ticket_id
    assert (ticket.status, ticket.owner_id, ticket.reopen_count) == (Status.OPEN, li.id, 1)


async def test_a_customers_message_ends_the_waiting_for_it(intake, db, clock) -> None:
    [first] = await intake.handle([inbound(address="ann")])
    async with db.begin() as session:
        li = await make_agent(session, now=clock())
        await messages.reply(session, first.ticket_id, text="Which?", by=agent(li.id), now=clock())
        await actions.wait(
            session,
            first.ticket_id,
            status=Status.WAITING_CUSTOMER,
            by=agent(li.id),
            now=clock(),
        )

    await intake.handle([inbound("This one", address="ann")])

    assert (await ticket_of(db, first)).status is Status.OPEN


async def test_a_bot_talks_until_a_human_is_asked_for(intake, db) -> None:
    [first] = await intake.handle([inbound("hi", address="ann", dialogue=True)])
    assert (await ticket_of(db, first)).status is Status.BOT

    await intake.handle([inbound("human", address="ann", dialogue=True)])

    ticket = await ticket_of(db, first)
    assert (ticket.status, ticket.kind) == (Status.QUEUED, "complaint")
    async with db.read() as session:
        said = await message_queries.ticket_messages(session, ticket.id)
        leaving = (await session.scalars(select(Delivery).order_by(Delivery.id))).all()
        talk = await session.scalar(select(Conversation))
    assert [(m.author, m.text) for m in said] == [
        (Author.CUSTOMER, "hi"),
        (Author.BOT, "hello"),
        (Author.CUSTOMER, "human"),
        (Author.BOT, "one moment"),
    ]
    assert [d.payload["text"] for d in leaving] == ["hello", "one moment"]
    assert talk.dialogue == {}


async def test_a_message_that_cannot_be_taken_is_quarantined_with_its_reason(intake, db) -> None:
    [long, fine] = await intake.handle([inbound("x" * 150_001), inbound()])

    assert (long.outcome, fine.outcome) == (Outcome.QUARANTINED, Outcome.TICKETED)
    assert "150001 characters" in long.reason
    async with db.read() as session:
        kept = await ledger.get_quarantined(session, 1)
        assert kept.payload["text"] == "x" * 150_001
        assert await ledger.arrivals_by_outcome(session) == {
            Outcome.QUARANTINED: 1,
            Outcome.TICKETED: 1,
        }


async def test_what_a_blocked_customer_writes_is_kept_aside(intake, db, clock) -> None:
    [first] = await intake.handle([inbound(address="ann")])
    async with db.begin() as session:
        customer = await session.get_one(Customer, (await ticket_of(db, first)).customer_id)
        await block(session, customer, reason="threats", by=agent(1), now=clock())

    [second, other] = await intake.handle([inbound(address="ann"), inbound(address="bob")])

    assert (second.outcome, second.reason) == (Outcome.QUARANTINED, "the sender is blocked")
    assert other.outcome == Outcome.TICKETED
    assert (await ticket_of(db, first)).message_count == 1


async def test_a_message_that_breaks_its_batch_is_found_and_put_aside(
    intake, db, monkeypatch
) -> None:
    poison, fine = inbound("poison"), inbound("fine")
    fail_on_words(monkeypatch, "poison", ValueError("cannot be indexed"))

    bad, good = await intake.handle([poison, fine])

    assert (bad.outcome, good.outcome) == (Outcome.QUARANTINED, Outcome.TICKETED)
    assert await count(db, Message) == 1


class Driver(Exception):
    """As a database's driver raises it."""

    def __init__(self, state: str) -> None:
        super().__init__(f"SQLSTATE {state}")
        self.sqlstate = state


@pytest.mark.parametrize("state", ["40P01", "40001", "55P03", "53100", "57P01", "08006"])
async def test_no_message_is_put_aside_because_the_database_is_busy(
    state, intake, db, monkeypatch
) -> None:
    fail_on_words(monkeypatch, "fine", DBAPIError("INSERT", {}, Driver(state)))

    with pytest.raises(Unavailable):
        await intake.handle([inbound("fine")])

    assert await count(db, Quarantined) == await count(db, Message) == 0


async def test_what_the_database_was_too_busy_for_while_another_broke_is_left_to_its_sender(
    intake, db, monkeypatch
) -> None:
    fail_on_words(monkeypatch, "unlucky", DBAPIError("INSERT", {}, Driver("40P01")))
    fail_on_words(monkeypatch, "poison", ValueError("cannot be indexed"))

    bad, unlucky, good = await intake.handle(
        [inbound("poison"), inbound("unlucky"), inbound("good")]
    )

    assert (bad.outcome, good.outcome) == (Outcome.QUARANTINED, Outcome.TICKETED)
    assert isinstance(unlucky, Unavailable)


async def test_what_cannot_even_be_put_aside_is_left_to_its_sender(intake, db, monkeypatch) -> None:
    async def fail(*_, **__):
        raise DBAPIError("INSERT", {}, Driver("22P05"))

    fail_on_words(monkeypatch, "poison", ValueError("cannot be indexed"))
    monkeypatch.setattr(ledger, "insert_quarantined", fail)

    bad, good = await intake.handle([inbound("poison"), inbound("good")])

    assert isinstance(bad, Unavailable)
    assert good.outcome == Outcome.TICKETED


def fail_on_words(monkeypatch, words: str, error: Exception) -> None:
    indexed = message_queries.index_messages

    async def index(session, texts):
        if any(words in text for text in texts.values()):
            raise error
        await indexed(session, texts)

    monkeypatch.setattr(message_queries, "index_messages", index)


async def test_a_nul_character_and_half_a_surrogate_pair_are_replaced(intake, db) -> None:
    [receipt] = await intake.handle([inbound("a\x00b\ud83dc")])

    async with db.read() as session:
        [said] = await message_queries.ticket_messages(session, receipt.ticket_id)
    assert said.text == "a\ufffdb\ufffdc"


async def test_what_is_no_telephone_number_or_language_is_left_out(intake, db) -> None:
    odd = inbound(address="ann")
    sender = replace(odd.sender, phone="9" * 41, email="\x00", language="zh-Hans-CN")

    [receipt] = await intake.handle([replace(odd, sender=sender)])

    assert receipt.outcome == Outcome.TICKETED
    async with db.read() as session:
        ann = await session.scalar(select(Customer))
    assert (ann.phone, ann.email, ann.language) == (None, None, "en")


async def test_mail_is_confirmed_with_the_tickets_number(intake, db) -> None:
    [receipt] = await intake.handle([inbound(channel="email", address="ann@example.com")])

    async with db.read() as session:
        delivery = await session.scalar(select(Delivery))
    assert delivery.kind == "receipt"
    ticket = await ticket_of(db, receipt)
    assert ticket.reference in delivery.payload["text"]
    assert f"http://localhost:8080/t/{ticket.public_token}" in delivery.payload["text"]


async def test_a_receipt_answers_the_mail_it_confirms(intake, db) -> None:
    mail = inbound(channel="email", external_id="<1@a>", subject="Late", address="ann@example.com")

    [receipt] = await intake.handle([mail])

    async with db.read() as session:
        delivery = await session.scalar(select(Delivery))
        _, said = await message_queries.ticket_messages(session, receipt.ticket_id)
    assert delivery.payload["references"] == ["<1@a>"]
    assert "Late" in delivery.payload["subject"]
    assert (said.author, said.text) == (Author.SYSTEM, delivery.payload["text"])
    assert (await ticket_of(db, receipt)).message_count == 2


async def test_ten_mails_take_no_more_statements_than_two(intake, db) -> None:
    statements = []
    event.listen(
        db.writer.sync_engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: statements.append(statement),
    )
    await intake.handle([inbound(channel="email", address="warm@example.com")])
    taken = []
    for size in (2, 10):
        statements.clear()
        await intake.handle([inbound(channel="email") for _ in range(size)])
        taken.append(len(statements))

    assert taken[0] == taken[1]


async def test_an_automatic_mail_is_kept_but_wakes_nobody(intake, db, clock) -> None:
    [first] = await intake.handle([inbound(address="ann")])
    async with db.begin() as session:
        li = await make_agent(session, now=clock())
        await messages.reply(session, first.ticket_id, text="Sorry", by=agent(li.id), now=clock())

    await intake.handle([inbound("I am away", address="ann", automatic=True)])

    ticket = await ticket_of(db, first)
    assert (ticket.message_count, ticket.waiting_since) == (3, None)


async def test_an_answer_to_a_mail_joins_its_ticket_whatever_its_thread(intake, db) -> None:
    [first] = await intake.handle(
        [inbound(channel="email", external_id="<1@a>", thread="<1@a>", address="ann@a")]
    )

    [second] = await intake.handle(
        [
            inbound(
                channel="email",
                external_id="<2@a>",
                thread="<2@a>",
                address="ann@a",
                references=["<0@a>", "<1@a>"],
            )
        ]
    )

    assert second.ticket_id == first.ticket_id


async def test_tickets_go_to_the_team_that_the_rules_name(intake, db, clock) -> None:
    async with db.begin() as session:
        team = await make_team(session, name="Service", telegram_chat="-100", now=clock())

    [receipt] = await intake.handle([inbound()])

    assert (await ticket_of(db, receipt)).team_id == team.id
    async with db.read() as session:
        notice = await session.scalar(select(Delivery).where(Delivery.kind == "notice"))
    assert (notice.channel, notice.address) == ("telegram", "-100")
    assert notice.payload["buttons"][0][1] == f"claim:{receipt.ticket_id}"


@pytest.mark.race
async def test_two_processes_that_meet_the_same_stranger_make_one_customer(
    intake, db, database_url, clock
) -> None:
    from contact_center.db import Database

    other = Database(database_url)
    elsewhere = Intake(
        policies=POLICIES,
        db=other,
        settings=intake.settings,
        texts=intake.texts,
        routes=Switchboard(),
        dialogue=dialogue,
        now=clock,
    )
    for number in range(10):
        batches = [[inbound(address=f"x{number}-{i}") for i in range(5)] for _ in range(2)]

        here, there = await asyncio.gather(intake.handle(batches[0]), elsewhere.handle(batches[1]))

        assert [r.ticket_id for r in here] == [r.ticket_id for r in there]
    await other.dispose()
    assert await count(db, Customer) == await count(db, Ticket) == 50
    assert await count(db, TicketLink) == 0


async def test_a_key_that_cannot_be_stored_still_counts_once(intake, db) -> None:
    long = inbound(external_id="x" * 500)
    odd = inbound(external_id="a\x00b", address="ann\x00", thread="t\x00")

    first = await intake.handle([long, odd])
    second = await intake.handle([long, odd])

    assert [r.message_id for r in first] == [r.message_id for r in second]
    assert {r.outcome for r in first} == {Outcome.TICKETED}
    assert await count(db, Message) == 2


@pytest.mark.race
async def test_an_answer_and_a_message_on_one_ticket_do_not_wait_for_each_other_in_a_circle(
    intake, db, clock, caplog
) -> None:
    [first] = await intake.handle([inbound(address="ann")])
    async with db.begin() as session:
        li = await make_agent(session, now=clock())

    async with db.begin() as session:
        await queries.lock_ticket(session, first.ticket_id)
        writing = asyncio.create_task(intake.handle([inbound(address="ann")]))
        await until_somebody_waits(db)
        await messages.reply(session, first.ticket_id, text="Hm", by=agent(li.id), now=clock())
    [receipt] = await writing

    assert receipt.ticket_id == first.ticket_id
    assert "a batch failed" not in caplog.messages


async def test_what_somebody_else_writes_in_a_thread_is_no_answer_of_the_customer(
    intake, db, clock
) -> None:
    first_mail = inbound(channel="email", external_id="<1@a>", address="ann@a")
    [first] = await intake.handle([first_mail])
    async with db.begin() as session:
        li = await make_agent(session, now=clock())
        await messages.reply(session, first.ticket_id, text="Done", by=agent(li.id), now=clock())
        await actions.resolve(
            session, first.ticket_id, code=ResolutionCode.SOLVED, by=agent(li.id), now=clock()
        )

    other = inbound(
        "yes, 5", button="callback:5", channel="email", address="eve@b", references=["<1@a>"]
    )
    [second] = await intake.handle([other])

    ticket = await ticket_of(db, first)
    assert second.ticket_id == first.ticket_id
    assert (ticket.status, ticket.score, ticket.waiting_since) == (Status.OPEN, None, clock())
    async with db.read() as session:
        said = (await message_queries.ticket_messages(session, first.ticket_id))[-1]
        happened = await events.ticket_events(session, first.ticket_id)
    assert (said.text, said.sender) == ("yes, 5", "eve@b")
    reopened = next(event for event in happened if event.kind == "ticket.reopened")
    assert reopened.actor != f"customer:{ticket.customer_id}"


@pytest.fixture
async def pair(intake) -> tuple[int, int]:
    """Two tickets of one customer, in two conversations, "a" and "b"."""
    receipts = await intake.handle(
        [inbound(address="ann", thread="a"), inbound(address="ann", thread="b")]
    )
    return receipts[0].ticket_id, receipts[1].ticket_id


@pytest.mark.race
async def test_a_customer_may_write_while_tickets_are_merged(
    intake, pair, db, clock, caplog, monkeypatch
) -> None:
    stays, goes = pair
    moved, writing = message_queries.move_messages, []

    async def move(session, **arguments):
        message = inbound("And the lid", address="ann", thread="b")
        writing.append(asyncio.create_task(intake.handle([message])))
        await until_somebody_waits(db)
        return await moved(session, **arguments)

    monkeypatch.setattr(message_queries, "move_messages", move)
    async with db.begin() as session:
        await links.merge(session, goes, into=stays, by=SYSTEM, now=clock())
    [receipt] = await writing[0]

    assert receipt.ticket_id == stays
    assert "a batch failed" not in caplog.messages


@pytest.mark.race
async def test_a_customer_may_write_while_being_merged_with_another(
    intake, pair, db, clock, caplog, monkeypatch
) -> None:
    [other] = await intake.handle([inbound(address="bob")])
    writing = []
    async with db.begin() as session:
        await actions.cancel(session, pair[0], reason="spam", by=SYSTEM, now=clock())
    moved = customer_queries.move_identities

    async def move(session, **arguments):
        message = inbound("Something new", address="ann", thread="a")
        writing.append(asyncio.create_task(intake.handle([message])))
        await until_somebody_waits(db)
        return await moved(session, **arguments)

    monkeypatch.setattr(customer_queries, "move_identities", move)
    async with db.begin() as session:
        ann = (await queries.get_ticket(session, pair[0])).customer_id
        bob = (await queries.get_ticket(session, other.ticket_id)).customer_id
        await links.merge_customer(session, ann, into=bob, by=SYSTEM, now=clock())
    [receipt] = await writing[0]

    assert (await ticket_of(db, receipt)).customer_id == bob
    assert "a batch failed" not in caplog.messages


async def test_a_merged_ticket_takes_in_what_comes_by_all_its_conversations_at_once(
    intake, pair, db, clock, caplog
) -> None:
    async with db.begin() as session:
        await links.merge(session, pair[1], into=pair[0], by=SYSTEM, now=clock())

    messages = [inbound(f"in {thread}", address="ann", thread=thread) for thread in "ab"]
    receipts = await intake.handle(messages)

    assert {receipt.ticket_id for receipt in receipts} == {pair[0]}
    assert "a batch failed" not in caplog.messages
    async with db.read() as session:
        said = await message_queries.ticket_messages(session, pair[0])
        homes = await session.scalars(select(Conversation.thread).order_by(Conversation.id))
        assert list(homes) == ["a", "b"]
    assert len({message.conversation_id for message in said[2:]}) == 2
    assert (await ticket_of(db, receipts[0])).message_count == len(said) == 4


async def until_somebody_waits(db) -> None:
    """For a row that another transaction has locked; on SQLite whole transactions take turns."""
    if db.is_sqlite:
        return
    async with asyncio.timeout(PATIENCE), db.read() as session:
        while not await session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            await asyncio.sleep(0.01)


async def test_g29_a_message_for_an_absent_owner_alerts_the_deputy_and_moves_no_clock(
    intake, db, clock
) -> None:
    from datetime import timedelta

    from contact_center.agents.actions import plan_absence
    from contact_center.alerts.queries import alerts_of
    from contact_center.events.rules import SYSTEM, agent
    from contact_center.tickets.actions import claim
    from contact_center.tickets.queries import get_ticket
    from tests.support.factories import inbound, make_agent

    [receipt] = await intake.handle([inbound(address="ann")])
    async with db.begin() as session:
        li = await make_agent(session, now=clock(), name="Li")
        chen = await make_agent(session, now=clock(), name="Chen")
        ticket = await claim(session, receipt.ticket_id, by=agent(li.id), now=clock())
        due = ticket.next_due_at
        times = {"starts_at": clock(), "ends_at": clock() + timedelta(days=5)}
        await plan_absence(session, li.id, deputy_id=chen.id, by=SYSTEM, now=clock(), **times)
    clock.advance(minutes=5)

    await intake.handle([inbound("Anybody there?", address="ann")])
    clock.advance(days=6)
    await intake.handle([inbound("Hello?", address="ann")])

    async with db.read() as session:
        [told] = await alerts_of(session, chen.id)
        assert (told.kind, told.ticket_id) == ("absent.message", receipt.ticket_id)
        assert await alerts_of(session, li.id) == []
        assert (await get_ticket(session, receipt.ticket_id)).next_due_at == due
