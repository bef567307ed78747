from datetime import timedelta

import pytest

from contact_center.conversations import queries as conversations
from contact_center.errors import Conflict, Invalid, NotFound
from contact_center.events import queries as events
from contact_center.events.rules import SYSTEM, agent
from contact_center.links import actions, queries
from contact_center.links.models import LinkKind
from contact_center.messages import actions as messages
from contact_center.messages.queries import ticket_messages
from contact_center.sla.actions import promising
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.queries import clocks_of
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import IllegalTransition, Status
from tests.support.factories import customer_says, make_agent, make_customer, make_ticket


@pytest.fixture
async def li(session, clock):
    return await make_agent(session, name="Li", now=clock())


@pytest.fixture
async def pair(session, clock):
    """Two tickets of one customer, an hour apart, with a message each."""
    ann = await make_customer(session, now=clock())
    first = await make_ticket(session, now=clock(), customer=ann)
    await customer_says(session, first, "My parcel is late", now=clock())
    clock.advance(hours=1)
    second = await make_ticket(session, now=clock(), customer=ann)
    await customer_says(session, second, "Where is my parcel", now=clock())
    await session.flush()
    return first, second


@pytest.fixture
async def mails(session, clock):
    """The same by mail, where every next answer is promised, too."""
    ann = await make_customer(session, now=clock())
    first = await make_ticket(session, now=clock(), customer=ann, channel="email")
    await customer_says(session, first, "My parcel is late", now=clock())
    clock.advance(hours=1)
    second = await make_ticket(session, now=clock(), customer=ann, channel="email")
    await customer_says(session, second, "Where is my parcel", now=clock())
    await session.flush()
    return first, second


async def kinds_of(session, ticket) -> list[str]:
    return [event.kind for event in await events.ticket_events(session, ticket.id)]


# Merge


async def test_a_merged_tickets_messages_and_time_go_to_the_one_that_stays(
    session, clock, pair
) -> None:
    first, second = pair

    await actions.merge(session, first.id, into=second.id, by=SYSTEM, now=clock())

    said = [message.text for message in await ticket_messages(session, second.id)]
    assert said == ["My parcel is late", "Where is my parcel"]
    assert (first.status, first.merged_into_id) == (Status.CANCELLED, second.id)
    assert (first.message_count, second.message_count) == (0, 2)
    assert second.created_at == second.waiting_since == clock() - timedelta(hours=1)
    assert {c.state for c in (await clocks_of(session, first.id)).values()} == {
        ClockState.CANCELLED
    }
    assert await kinds_of(session, first) == ["ticket.linked", "ticket.merged"]
    assert await kinds_of(session, second) == ["ticket.absorbed"]


async def test_what_the_customer_writes_next_joins_the_ticket_that_stays(
    session, clock, pair
) -> None:
    first, second = pair
    await actions.merge(session, first.id, into=second.id, by=SYSTEM, now=clock())

    talk = await conversations.get_conversation(session, first.conversation_id)
    await session.refresh(talk)

    assert talk.ticket_id == second.id


async def test_an_answer_on_the_merged_ticket_counts_as_the_first(session, clock, pair, li) -> None:
    first, second = pair
    await messages.reply(session, first.id, text="Soon", by=agent(li.id), now=clock())
    answered_at = clock()
    clock.advance(minutes=5)

    await actions.merge(session, first.id, into=second.id, by=SYSTEM, now=clock())

    response = (await clocks_of(session, second.id))[ClockKind.FIRST_RESPONSE]
    assert (second.first_response_at, response.stopped_at) == (answered_at, answered_at)
    assert response.state is ClockState.MET
    assert second.owner_id == li.id
    assert second.next_due_at == (await clocks_of(session, second.id))[ClockKind.RESOLUTION].due_at


async def test_c2_an_answer_on_the_merged_ticket_comes_too_late_where_the_promise_broke(
    session, clock, pair, li
) -> None:
    first, second = pair
    await messages.reply(session, first.id, text="Soon", by=agent(li.id), now=clock())
    due_at = (await clocks_of(session, second.id))[ClockKind.FIRST_RESPONSE].due_at
    clock.now = due_at + timedelta(minutes=5)
    await tickets.note_breaches(session, second.id, now=clock())

    await actions.merge(session, first.id, into=second.id, by=SYSTEM, now=clock())

    response = (await clocks_of(session, second.id))[ClockKind.FIRST_RESPONSE]
    assert (response.state, response.breached_at) == (ClockState.BREACHED, due_at)
    assert response.stopped_at == clock()


async def test_o2_who_answered_the_merged_ticket_first_answers_for_the_one_that_stays(
    session, clock, pair, li
) -> None:
    first, second = pair
    await messages.reply(session, first.id, text="Soon", by=agent(li.id), now=clock())

    await actions.merge(session, first.id, into=second.id, by=SYSTEM, now=clock())

    [changed] = [
        event
        for event in await events.ticket_events(session, second.id)
        if event.kind == "owner.changed"
    ]
    facts = {"old": None, "new": li.id, "cause": "first_touch", "reason": "merged"}
    assert (second.owner_id, changed.data) == (li.id, facts)


async def test_o2_a_merge_leaves_the_owner_of_the_one_that_stays(session, clock, pair, li) -> None:
    first, second = pair
    bo = await make_agent(session, name="Bo", now=clock())
    for ticket, who in ((first, li), (second, bo)):
        await messages.reply(session, ticket.id, text="Soon", by=agent(who.id), now=clock())

    await actions.merge(session, first.id, into=second.id, by=SYSTEM, now=clock())

    assert second.owner_id == bo.id
    assert "owner.changed" not in await kinds_of(session, second)


async def test_the_older_promise_stands_after_a_merge(session, clock, pair) -> None:
    first, second = pair
    promised = {kind: c.due_at for kind, c in (await clocks_of(session, first.id)).items()}

    await actions.merge(session, first.id, into=second.id, by=SYSTEM, now=clock())

    kept = await clocks_of(session, second.id)
    assert {kind: c.due_at for kind, c in kept.items()} == promised
    assert {c.started_at for c in kept.values()} == {clock() - timedelta(hours=1)}
    assert second.next_due_at == min(promised.values())


async def test_a_promise_that_broke_stays_broken_after_a_merge(session, clock, pair) -> None:
    first, second = pair
    due_at = (await clocks_of(session, first.id))[ClockKind.FIRST_RESPONSE].due_at
    await tickets.note_breaches(session, first.id, now=due_at + timedelta(seconds=1))

    await actions.merge(session, first.id, into=second.id, by=SYSTEM, now=clock())

    broken = (await clocks_of(session, second.id))[ClockKind.FIRST_RESPONSE]
    assert (broken.state, broken.breached_at) == (ClockState.BREACHED, due_at)
    assert second.breached_at == due_at
    assert (await clocks_of(session, first.id))[ClockKind.FIRST_RESPONSE].breached_at is None


async def test_a_question_merged_into_a_ticket_that_waits_for_the_customer_is_promised_an_answer(
    session, clock, mails, li
) -> None:
    first, second = mails
    await messages.reply(session, second.id, text="When?", by=agent(li.id), now=clock())
    waits = Status.WAITING_CUSTOMER
    await tickets.wait(session, second.id, status=waits, by=agent(li.id), now=clock())
    clock.advance(minutes=5)
    asked = await customer_says(session, first, "And the other one?", now=clock())

    await actions.merge(session, first.id, into=second.id, by=SYSTEM, now=clock())

    clocks = await clocks_of(session, second.id)
    assert second.status is Status.OPEN
    assert clocks[ClockKind.RESOLUTION].state is ClockState.RUNNING
    answer = clocks[ClockKind.NEXT_RESPONSE]
    assert (answer.state, answer.started_at) == (ClockState.RUNNING, second.waiting_since)
    assert answer.ref_id < asked  # the oldest
    assert second.next_due_at == min(answer.due_at, clocks[ClockKind.RESOLUTION].due_at)


async def test_who_asked_what_is_split_off_is_answered_there(session, clock, mails, li) -> None:
    _, ticket = mails
    await messages.reply(session, ticket.id, text="Soon", by=agent(li.id), now=clock())
    clock.advance(minutes=5)
    asked = await customer_says(session, ticket, "Another thing", now=clock())
    await promising.expect_answer(session, ticket, message_id=asked, start=clock())
    kept = (await clocks_of(session, ticket.id))[ClockKind.NEXT_RESPONSE]
    assert kept.is_owed

    await actions.split(session, ticket.id, message_ids=[asked], subject="", by=SYSTEM, now=clock())

    clocks = await clocks_of(session, ticket.id)
    assert clocks[ClockKind.NEXT_RESPONSE].state is ClockState.CANCELLED
    assert ticket.waiting_since is None
    assert ticket.next_due_at == clocks[ClockKind.RESOLUTION].due_at


async def test_tickets_that_were_linked_before_can_be_merged(session, clock, pair) -> None:
    first, second = pair
    await actions.link(
        session, second.id, to=first.id, kind=LinkKind.DUPLICATE, by=SYSTEM, now=clock()
    )

    await actions.merge(session, second.id, into=first.id, by=SYSTEM, now=clock())

    [link] = await queries.links_of(session, first.id)
    assert link.kind is LinkKind.MERGED


async def test_a_chain_of_merges_is_no_circle(session, clock, pair) -> None:
    first, second = pair
    await actions.merge(session, first.id, into=second.id, by=SYSTEM, now=clock())

    with pytest.raises(IllegalTransition):
        await actions.merge(session, second.id, into=first.id, by=SYSTEM, now=clock())
    with pytest.raises(Invalid, match="into itself"):
        await actions.merge(session, second.id, into=second.id, by=SYSTEM, now=clock())


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED, Status.BOT])
async def test_a_customer_who_waits_is_not_merged_into_a_ticket_nobody_works_on(
    session, clock, pair, status
) -> None:
    first, second = pair
    second.status = status

    with pytest.raises(IllegalTransition, match="worked on"):
        await actions.merge(session, first.id, into=second.id, by=SYSTEM, now=clock())

    assert await kinds_of(session, first) == []


async def test_tickets_of_two_customers_are_not_merged(session, clock, pair) -> None:
    first, _ = pair
    other = await make_ticket(session, now=clock())

    with pytest.raises(Conflict, match="different customers"):
        await actions.merge(session, first.id, into=other.id, by=SYSTEM, now=clock())


# Split


async def test_a_split_off_ticket_starts_when_its_message_came(session, clock, pair) -> None:
    first, _ = pair
    started = clock()
    chosen = await customer_says(session, first, "And my bill is wrong", now=clock())
    clock.advance(hours=2)

    part = await actions.split(
        session,
        first.id,
        message_ids=[chosen],
        subject="Wrong bill",
        by=SYSTEM,
        now=clock(),
    )

    assert (part.status, part.subject, part.created_at) == (Status.QUEUED, "Wrong bill", started)
    assert (part.message_count, first.message_count) == (1, 1)
    assert part.next_due_at == started + timedelta(hours=23)  # eight hours of business
    assert [m.id for m in await ticket_messages(session, part.id)] == [chosen]
    [link] = await queries.links_of(session, first.id)
    assert (link.ticket_id, link.kind) == (part.id, LinkKind.SPLIT)
    assert await kinds_of(session, part) == ["ticket.opened", "ticket.linked"]
    assert await kinds_of(session, first) == ["ticket.split"]


async def test_who_waited_for_the_part_no_longer_waits_for_the_rest(session, clock, pair) -> None:
    first, _ = pair
    [oldest] = [m.id for m in await ticket_messages(session, first.id)]
    await customer_says(session, first, "And my bill is wrong", now=clock())

    await actions.split(session, first.id, message_ids=[oldest], subject="", by=SYSTEM, now=clock())

    assert first.waiting_since == clock()


@pytest.mark.parametrize("choice", ["none", "all", "strange", "twice"])
async def test_a_split_takes_some_messages_and_leaves_some(session, clock, pair, choice) -> None:
    first, second = pair
    mine = [m.id for m in await ticket_messages(session, first.id)]
    strange = [m.id for m in await ticket_messages(session, second.id)]
    chosen = {"none": [], "all": mine, "strange": strange, "twice": [*mine, *strange]}[choice]

    with pytest.raises(Invalid):
        await actions.split(
            session, first.id, message_ids=chosen, subject="", by=SYSTEM, now=clock()
        )


# Link


async def test_two_tickets_are_linked_once_whatever_the_direction(session, clock, pair) -> None:
    first, second = pair
    link = {"kind": LinkKind.RELATED, "by": SYSTEM, "now": clock()}
    await actions.link(session, second.id, to=first.id, **link)

    for one, other in ((second, first), (first, second)):
        with pytest.raises(Conflict, match="linked already"):
            await actions.link(session, one.id, to=other.id, **link)
    with pytest.raises(Invalid, match="to itself"):
        await actions.link(session, first.id, to=first.id, **link)
    with pytest.raises(NotFound):
        await actions.link(session, first.id, to=99, **link)


@pytest.mark.parametrize("kind", [LinkKind.MERGED, LinkKind.SPLIT])
async def test_nobody_says_by_hand_what_became_of_messages(session, clock, pair, kind) -> None:
    first, second = pair

    with pytest.raises(Invalid, match="by itself"):
        await actions.link(session, first.id, to=second.id, kind=kind, by=SYSTEM, now=clock())


async def test_a_link_can_be_taken_back_from_either_side(session, clock, pair) -> None:
    first, second = pair
    await actions.link(
        session, second.id, to=first.id, kind=LinkKind.RELATED, by=SYSTEM, now=clock()
    )

    await actions.unlink(session, first.id, other=second.id, by=SYSTEM, now=clock())

    assert await queries.links_of(session, first.id) == []
    with pytest.raises(NotFound):
        await actions.unlink(session, first.id, other=second.id, by=SYSTEM, now=clock())


async def test_a_merge_cannot_be_unlinked(session, clock, pair) -> None:
    first, second = pair
    await actions.merge(session, first.id, into=second.id, by=SYSTEM, now=clock())

    with pytest.raises(Conflict, match="stays"):
        await actions.unlink(session, second.id, other=first.id, by=SYSTEM, now=clock())
