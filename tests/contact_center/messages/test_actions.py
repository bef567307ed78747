from datetime import timedelta

import pytest
from sqlalchemy import select

from contact_center.alerts.queries import alerts_of
from contact_center.conversations.queries import get_conversation
from contact_center.deliveries.models import Delivery
from contact_center.errors import Forbidden, Invalid, NotFound
from contact_center.events import queries as events
from contact_center.events.rules import SYSTEM, agent, token
from contact_center.messages import actions, queries
from contact_center.messages.models import Author, Direction
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.queries import clocks_of
from contact_center.storage import StoredFile
from contact_center.tickets.models import IllegalTransition, Status
from tests.support.factories import customer_says, make_agent, make_ticket

PHOTO = StoredFile("k" * 32, "photo.png", "image/png", 3, "0" * 64)


@pytest.fixture
async def li(session, clock):
    return await make_agent(session, name="Li", now=clock())


@pytest.fixture
async def ticket(session, clock):
    ticket = await make_ticket(session, now=clock())
    await customer_says(session, ticket, now=clock())
    return ticket


async def test_an_answer_leaves_claims_and_stops_the_clock(session, clock, ticket, li) -> None:
    clock.advance(minutes=5)

    message = await actions.reply(session, ticket.id, text="Soon", by=agent(li.id), now=clock())

    assert (ticket.status, ticket.owner_id) == (Status.OPEN, li.id)
    assert (ticket.first_response_at, ticket.waiting_since) == (clock(), None)
    clocks = await clocks_of(session, ticket.id)
    assert clocks[ClockKind.FIRST_RESPONSE].state is ClockState.MET
    assert ticket.next_due_at == clocks[ClockKind.RESOLUTION].due_at
    delivery = await session.scalar(select(Delivery))
    assert (delivery.message_id, delivery.ticket_id) == (message.id, ticket.id)
    assert delivery.idempotency_key == message.external_id
    assert delivery.payload["sender_name"] == "Li"


async def by_phone(session, ticket) -> None:
    conversation = await get_conversation(session, ticket.conversation_id)
    conversation.channel = ticket.channel = "phone"


async def test_what_was_said_on_the_phone_is_an_answer_that_nothing_delivers(
    session, clock, ticket, li
) -> None:
    await by_phone(session, ticket)

    message = await actions.reply(session, ticket.id, text="Soon", by=agent(li.id), now=clock())

    assert (message.channel, message.direction, message.external_id) == ("phone", "out", None)
    assert ticket.first_response_at == clock()
    assert await session.scalar(select(Delivery)) is None


async def test_what_we_would_say_by_ourselves_on_the_phone_is_left_to_who_has_the_ticket(
    session, clock, ticket, li
) -> None:
    await by_phone(session, ticket)
    await actions.reply(session, ticket.id, text="Which?", by=agent(li.id), now=clock())

    message = await actions.say_as_system(
        session, ticket, text="Do you still want it?", kind="reminder", by=SYSTEM, now=clock()
    )

    assert (message.direction, message.author) == (Direction.NOTE, Author.SYSTEM)
    assert await session.scalar(select(Delivery)) is None
    assert [alert.kind for alert in await alerts_of(session, li.id)] == ["message.to_say"]


async def test_the_first_answer_stays_the_first(session, clock, ticket, li) -> None:
    await actions.reply(session, ticket.id, text="Soon", by=agent(li.id), now=clock())
    clock.advance(hours=1)
    await actions.reply(session, ticket.id, text="Now", by=agent(li.id), now=clock())

    assert ticket.first_response_at == clock() - timedelta(hours=1)


async def test_the_owner_hears_once_that_a_colleague_has_answered(
    session, clock, ticket, li
) -> None:
    chen = await make_agent(session, name="Chen", now=clock())
    await actions.reply(session, ticket.id, text="Soon", by=agent(li.id), now=clock())

    for text in ("Li is busy, so I answer", "It has left"):
        await actions.reply(session, ticket.id, text=text, by=agent(chen.id), now=clock())

    [told] = await alerts_of(session, li.id)
    assert (told.kind, told.ticket_id, told.facts) == (
        "ticket.answered",
        ticket.id,
        {"by": chen.id},
    )


async def test_who_does_the_next_step_answers_without_an_alarm(session, clock, ticket, li) -> None:
    chen = await make_agent(session, name="Chen", now=clock())
    await actions.reply(session, ticket.id, text="Soon", by=agent(li.id), now=clock())
    ticket.assignee_id = chen.id

    for who in (li, chen):
        await actions.reply(session, ticket.id, text="Here", by=agent(who.id), now=clock())

    assert await alerts_of(session, li.id) == []


@pytest.mark.parametrize("by", [token(3), SYSTEM])
async def test_only_a_human_answers(session, clock, ticket, li, by) -> None:
    await actions.reply(session, ticket.id, text="Soon", by=agent(li.id), now=clock())

    with pytest.raises(Forbidden, match="service agent"):
        await actions.reply(session, ticket.id, text="Hello", by=by, now=clock())


@pytest.mark.parametrize("status", [Status.BOT, Status.CLOSED, Status.CANCELLED])
async def test_a_ticket_that_is_over_is_not_answered(session, clock, li, status) -> None:
    ticket = await make_ticket(session, now=clock(), status=status)

    with pytest.raises(IllegalTransition):
        await actions.reply(session, ticket.id, text="Hello", by=agent(li.id), now=clock())

    assert await session.scalar(select(Delivery)) is None


async def test_a_file_alone_is_an_answer_and_nothing_at_all_is_none(
    session, clock, ticket, li
) -> None:
    with pytest.raises(Invalid, match="empty"):
        await actions.reply(session, ticket.id, text=" \n", by=agent(li.id), now=clock())

    message = await actions.reply(
        session, ticket.id, text="", files=[PHOTO], by=agent(li.id), now=clock()
    )

    [file] = (await queries.attachments_of(session, [message.id]))[message.id]
    assert (file.name, file.size, message.has_attachments) == ("photo.png", 3, True)


async def test_a_note_never_leaves_and_is_no_answer(session, clock, ticket, li) -> None:
    note = await actions.add_note(
        session, ticket.id, text="He is angry", by=agent(li.id), now=clock()
    )

    assert (note.direction, note.external_id) == (Direction.NOTE, None)
    assert (ticket.status, ticket.first_response_at) == (Status.QUEUED, None)
    assert await session.scalar(select(Delivery)) is None
    shown = await queries.conversation_messages(session, ticket.conversation_id)
    assert note.id not in {message.id for message in shown}


async def test_another_system_may_leave_a_note_in_its_own_name(session, clock, ticket) -> None:
    note = await actions.add_note(session, ticket.id, text="VIP", by=token(3), now=clock())

    assert (note.author, note.author_id) == (Author.SYSTEM, None)
    [event] = await events.ticket_events(session, ticket.id)
    assert event.actor == "token:3"


async def test_what_an_agent_has_read_never_grows_less(session, clock, ticket, li) -> None:
    [first] = [m.id for m in await queries.ticket_messages(session, ticket.id)]
    second = await customer_says(session, ticket, now=clock())

    for seen in (second, first):
        await actions.mark_read(session, ticket.id, message_id=seen, by=agent(li.id))

    assert await queries.unread_counts(session, agent_id=li.id, ticket_ids=[ticket.id]) == {}
    await customer_says(session, ticket, now=clock())
    assert await queries.unread_counts(session, agent_id=li.id, ticket_ids=[ticket.id]) == {
        ticket.id: 1
    }


async def test_a_message_of_another_ticket_cannot_be_marked(session, clock, ticket, li) -> None:
    other = await make_ticket(session, now=clock())
    strange = await customer_says(session, other, now=clock())

    for message_id in (strange, 999):
        with pytest.raises(NotFound):
            await actions.mark_read(session, ticket.id, message_id=message_id, by=agent(li.id))


async def test_a_merged_ticket_is_answered_where_the_customer_wrote_last(
    session, clock, ticket, li
) -> None:
    other = await make_ticket(session, now=clock())
    await customer_says(session, ticket, now=clock())
    await customer_says(session, other, "It is me again", now=clock())
    await queries.move_messages(session, old=other.id, new=ticket.id)

    said = await actions.reply(session, ticket.id, text="Soon", by=agent(li.id), now=clock())

    delivery = await session.scalar(select(Delivery).where(Delivery.message_id == said.id))
    assert said.conversation_id == other.conversation_id
    assert delivery.order_key == f"conversation:{other.conversation_id}"
