from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from contact_center.agents.actions import plan_absence
from contact_center.alerts.models import Alert
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events import queries as events
from contact_center.events.rules import agent
from contact_center.messages import actions as messages
from contact_center.messages.queries import ticket_messages
from contact_center.promises import actions, queries
from contact_center.promises.models import PromiseState
from contact_center.supervision.queries import orders_of
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import ResolutionCode
from scheduler import sweeps
from tests.support.factories import customer_says, make_agent, make_ticket

HOUR = timedelta(hours=1)


@pytest.fixture
async def li(session, clock):
    return await make_agent(session, name="Li", now=clock())


@pytest.fixture
async def ticket(session, li, clock):
    return await answered(session, li, clock)


async def answered(session, li, clock):
    ticket = await make_ticket(session, now=clock())
    await customer_says(session, ticket, now=clock())
    await messages.reply(session, ticket.id, text="Sorry!", by=agent(li.id), now=clock())
    return ticket


async def make(session, ticket, li, clock, *, hours=1, text="I'll call you"):
    return await actions.make(
        session,
        ticket.id,
        text=text,
        due_at=clock() + hours * HOUR,
        by=agent(li.id),
        now=clock(),
    )


async def kinds_of(session, ticket) -> list[str]:
    found = await events.ticket_events(session, ticket.id)
    return [event.kind for event in found if event.kind.startswith("promise.")]


async def test_a_promise_is_kept_until_it_falls_due(session, ticket, li, clock) -> None:
    promise = await make(session, ticket, li, clock)
    assert (ticket.open_promises, ticket.promised_at) == (1, promise.due_at)

    clock.now = promise.due_at
    await actions.keep(session, promise.id, by=agent(li.id), now=clock())

    assert (promise.state, promise.ended_at) == (PromiseState.KEPT, clock())
    assert (ticket.open_promises, ticket.promised_at) == (0, None)
    assert await kinds_of(session, ticket) == ["promise.made", "promise.kept"]


async def test_what_is_late_is_broken_whatever_is_said(session, ticket, li, clock) -> None:
    promise = await make(session, ticket, li, clock)
    clock.now = promise.due_at + timedelta(seconds=1)

    with pytest.raises(Conflict, match="it is broken"):
        await actions.keep(session, promise.id, by=agent(li.id), now=clock())


@pytest.mark.parametrize(
    ("text", "hours", "error"),
    [
        ("I'll call", 0, "a promise is for the future"),
        ("I'll call", -1, "a promise is for the future"),
        ("I'll call", 24 * 400, "at most 366 days"),
        ("  ", 1, "say what is promised"),
        ("x" * 2001, 1, "at most 2000 characters"),
    ],
)
async def test_a_promise_says_what_and_lies_in_the_future(
    session, ticket, li, clock, text, hours, error
) -> None:
    with pytest.raises(Invalid, match=error):
        await make(session, ticket, li, clock, hours=hours, text=text)

    assert ticket.open_promises == 0


async def test_g32_a_promise_is_renegotiated_in_time_and_the_customer_is_told(
    session, ticket, li, clock
) -> None:
    wednesday = datetime(2026, 11, 25, 12, tzinfo=UTC)
    clock.now = wednesday - timedelta(days=1)
    promise = await actions.make(
        session,
        ticket.id,
        text="An answer",
        due_at=wednesday,
        by=agent(li.id),
        now=clock(),
    )
    clock.now = wednesday - HOUR

    later = await actions.renegotiate(
        session,
        promise.id,
        due_at=wednesday + timedelta(days=1),
        message="It takes until Thursday, I am sorry",
        by=agent(li.id),
        now=clock(),
    )

    assert (promise.state, later.state) == (PromiseState.RENEGOTIATED, PromiseState.OPEN)
    assert (later.follows_id, later.text) == (promise.id, "An answer")
    last = (await ticket_messages(session, ticket.id))[-1]
    assert (last.id, last.direction, last.text) == (
        later.message_id,
        "out",
        "It takes until Thursday, I am sorry",
    )
    assert (ticket.open_promises, ticket.promised_at) == (1, later.due_at)


async def test_g32_without_a_message_it_is_not_renegotiated_but_broken(
    session, ticket, li, clock
) -> None:
    promise = await make(session, ticket, li, clock)
    due_at = promise.due_at
    with pytest.raises(Invalid, match="the answer is empty"):
        await actions.renegotiate(
            session, promise.id, due_at=due_at + HOUR, message=" ", by=agent(li.id), now=clock()
        )
    with pytest.raises(Conflict, match="0 of its work orders, 1 of its promises"):
        await tickets.resolve(
            session, ticket.id, code=ResolutionCode.SOLVED, by=agent(li.id), now=clock()
        )

    await actions.note_broken(session, promise.id, now=due_at)
    assert promise.state is PromiseState.OPEN
    await actions.note_broken(session, promise.id, now=due_at + timedelta(seconds=1))

    assert (promise.state, promise.ended_at) == (PromiseState.BROKEN, due_at)
    assert ticket.open_promises == 0
    found = select(Alert.kind).where(Alert.agent_id == li.id)
    assert list(await session.scalars(found)) == ["promise.broken"]


async def test_a_broken_promise_is_not_renegotiated(session, ticket, li, clock) -> None:
    promise = await make(session, ticket, li, clock)
    clock.now = promise.due_at + timedelta(seconds=1)

    with pytest.raises(Conflict, match="it is broken"):
        await actions.renegotiate(
            session,
            promise.id,
            due_at=clock() + HOUR,
            message="Later",
            by=agent(li.id),
            now=clock(),
        )


async def test_the_second_broken_promise_of_a_ticket_is_supervised(
    session, ticket, li, clock
) -> None:
    made = [await make(session, ticket, li, clock, hours=hours) for hours in (1, 2)]
    clock.advance(hours=3)

    await actions.note_broken(session, made[0].id, now=clock())
    assert await orders_of(session, ticket.id) == []
    await actions.note_broken(session, made[1].id, now=clock())

    [order] = await orders_of(session, ticket.id)
    assert order.cause == "promises"


async def test_a_promise_is_given_up_with_a_reason(session, ticket, li, clock) -> None:
    promise = await make(session, ticket, li, clock)
    with pytest.raises(Invalid, match="say why"):
        await actions.cancel(session, promise.id, reason=" ", by=agent(li.id), now=clock())

    await actions.cancel(session, promise.id, reason="They called", by=agent(li.id), now=clock())

    assert promise.state is PromiseState.CANCELLED
    with pytest.raises(Conflict, match="is cancelled already"):
        await actions.keep(session, promise.id, by=agent(li.id), now=clock())


async def test_only_who_is_concerned_ends_a_promise(session, ticket, li, clock) -> None:
    promise = await make(session, ticket, li, clock)
    bob = await make_agent(session, name="Bob", now=clock())

    with pytest.raises(Forbidden, match="is somebody else's"):
        await actions.keep(session, promise.id, by=agent(bob.id), now=clock())

    await actions.keep(session, promise.id, by=agent(bob.id), now=clock(), as_lead=True)


async def test_nothing_is_promised_on_what_nobody_has_claimed(session, li, clock) -> None:
    waiting = await make_ticket(session, now=clock())

    with pytest.raises(Conflict, match="is queued: claim or reopen it first"):
        await make(session, waiting, li, clock)


async def test_kept_and_broken_promises_are_counted_for_who_gave_them(
    session, ticket, li, clock
) -> None:
    bob, start = await make_agent(session, name="Bob", now=clock()), clock()
    for one, hours in ((li, 1), (li, 2), (li, 3), (bob, 2)):
        promise = await make(session, ticket, one, clock, hours=hours)
        if hours != 2:
            await actions.keep(session, promise.id, by=agent(one.id), now=clock())
    await make(session, ticket, li, clock, hours=30)
    clock.advance(hours=4)
    for promise in await queries.open_promises_of(session, ticket.id):
        await actions.note_broken(session, promise.id, now=clock())

    counts = await queries.kept_and_broken(session, since=start, until=clock())

    assert counts == {li.id: (2, 1), bob.id: (0, 1)}


@pytest.fixture
async def chen(session, li, clock):
    """Stands in for Li, who is away."""
    chen = await make_agent(session, name="Chen", now=clock())
    absent = {"starts_at": clock(), "ends_at": clock() + 4 * HOUR, "deputy_id": chen.id}
    await plan_absence(session, li.id, by=agent(li.id), now=clock(), **absent)
    return chen


async def test_a_deputy_keeps_what_an_absent_colleague_has_promised(
    session, ticket, li, chen, clock
) -> None:
    bob = await make_agent(session, name="Bob", now=clock())
    promise = await make(session, ticket, li, clock)

    with pytest.raises(Forbidden):
        await actions.keep(session, promise.id, by=agent(bob.id), now=clock())
    await actions.keep(session, promise.id, by=agent(chen.id), now=clock())

    assert promise.state is PromiseState.KEPT


async def test_a_deputy_hears_of_what_an_absent_colleague_has_not_kept(
    session, ticket, li, chen, clock
) -> None:
    promise = await make(session, ticket, li, clock)
    clock.advance(hours=2)

    await actions.note_broken(session, promise.id, now=clock())

    told = await session.scalars(select(Alert.agent_id).where(Alert.kind == "promise.broken"))
    assert set(told) == {li.id, chen.id}


async def test_o7_whom_a_complaint_is_about_hears_nothing_of_what_they_had_promised_on_it(
    session, ticket, li, clock
) -> None:
    promise = await make(session, ticket, li, clock)
    bob = await make_agent(session, name="Bob", now=clock())
    ticket.about_agent_id, ticket.owner_id, ticket.assignee_id = li.id, bob.id, bob.id
    clock.advance(hours=2)

    await actions.note_broken(session, promise.id, now=clock())

    told = await session.scalars(select(Alert.agent_id).where(Alert.kind == "promise.broken"))
    assert list(told) == [bob.id]


async def test_the_sweep_notes_what_broke_while_nobody_looked(db, runtime, clock) -> None:
    async with runtime.db.begin() as session:
        li = await make_agent(session, name="Li", now=clock())
        ticket = await answered(session, li, clock)
        for hours in (1, 2, 30):
            await make(session, ticket, li, clock, hours=hours)
    clock.advance(hours=1)
    assert await sweeps.note_broken_promises(runtime) == 0  # kept up to the due instant
    clock.advance(hours=3)

    assert await sweeps.note_broken_promises(runtime) == 2
    assert await sweeps.note_broken_promises(runtime) == 0

    async with runtime.db.read() as session:
        states = [promise.state for promise in await queries.promises_of(session, ticket.id)]
    assert states == ["broken", "broken", "open"]
