import asyncio
import os
from datetime import timedelta

import pytest

from contact_center.alerts.queries import alerts_of
from contact_center.db import Database
from contact_center.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from contact_center.events import queries as events
from contact_center.events.rules import SYSTEM, agent, token
from contact_center.messages import actions as messages
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.queries import clocks_of
from contact_center.tickets import actions, queries
from contact_center.tickets.models import (
    ACTIVE,
    MOVES,
    UNFINISHED,
    WAITING,
    AlreadyClaimed,
    IllegalTransition,
    Priority,
    ResolutionCode,
    Status,
    TransferReason,
)
from contact_center.tickets.queries import Queue
from tests.support.factories import customer_says, make_agent, make_team, make_ticket

CLAIMS = int(os.environ.get("CC_TEST_RACES", "300"))  # `make races` asks for 10,000


@pytest.fixture
async def li(session, clock):
    return await make_agent(session, name="Li", now=clock())


@pytest.fixture
async def wang(session, clock):
    return await make_agent(session, name="Wang", now=clock())


async def kinds_of(session, ticket) -> list[str]:
    return [event.kind for event in await events.ticket_events(session, ticket.id)]


async def answered(session, clock, by):
    """A ticket that an agent has claimed and answered."""
    ticket = await make_ticket(session, now=clock())
    await customer_says(session, ticket, now=clock())
    await messages.reply(session, ticket.id, text="Sorry!", by=agent(by.id), now=clock())
    return ticket


# Which move is legal


def _wait(status):
    async def wait(session, ticket, *, by, now):
        later = now + timedelta(days=1)
        ticket.open_work_orders = int(status is Status.WAITING_DEPARTMENT)
        await session.flush()
        await actions.wait(
            session, ticket.id, status=status, review_at=later, reason="parts", by=by, now=now
        )

    return wait


async def _assign(session, ticket, *, by, now):
    to = int(by.split(":")[1])
    await actions.assign(session, ticket.id, to=to, reason="shift", by=by, now=now)


async def _transfer(session, ticket, *, by, now):
    team = await make_team(session, now=now)
    reason = TransferReason.SKILL
    await actions.transfer(session, ticket.id, to_team=team.id, reason=reason, by=by, now=now)


async def _resolve(session, ticket, *, by, now):
    await actions.resolve(session, ticket.id, code=ResolutionCode.SOLVED, by=by, now=now)


def _plain(action, **facts):
    async def act(session, ticket, *, by, now):
        await action(session, ticket.id, by=by, now=now, **facts)

    return act


# What can be done with a ticket: from which statuses, and what it becomes (None: it stays).
TABLE = {
    "claim": (_plain(actions.claim), {Status.QUEUED}, Status.OPEN),
    "release": (_plain(actions.release, as_lead=True), {Status.OPEN}, Status.QUEUED),
    "assign queued": (_assign, {Status.QUEUED}, Status.OPEN),
    "assign": (_assign, ACTIVE - {Status.QUEUED}, None),
    "transfer": (_transfer, ACTIVE - {Status.QUEUED}, Status.QUEUED),
    "resume": (_plain(actions.resume), WAITING, Status.OPEN),
    "resolve": (_resolve, {Status.OPEN, Status.WAITING_CUSTOMER}, Status.RESOLVED),
    "reopen": (_plain(actions.reopen, reason="no"), {Status.RESOLVED}, Status.OPEN),
    "close": (_plain(actions.close, reason="silence"), {Status.RESOLVED}, Status.CLOSED),
    "cancel": (_plain(actions.cancel, reason="spam"), UNFINISHED, Status.CANCELLED),
    **{f"wait {status}": (_wait(status), {Status.OPEN}, status) for status in sorted(WAITING)},
}
SKIPPED = {("assign queued", status) for status in ACTIVE} | {
    ("assign", Status.QUEUED),
    ("resolve", Status.BOT),  # the bot's own way out; a human must have answered
}


@pytest.mark.parametrize("origin", list(Status))
@pytest.mark.parametrize("name", TABLE)
async def test_a_ticket_moves_where_the_table_says_and_nowhere_else(
    session, clock, li, wang, origin, name
) -> None:
    act, origins, target = TABLE[name]
    if (name, origin) in SKIPPED and origin not in origins:
        return
    ticket = await make_ticket(
        session, now=clock(), status=origin, first_response_at=clock(), asked_at=clock()
    )
    ticket.waiting_since = None
    if origin not in (Status.BOT, Status.QUEUED):
        ticket.owner_id = ticket.assignee_id = li.id
    await session.flush()

    if origin in origins:
        await act(session, ticket, by=agent(wang.id), now=clock())

        moved = await queries.lock_ticket(session, ticket.id)
        assert moved.status is (target or origin)
        assert target is None or name == "transfer" or target in MOVES[origin]
        assert moved.version > 1
        assert len(await kinds_of(session, ticket)) == 1
    else:
        with pytest.raises((IllegalTransition, AlreadyClaimed), match=ticket.reference):
            await act(session, ticket, by=agent(wang.id), now=clock())

        kept = await queries.lock_ticket(session, ticket.id)
        assert (kept.status, kept.version, kept.review_at) == (origin, 1, None)
        assert await kinds_of(session, ticket) == []


# Who works on it


async def test_the_first_to_claim_owns_and_the_second_is_told_who_was_faster(
    session, clock, li, wang
) -> None:
    ticket = await make_ticket(session, now=clock())

    await actions.claim(session, ticket.id, by=agent(li.id), now=clock())
    with pytest.raises(AlreadyClaimed, match="is with Li") as lost:
        await actions.claim(session, ticket.id, by=agent(wang.id), now=clock())

    assert lost.value.facts["assignee"] == {"id": li.id, "name": "Li"}
    again = await actions.claim(session, ticket.id, by=agent(li.id), now=clock())
    assert (again.owner_id, again.assignee_id, again.version) == (li.id, li.id, 2)
    assert await kinds_of(session, ticket) == ["ticket.claimed"]


async def test_only_an_active_agent_claims(session, clock, li) -> None:
    ticket = await make_ticket(session, now=clock())
    with pytest.raises(Forbidden):
        await actions.claim(session, ticket.id, by=token(3), now=clock())

    li.active = False
    with pytest.raises(Conflict, match="no longer works here"):
        await actions.claim(session, ticket.id, by=agent(li.id), now=clock())


async def test_a_claimed_ticket_is_released_until_it_is_answered(session, clock, li) -> None:
    ticket = await make_ticket(session, now=clock())
    await actions.claim(session, ticket.id, by=agent(li.id), now=clock())

    await actions.release(session, ticket.id, by=agent(li.id), now=clock())

    assert (ticket.status, ticket.assignee_id, ticket.owner_id) == (Status.QUEUED, None, li.id)
    await messages.reply(session, ticket.id, text="Hi", by=agent(li.id), now=clock())
    with pytest.raises(Forbidden, match="ask a lead"):
        await actions.release(session, ticket.id, by=agent(li.id), now=clock())
    await actions.release(session, ticket.id, by=agent(li.id), now=clock(), as_lead=True)


async def test_accountability_stays_where_the_first_answer_came_from(
    session, clock, li, wang
) -> None:
    team = await make_team(session, name="Network", now=clock())
    ticket = await answered(session, clock, li)

    await actions.transfer(
        session,
        ticket.id,
        to_agent=wang.id,
        reason=TransferReason.SKILL,
        by=agent(li.id),
        now=clock(),
    )
    assert (ticket.owner_id, ticket.assignee_id) == (li.id, wang.id)

    await actions.transfer(
        session,
        ticket.id,
        to_team=team.id,
        reason=TransferReason.SKILL,
        by=agent(wang.id),
        now=clock(),
    )
    assert (ticket.owner_id, ticket.assignee_id, ticket.team_id) == (li.id, None, team.id)
    assert ticket.status is Status.QUEUED

    await actions.claim(session, ticket.id, by=agent(wang.id), now=clock())
    assert ticket.owner_id == li.id


async def test_a_waiting_ticket_that_goes_to_a_team_is_reviewed_by_nobody(
    session, clock, li
) -> None:
    team = await make_team(session, now=clock())
    ticket = await answered(session, clock, li)
    later = clock() + timedelta(days=2)
    await actions.wait(
        session,
        ticket.id,
        status=Status.ON_HOLD,
        review_at=later,
        reason="parts",
        by=agent(li.id),
        now=clock(),
    )

    await actions.transfer(
        session,
        ticket.id,
        to_team=team.id,
        reason=TransferReason.SHIFT_END,
        by=agent(li.id),
        now=clock(),
    )

    assert (ticket.status, ticket.review_at) == (Status.QUEUED, None)


@pytest.mark.parametrize("targets", [{}, {"to_agent": 1, "to_team": 1}])
async def test_a_transfer_names_one_agent_or_one_team(session, clock, li, targets) -> None:
    with pytest.raises(Invalid, match="one agent or to one team"):
        await actions.transfer(
            session, 1, reason=TransferReason.SKILL, by=agent(li.id), now=clock(), **targets
        )


async def test_a_lead_assigns_a_queued_ticket_and_its_agent_owns_it(session, clock, li) -> None:
    ticket = await make_ticket(session, now=clock())

    await actions.assign(session, ticket.id, to=li.id, by=SYSTEM, now=clock())

    assert (ticket.status, ticket.owner_id, ticket.assignee_id) == (Status.OPEN, li.id, li.id)


async def test_nobody_is_given_a_ticket_who_has_left(session, clock, li, wang) -> None:
    ticket = await answered(session, clock, li)
    wang.active = False

    for give in (
        actions.assign(session, ticket.id, to=wang.id, by=SYSTEM, now=clock()),
        actions.transfer(
            session,
            ticket.id,
            to_agent=wang.id,
            reason=TransferReason.SKILL,
            by=agent(li.id),
            now=clock(),
        ),
    ):
        with pytest.raises(Conflict, match="no longer works here"):
            await give
    assert ticket.assignee_id == li.id


# Where it stands


async def test_one_cannot_wait_for_a_customer_who_waits_for_us(session, clock, li) -> None:
    ticket = await answered(session, clock, li)
    await customer_says(session, ticket, now=clock())

    with pytest.raises(Conflict, match="answer the customer first"):
        await actions.wait(
            session, ticket.id, status=Status.WAITING_CUSTOMER, by=agent(li.id), now=clock()
        )


@pytest.mark.parametrize("status", [Status.ON_HOLD, Status.WAITING_THIRD_PARTY])
@pytest.mark.parametrize("hours", [None, 0, -1])
async def test_a_pause_without_an_end_is_refused(session, clock, li, status, hours) -> None:
    ticket = await answered(session, clock, li)
    review_at = None if hours is None else clock() + timedelta(hours=hours)

    with pytest.raises(Invalid, match="until when"):
        await actions.wait(
            session,
            ticket.id,
            status=status,
            review_at=review_at,
            reason="parts",
            by=agent(li.id),
            now=clock(),
        )


@pytest.mark.parametrize("status", [Status.ON_HOLD, Status.WAITING_THIRD_PARTY])
@pytest.mark.parametrize(
    ("reason", "days", "why"), [(" ", 1, "what we wait for"), ("parts", 15, "2026-03-16")]
)
async def test_agreed_waiting_has_a_reason_and_is_not_for_ever(
    session, clock, li, status, reason, days, why
) -> None:
    ticket = await answered(session, clock, li)
    review_at = clock() + timedelta(days=days)

    with pytest.raises(Invalid, match=why):
        await actions.wait(
            session,
            ticket.id,
            status=status,
            review_at=review_at,
            reason=reason,
            by=agent(li.id),
            now=clock(),
        )

    assert (ticket.status, ticket.review_at) == (Status.OPEN, None)


async def test_who_has_a_ticket_is_told_that_the_agreed_date_has_come(session, clock, li) -> None:
    ticket = await answered(session, clock, li)
    review_at = clock() + timedelta(days=1)
    await actions.wait(
        session,
        ticket.id,
        status=Status.ON_HOLD,
        review_at=review_at,
        reason="parts",
        by=agent(li.id),
        now=clock(),
    )

    clock.advance(days=1)
    await actions.review(session, ticket.id, now=clock())
    await actions.review(session, ticket.id, now=clock())

    [told] = await alerts_of(session, li.id)
    assert (told.kind, ticket.status) == ("ticket.review_due", Status.OPEN)


async def test_a_ticket_without_an_answer_cannot_be_resolved(session, clock, li) -> None:
    ticket = await make_ticket(session, now=clock())
    await actions.claim(session, ticket.id, by=agent(li.id), now=clock())

    with pytest.raises(Conflict, match="tell the customer"):
        await actions.resolve(
            session, ticket.id, code=ResolutionCode.SOLVED, by=agent(li.id), now=clock()
        )


async def test_reopening_brings_it_back_to_its_owner_and_forgets_how_it_was_solved(
    session, clock, li, wang
) -> None:
    ticket = await answered(session, clock, li)
    ticket.assignee_id = wang.id
    await actions.resolve(
        session, ticket.id, code=ResolutionCode.SOLVED, by=agent(wang.id), now=clock()
    )
    assert ticket.next_due_at is None

    await actions.reopen(session, ticket.id, by=SYSTEM, now=clock(), reason="not solved")

    assert (ticket.status, ticket.assignee_id, ticket.reopen_count) == (Status.OPEN, li.id, 1)
    assert (ticket.resolved_at, ticket.resolution_code) == (None, None)
    assert ticket.next_due_at is not None


@pytest.mark.parametrize(
    ("resolved", "reopened", "due"), [(13, 15, 18), (15, 18, 19)], ids=["13-15", "15-18"]
)
async def test_the_time_a_ticket_lay_resolved_does_not_count(
    session, clock, li, resolved, reopened, due
) -> None:
    """BoldDesk's example: due at 16:00, from a start at noon."""
    noon = clock()
    ticket = await answered(session, clock, li)
    clocks = await clocks_of(session, ticket.id)
    clocks[ClockKind.RESOLUTION].due_at = noon + timedelta(hours=16 - 12)
    clocks[ClockKind.RESOLUTION].target = 4 * 3600

    clock.advance(hours=resolved - 12)
    await actions.resolve(
        session, ticket.id, code=ResolutionCode.SOLVED, by=agent(li.id), now=clock()
    )
    assert clocks[ClockKind.RESOLUTION].state is ClockState.MET
    clock.advance(hours=reopened - resolved)
    await actions.reopen(session, ticket.id, by=SYSTEM, now=clock(), reason="not solved")

    assert clocks[ClockKind.RESOLUTION].state is ClockState.RUNNING
    assert ticket.next_due_at == noon + timedelta(hours=due - 12)


async def test_a_promise_that_was_broken_before_stays_broken(session, clock, li) -> None:
    ticket = await answered(session, clock, li)
    clock.advance(hours=25)
    await actions.note_breaches(session, ticket.id, now=clock())
    await actions.resolve(
        session, ticket.id, code=ResolutionCode.SOLVED, by=agent(li.id), now=clock()
    )

    await actions.reopen(session, ticket.id, by=SYSTEM, now=clock(), reason="not solved")

    resolution = (await clocks_of(session, ticket.id))[ClockKind.RESOLUTION]
    assert (resolution.state, resolution.stopped_at) == (ClockState.BREACHED, None)
    assert ticket.next_due_at is not None


async def test_a_breach_is_noted_once_and_dated_to_the_due_instant(session, clock) -> None:
    ticket = await make_ticket(session, now=clock())
    due = ticket.next_due_at
    await actions.note_breaches(session, ticket.id, now=due)  # met if done at this very instant
    assert ticket.breached_at is None

    for _ in range(2):
        await actions.note_breaches(session, ticket.id, now=due + timedelta(hours=1))

    assert ticket.breached_at == due
    assert await kinds_of(session, ticket) == ["clock.breached"]


async def test_cancelling_needs_a_reason_and_ends_every_promise(session, clock, li) -> None:
    ticket = await make_ticket(session, now=clock())
    with pytest.raises(Invalid):
        await actions.cancel(session, ticket.id, by=SYSTEM, now=clock(), reason=" ")

    await actions.cancel(session, ticket.id, by=SYSTEM, now=clock(), reason="spam")

    assert {c.state for c in (await clocks_of(session, ticket.id)).values()} == {
        ClockState.CANCELLED
    }
    assert (ticket.next_due_at, ticket.waiting_since) == (None, None)


# What it is


async def test_an_edit_of_an_old_version_is_refused(session, clock) -> None:
    ticket = await make_ticket(session, now=clock())
    edit = {"by": SYSTEM, "now": clock()}
    await actions.edit(session, ticket.id, version=1, changes={"category": "parcel"}, **edit)

    with pytest.raises(Stale):
        await actions.edit(session, ticket.id, version=1, changes={"category": "bill"}, **edit)

    assert (ticket.category, ticket.version) == ("parcel", 2)


async def test_an_edit_that_changes_nothing_says_nothing(session, clock) -> None:
    ticket = await make_ticket(session, now=clock())

    await actions.edit(
        session,
        ticket.id,
        version=None,
        changes={"priority": Priority.NORMAL, "tags": []},
        by=SYSTEM,
        now=clock(),
    )

    assert ticket.version == 1
    assert await kinds_of(session, ticket) == []


async def test_the_log_does_not_repeat_what_the_customer_wrote(session, clock) -> None:
    ticket = await make_ticket(session, now=clock(), subject="my secret")

    await actions.edit(
        session,
        ticket.id,
        version=None,
        changes={"subject": "another secret", "category": "parcel"},
        by=SYSTEM,
        now=clock(),
    )

    [event] = await events.ticket_events(session, ticket.id)
    assert event.data["changed"] == ["category", "subject"]
    assert "secret" not in str(event.data)


async def test_a_higher_priority_means_earlier_dues_from_the_same_start(session, clock) -> None:
    start = clock()
    ticket = await make_ticket(session, now=start)
    clock.advance(minutes=10)

    await actions.edit(
        session,
        ticket.id,
        version=None,
        changes={"priority": Priority.URGENT},
        by=SYSTEM,
        now=clock(),
    )

    clocks = await clocks_of(session, ticket.id)
    assert clocks[ClockKind.FIRST_RESPONSE].due_at == start + timedelta(hours=1)
    assert clocks[ClockKind.RESOLUTION].due_at == start + timedelta(hours=4)
    assert ticket.next_due_at == start + timedelta(hours=1)


async def test_what_a_new_priority_makes_late_is_late_from_now_and_not_before(
    session, clock
) -> None:
    ticket = await make_ticket(session, priority=Priority.LOW, now=clock())
    clock.advance(minutes=90)

    await actions.edit(
        session,
        ticket.id,
        version=None,
        changes={"priority": Priority.URGENT},
        by=SYSTEM,
        now=clock(),
    )

    assert ticket.next_due_at == clock()


async def test_an_unknown_team_is_refused(session, clock) -> None:
    ticket = await make_ticket(session, now=clock())

    with pytest.raises(NotFound, match="no team 99"):
        await actions.edit(
            session,
            ticket.id,
            version=None,
            changes={"team_id": 99},
            by=SYSTEM,
            now=clock(),
        )


# All of it together


async def test_a_ticket_waits_for_a_department_only_when_one_was_asked(session, clock, li) -> None:
    ticket = await answered(session, clock, li)

    with pytest.raises(Conflict, match="issue a work order"):
        await actions.wait(
            session, ticket.id, status=Status.WAITING_DEPARTMENT, by=agent(li.id), now=clock()
        )

    assert ticket.status is Status.OPEN


async def test_events_of_a_ticket_are_numbered_without_gaps(session, clock, li) -> None:
    ticket = await answered(session, clock, li)
    await actions.wait(
        session, ticket.id, status=Status.WAITING_CUSTOMER, by=agent(li.id), now=clock()
    )
    await actions.resume(session, ticket.id, by=agent(li.id), now=clock())
    await actions.resolve(
        session, ticket.id, code=ResolutionCode.ANSWERED, by=agent(li.id), now=clock()
    )

    happened = await events.ticket_events(session, ticket.id)

    assert [event.seq for event in happened] == list(range(1, len(happened) + 1))
    assert [event.kind for event in happened] == [
        "ticket.claimed",
        "message.sent",
        "ticket.waiting",
        "ticket.resumed",
        "ticket.resolved",
    ]


async def test_every_active_ticket_is_found_in_the_queues_in_order_of_its_dues(
    session, clock, li
) -> None:
    tickets = [
        await make_ticket(session, now=clock(), priority=priority)
        for priority in (Priority.LOW, Priority.URGENT, Priority.NORMAL, Priority.URGENT)
    ]

    first = await queries.queue_page(session, Queue.UNCLAIMED, agent_id=li.id, limit=3)
    last = first[-1]
    rest = await queries.queue_page(
        session, Queue.UNCLAIMED, agent_id=li.id, after=(last.next_due_at, last.id), limit=3
    )

    low, urgent, normal, other = [ticket.id for ticket in tickets]
    assert [t.id for t in first] == [urgent, other, normal]
    assert [t.id for t in rest] == [low]
    assert await queries.queue_size(session, Queue.ALL, agent_id=li.id) == 4
    assert await queries.queue_size(session, Queue.MINE, agent_id=li.id) == 0


async def test_tickets_whose_promises_are_paused_come_last_and_on_the_next_page(
    session, clock
) -> None:
    tickets = [await make_ticket(session, now=clock() + timedelta(minutes=n)) for n in range(4)]
    for paused in tickets[:2]:
        paused.next_due_at = None
    await session.flush()

    seen: list[int] = []
    after = None
    while page := await queries.queue_page(session, Queue.ALL, agent_id=0, after=after, limit=1):
        seen.append(page[0].id)
        after = (page[0].next_due_at, page[0].id)

    assert seen == [tickets[2].id, tickets[3].id, tickets[0].id, tickets[1].id]


@pytest.mark.race
async def test_of_many_who_claim_at_once_exactly_one_wins(db, database_url, clock) -> None:
    """Two processes, many agents, one ticket after another."""
    agents_each, rounds = 10, max(1, CLAIMS // 20)
    other = Database(database_url)
    async with db.begin() as session:
        team = [(await make_agent(session, now=clock())).id for _ in range(2 * agents_each)]

    async def try_to_claim(database: Database, number: int, ticket_id: int) -> int | None:
        try:
            async with database.begin() as session:
                await actions.claim(session, ticket_id, by=agent(number), now=clock())
        except AlreadyClaimed:
            return None
        return number

    for _ in range(rounds):
        async with db.begin() as session:
            ticket_id = (await make_ticket(session, now=clock())).id
        tried = await asyncio.gather(
            *(
                try_to_claim((db, other)[position % 2], number, ticket_id)
                for position, number in enumerate(team)
            )
        )
        [winner] = [number for number in tried if number is not None]
        async with db.read() as session:
            ticket = await queries.get_ticket(session, ticket_id)
            happened = await events.ticket_events(session, ticket_id)
        assert (ticket.owner_id, ticket.assignee_id) == (winner, winner)
        assert [event.kind for event in happened] == ["ticket.claimed"]
    await other.dispose()


async def test_an_answer_that_comes_late_is_noted_before_the_sweep_has_come_by(
    session, clock, li
) -> None:
    ticket = await make_ticket(session, now=clock())
    await actions.claim(session, ticket.id, by=agent(li.id), now=clock())
    due = ticket.next_due_at
    clock.advance(hours=2)

    await messages.reply(session, ticket.id, text="Sorry", by=agent(li.id), now=clock())

    assert ticket.breached_at == due
    assert "clock.breached" in await kinds_of(session, ticket)
