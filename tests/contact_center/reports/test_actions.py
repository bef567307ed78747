from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import event, func, select, update

from contact_center.agents.models import Presence
from contact_center.calendars.days import parse
from contact_center.calendars.hours import ROUND_THE_CLOCK
from contact_center.callbacks.models import Callback, CallbackState
from contact_center.channels.base import Outgoing
from contact_center.deliveries import actions as deliveries
from contact_center.deliveries.models import Delivery
from contact_center.events.rules import agent, customer
from contact_center.ledger import actions as ledger
from contact_center.ledger.models import Outcome
from contact_center.messages import actions as messages
from contact_center.promises.models import Promise, PromiseState
from contact_center.reports import actions, rules
from contact_center.reports.models import Age, Digest, Wallboard
from contact_center.reports.queries import promises
from contact_center.sla.actions import versions
from contact_center.sla.actions.clocks import start, stop
from contact_center.sla.models import Clock, ClockKind
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import ResolutionCode, Status
from contact_center.tickets.queries import lock_ticket
from contact_center.work_orders.actions import issuing
from contact_center.work_orders.actions.issuing import Asked
from scheduler import sweeps
from tests.conftest import NOON
from tests.support.calendars import POLICIES, SHIPPED
from tests.support.factories import (
    customer_says,
    inbound,
    make_agent,
    make_team,
    make_ticket,
)

TODAY = NOON.date()


class Office:
    """One agent in one team who does what tests say when they say it."""

    def __init__(self, runtime, clock) -> None:
        self.runtime, self.clock = runtime, clock

    async def opens(self) -> None:
        async with self.runtime.db.begin() as session:
            self.li = (await make_agent(session, now=self.clock(), name="Li")).id
            self.team = (await make_team(session, now=self.clock(), name="Service")).id

    async def ticket(self, **fields) -> int:
        async with self.runtime.db.begin() as session:
            fields = {"team_id": self.team} | fields
            return (await make_ticket(session, now=self.clock(), **fields)).id

    async def answers(self, ticket_id: int) -> None:
        async with self.runtime.db.begin() as session:
            await messages.reply(session, ticket_id, text="Hm", by=agent(self.li), now=self.clock())

    async def resolves(self, ticket_id: int) -> None:
        async with self.runtime.db.begin() as session:
            await tickets.resolve(
                session,
                ticket_id,
                code=ResolutionCode.SOLVED,
                by=agent(self.li),
                now=self.clock(),
            )

    async def reopens(self, ticket_id: int) -> None:
        async with self.runtime.db.begin() as session:
            await tickets.reopen(
                session, ticket_id, by=agent(self.li), now=self.clock(), reason="mistake"
            )

    async def cancels(self, ticket_id: int) -> None:
        async with self.runtime.db.begin() as session:
            await tickets.cancel(
                session, ticket_id, by=agent(self.li), now=self.clock(), reason="spam"
            )

    async def calls_back(self, ticket_id: int, score: int | None, **fields) -> None:
        async with self.runtime.db.begin() as session:
            values = {"state": CallbackState.COMPLETED, "cycle": 0, "due_at": self.clock()}
            values |= {"created_at": self.clock(), "ended_at": self.clock(), "score": score}
            session.add(Callback(ticket_id=ticket_id, **values | fields))

    async def digest(self, day: date = TODAY, **scope) -> Digest:
        period = rules.days(day, day, time_zone="UTC")
        async with self.runtime.db.read() as session:
            return await actions.digest(session, period, now=self.clock(), **scope)


@pytest.fixture
async def office(runtime, clock) -> Office:
    office = Office(runtime, clock)
    await office.opens()
    return office


async def test_a_day_in_figures(office, clock) -> None:
    quick, slow, never = [await office.ticket() for _ in range(3)]
    clock.advance(minutes=10)
    await office.answers(quick)
    clock.advance(minutes=80)
    await office.answers(slow)
    clock.advance(minutes=30)
    await office.resolves(quick)
    await sweeps.note_breaches(office.runtime)

    total = (await office.digest()).total

    assert (total.opened, total.resolved, total.reopened, total.open) == (3, 1, 0, 2)
    assert total.first_response.tickets == 2
    assert (total.first_response.median, total.first_response.p90) == (600, 5400)
    assert total.resolution.median == 7200
    promises = total.first_response_promises
    assert (promises.kept, promises.broken, promises.compliance) == (1, 2, 1 / 3)
    assert total.resolution_promises.compliance == 1.0
    assert never


async def test_what_broke_counts_before_any_sweep_has_seen_it(office, clock) -> None:
    await office.ticket()
    clock.advance(minutes=60)
    assert (await office.digest()).total.first_response_promises.broken == 0

    clock.advance(seconds=1)
    before = await office.digest()
    await sweeps.note_breaches(office.runtime)

    assert before.total.first_response_promises.broken == 1
    assert (await office.digest()).total == before.total


async def test_a_breach_belongs_to_the_day_it_was_due(office, clock) -> None:
    ticket_id = await office.ticket()
    clock.advance(days=2)
    await sweeps.note_breaches(office.runtime)
    await office.answers(ticket_id)

    first = await office.digest()
    third = await office.digest(TODAY + timedelta(days=2))

    assert first.total.first_response_promises.broken == 1
    assert third.total.first_response_promises.broken == 0
    assert third.total.first_response.tickets == 1


async def test_cancelled_tickets_count_in_no_promise(office, clock) -> None:
    spam = await office.ticket()
    clock.advance(hours=3)
    await sweeps.note_breaches(office.runtime)
    await office.cancels(spam)

    total = (await office.digest()).total

    assert total.first_response_promises.compliance is None
    assert (total.opened, total.open) == (1, 0)


async def test_a_ticket_resolved_twice_counts_once_without_the_time_it_lay(office, clock) -> None:
    ticket_id = await office.ticket()
    await office.answers(ticket_id)
    clock.advance(hours=1)
    await office.resolves(ticket_id)
    clock.advance(hours=5)
    await office.reopens(ticket_id)
    clock.advance(hours=1)
    await office.resolves(ticket_id)

    total = (await office.digest()).total

    assert (total.resolved, total.reopened, total.resolution.median) == (1, 1, 7200)


async def test_a_closed_day_keeps_its_figures(office, clock) -> None:
    ticket_id = await office.ticket()
    await office.answers(ticket_id)
    await office.resolves(ticket_id)
    before = (await office.digest()).total
    clock.advance(days=1)
    await office.reopens(ticket_id)

    after = (await office.digest()).total

    assert (after.opened, after.resolved, after.first_response, after.resolution) == (
        before.opened,
        before.resolved,
        before.first_response,
        before.resolution,
    )


async def test_days_begin_and_end_at_local_midnight(office, clock) -> None:
    clock.now = datetime.fromisoformat("2026-03-28T22:59:59+00:00")
    await office.ticket()
    clock.now = datetime.fromisoformat("2026-03-28T23:00:00+00:00")  # midnight in Berlin
    await office.ticket()
    clock.now = datetime.fromisoformat("2026-03-29T21:59:59+00:00")  # an hour was skipped
    await office.ticket()
    clock.now = datetime.fromisoformat("2026-03-29T22:00:00+00:00")
    await office.ticket()

    period = rules.days(date(2026, 3, 29), date(2026, 3, 29), time_zone="Europe/Berlin")
    async with office.runtime.db.read() as session:
        digest = await actions.digest(session, period, now=clock())

    assert digest.total.opened == 2


@pytest.mark.parametrize(
    ("days", "age"),
    [
        (0, Age.ONE_DAY),
        (1, Age.ONE_DAY),
        (1.01, Age.THREE_DAYS),
        (3, Age.THREE_DAYS),
        (5, Age.FIVE_DAYS),
        (10, Age.TEN_DAYS),
        (10.01, Age.OLDER),
        (400, Age.OLDER),
    ],
)
async def test_open_tickets_lie_in_buckets_by_age(office, clock, days, age) -> None:
    await office.ticket(created_at=clock() - timedelta(days=days))

    ages = (await office.digest()).total.ages

    assert {name for name, number in ages.items() if number} == {age}


@pytest.mark.parametrize("status", [Status.BOT, Status.RESOLVED, Status.CLOSED, Status.CANCELLED])
async def test_nothing_is_open_where_nobody_here_has_something_to_do(office, status) -> None:
    await office.ticket(status=status)

    assert (await office.digest()).total.open == 0


async def test_answers_of_customers(office, clock) -> None:
    for score in (5, 4, 4, 2, 3):
        await office.calls_back(await office.ticket(status=Status.CLOSED), score)
    silent = await office.ticket(status=Status.CLOSED)
    await office.calls_back(silent, None, state=CallbackState.EXPIRED)
    lost = await office.ticket(status=Status.CLOSED)
    await office.calls_back(lost, None, state=CallbackState.UNREACHABLE)
    reopened = await office.ticket(status=Status.OPEN)
    await office.calls_back(reopened, None, state=CallbackState.CANCELLED)
    earlier = await office.ticket(status=Status.CLOSED)
    await office.calls_back(earlier, 1, ended_at=clock() - timedelta(days=1))

    satisfaction = (await office.digest()).total.satisfaction

    assert (satisfaction.answers, satisfaction.satisfied, satisfaction.mean) == (5, 0.6, 3.6)
    assert (satisfaction.silent, satisfaction.unreachable, satisfaction.low) == (1, 1, 1)


async def test_teams_have_figures_of_their_own(office) -> None:
    await office.ticket()
    await office.ticket(team_id=None)
    await office.ticket(team_id=None)

    digest = await office.digest()

    assert [(team.name, team.figures.opened) for team in digest.teams] == [
        ("Service", 1),
        (None, 2),
    ]
    assert digest.total.opened == 3


async def test_a_lead_sees_the_figures_of_some_teams(office) -> None:
    await office.ticket()
    await office.ticket(team_id=None)

    digest = await office.digest(team_ids=[office.team])

    assert digest.total.opened == 1
    assert [team.name for team in digest.teams] == ["Service"]
    assert len(digest.longest_waiting) == 1


async def test_who_waits_longest_comes_first_with_the_owner(office, clock) -> None:
    numbers = []
    for minute in range(12):
        numbers.append(await office.ticket(owner_id=office.li if minute == 0 else None))
        clock.advance(minutes=1)
    clock.advance(minutes=55)
    await office.answers(numbers[1])

    waiting = (await office.digest()).longest_waiting

    assert [w.ticket_id for w in waiting] == [numbers[0], *numbers[2:11]]
    assert (waiting[0].owner, waiting[1].owner) == ("Li", None)
    assert (waiting[0].is_late, waiting[-1].is_late) == (True, False)


async def test_nothing_happened_at_all(office) -> None:
    digest = await office.digest()

    assert digest.total.first_response.median is None
    assert digest.total.satisfaction.satisfied is None
    assert (digest.teams, digest.longest_waiting) == ([], [])


async def test_how_things_stand_now(office, clock) -> None:
    first = await office.ticket()
    await office.ticket(team_id=None)
    await office.ticket(status=Status.WAITING_CUSTOMER)
    async with office.runtime.db.begin() as session:
        await make_agent(session, now=clock(), presence=Presence.AWAY)
        await ledger.quarantine(session, [(inbound(), "too odd")], now=clock())
        for number in range(3):
            message = Outgoing(idempotency_key=f"k{number}", address="a", text="t")
            await deliveries.enqueue(
                session, message, channel="api", order_key="o", kind="reply", now=clock()
            )
        await session.execute(
            update(Delivery).where(Delivery.idempotency_key == "k0").values(status="dead")
        )
    clock.advance(minutes=61)
    await sweeps.note_breaches(office.runtime)

    board = await wallboard(office)

    assert (board.active, board.unclaimed, board.waiting, board.late) == (3, 2, 1, 3)
    assert board.oldest_waiting is not None
    assert board.oldest_waiting.ticket_id == first
    assert [(t.name, t.active, t.unclaimed) for t in board.teams] == [
        ("Service", 2, 1),
        (None, 1, 1),
    ]
    assert board.agents == {Presence.ONLINE: 1, Presence.AWAY: 1, Presence.OFFLINE: 0}
    assert board.arrivals == {Outcome.QUARANTINED: 1}
    assert (board.deliveries_pending, board.deliveries_dead, board.quarantined) == (2, 1, 1)


async def wallboard(office) -> Wallboard:
    async with office.runtime.db.read() as session:
        since = rules.instant(TODAY, zone=rules.ZoneInfo("UTC"))
        return await actions.wallboard(session, now=office.clock(), since=since)


async def test_g54_met_of_what_was_decided_whatever_is_pending_or_excluded(office, clock) -> None:
    """8 met, 1 done late, 1 overdue, 1 cancelled, 3 not due: 80 %."""
    met = [await office.ticket() for _ in range(8)]
    late, overdue, cancelled = [await office.ticket() for _ in range(3)]
    for ticket in met:
        await office.answers(ticket)
    await office.cancels(cancelled)
    clock.advance(minutes=61)
    pending = [await office.ticket() for _ in range(3)]
    await office.answers(late)

    total = (await office.digest()).total

    first = total.promises[ClockKind.FIRST_RESPONSE]
    assert (first.kept, first.broken, first.compliance) == (8, 2, 0.8)
    assert (first.pending, first.excluded) == (3, 1)
    assert first == total.first_response_promises
    for ticket in (*met, late, overdue, *pending):
        await office.cancels(ticket)
    nothing = (await office.digest()).total.promises[ClockKind.FIRST_RESPONSE]
    assert (nothing.compliance, nothing.kept, nothing.pending, nothing.excluded) == (None, 0, 0, 14)


async def legal_clock(office, ticket_id: int, *, internal: timedelta, legal: timedelta) -> None:
    """The final response, due by law later than we want to be done."""
    async with office.runtime.db.begin() as session:
        ticket = await lock_ticket(session, ticket_id)
        clock = await start(
            session,
            ticket,
            kind=ClockKind.FINAL_RESPONSE,
            target=parse("1h"),
            calendar=ROUND_THE_CLOCK,
            start=office.clock(),
            now=office.clock(),
        )
        clock.due_at, clock.legal_due_at = office.clock() + internal, office.clock() + legal
        clock.target = int(internal.total_seconds())


async def finishes(office, ticket_id: int) -> None:
    async with office.runtime.db.begin() as session:
        ticket = await lock_ticket(session, ticket_id)
        await stop(session, ticket, kind=ClockKind.FINAL_RESPONSE, now=office.clock())


async def test_what_is_done_by_the_legal_date_is_kept_though_we_wanted_it_sooner(
    office, clock
) -> None:
    within, after, never = [await office.ticket() for _ in range(3)]
    for ticket in (within, after, never):
        await legal_clock(office, ticket, internal=timedelta(days=1), legal=timedelta(days=3))
    clock.advance(days=2)
    await sweeps.note_breaches(office.runtime)
    second = TODAY + timedelta(days=2)
    open_yet = (await office.digest(second)).total.promises[ClockKind.FINAL_RESPONSE]
    assert (open_yet.kept, open_yet.broken, open_yet.pending) == (0, 0, 3)

    await finishes(office, within)
    clock.advance(days=2)
    await finishes(office, after)

    days = [TODAY + timedelta(days=number) for number in range(5)]
    told = [(await office.digest(day)).total.promises[ClockKind.FINAL_RESPONSE] for day in days]
    assert [(one.kept, one.broken) for one in told] == [(0, 0), (0, 0), (1, 0), (0, 2), (0, 0)]
    assert (told[2].kept_first, told[3].kept_first, told[4].pending) == (1, 0, 0)
    assert (told[2].took.tickets, told[2].took.median) == (1, 2 * 86400)


async def test_both_outcomes_of_what_was_opened_again_are_told(office, clock) -> None:
    ticket_id = await office.ticket()
    await office.answers(ticket_id)
    await office.resolves(ticket_id)
    await office.reopens(ticket_id)
    before = (await office.digest()).total.resolution_promises
    assert (before.kept, before.broken, before.pending) == (0, 0, 1)
    clock.advance(days=2)
    await sweeps.note_breaches(office.runtime)

    days = [TODAY + timedelta(days=number) for number in range(3)]
    told = [(await office.digest(day)).total.resolution_promises for day in days]

    assert sum(one.kept for one in told) == 0
    assert (sum(one.broken for one in told), sum(one.kept_first for one in told)) == (1, 1)


async def test_what_waits_for_the_customer_is_pending(office, clock) -> None:
    ticket_id = await office.ticket()
    await office.answers(ticket_id)
    async with office.runtime.db.begin() as session:
        await tickets.wait(
            session,
            ticket_id,
            status=Status.WAITING_CUSTOMER,
            by=agent(office.li),
            now=clock(),
        )
    clock.advance(days=20)

    resolution = (await office.digest()).total.resolution_promises

    assert (resolution.kept, resolution.broken, resolution.pending) == (0, 0, 1)


async def test_how_much_needed_no_reply_is_told_beside_what_was_answered(office, clock) -> None:
    thanked, asked = [await office.ticket(channel="email") for _ in range(2)]
    async with office.runtime.db.begin() as session:
        await versions.keep(session, calendars=SHIPPED, policies=POLICIES, now=clock())
    for ticket_id in (thanked, asked):
        await office.answers(ticket_id)
        async with office.runtime.db.begin() as session:
            ticket = await lock_ticket(session, ticket_id)
            said = await customer_says(session, ticket, "Hm", now=clock())
            who = customer(ticket.customer_id)
            await tickets.expect_answer(session, ticket, message_id=said, by=who, now=clock())
    await office.answers(asked)
    async with office.runtime.db.begin() as session:
        await tickets.need_no_reply(session, thanked, by=agent(office.li), now=clock())

    total = (await office.digest()).total

    assert (total.no_reply_needed.messages, total.no_reply_needed.share) == (1, 0.5)
    next_one = total.promises[ClockKind.NEXT_RESPONSE]
    assert (next_one.kept, next_one.excluded, next_one.compliance) == (1, 1, 1.0)


async def test_r1_every_clock_is_kept_broken_pending_or_excluded(office, clock) -> None:
    done, late, spam, waiting = [await office.ticket() for _ in range(4)]
    for ticket_id in (done, waiting):
        await office.answers(ticket_id)
    await office.resolves(done)
    await office.cancels(spam)
    clock.advance(hours=2)
    await office.answers(late)
    await legal_clock(office, waiting, internal=timedelta(hours=1), legal=timedelta(days=9))
    clock.advance(days=4)
    await office.ticket()

    period = rules.days(TODAY, TODAY + timedelta(days=30), time_zone="UTC")
    async with office.runtime.db.read() as session:
        total = (await actions.digest(session, period, now=clock())).total
        every = await session.scalar(select(func.count()).select_from(Clock))

    told = total.promises.values()
    assert sum(one.kept + one.broken + one.pending + one.excluded for one in told) == every


async def test_what_a_department_promised_counts_for_it_and_words_for_who_gave_them(
    office, clock
) -> None:
    ticket = await office.ticket()
    await office.answers(ticket)
    by, until = agent(office.li), clock() + timedelta(minutes=30)
    async with office.runtime.db.begin() as session:
        network = await make_team(session, name="Network", now=clock())
        asked = Asked(
            kind="task",
            team_id=network.id,
            task="Look",
            sign_for=parse("30min"),
            finish=parse("5h"),
            calendar=ROUND_THE_CLOCK,
        )
        await issuing.issue(session, ticket, asked, by=by, now=clock())
        for state, ended_at in ((PromiseState.KEPT, clock()), (PromiseState.OPEN, None)):
            session.add(
                Promise(
                    ticket_id=ticket,
                    text="x",
                    due_at=until,
                    promised_by_id=office.li,
                    state=state,
                    made_at=clock(),
                    ended_at=ended_at,
                )
            )
    clock.advance(minutes=31)

    digest = await office.digest()

    teams = {team.name: team.figures.promises[ClockKind.SIGN_FOR] for team in digest.teams}
    assert (teams["Network"].broken, teams["Service"].broken) == (1, 0)
    [word] = digest.kept_words
    assert (word.name, word.promises.kept, word.promises.broken) == ("Li", 1, 1)
    assert word.promises.compliance == 0.5
    assert [(one.clock, one.whose) for one in digest.worst] == [(ClockKind.SIGN_FOR, "Network")]


async def test_the_ten_deadlines_missed_by_the_most_are_named(office, clock) -> None:
    late = [await office.ticket(subject=f"Number {number}") for number in range(9)]
    clock.advance(hours=3)
    await office.answers(late[3])  # two hours late, the others are later by now
    clock.advance(hours=1)
    latest = [await office.ticket() for _ in range(3)]
    clock.advance(hours=2)

    digest = await office.digest()

    owed = [number for number in late if number != late[3]]
    assert [one.ticket_id for one in digest.worst] == [*owed, late[3], latest[0]]
    assert [one.late for one in digest.worst] == [5 * 3600.0] * 8 + [2 * 3600.0, 3600.0]
    assert [one.done_at is None for one in digest.worst] == [True] * 8 + [False, True]
    assert {one.clock for one in digest.worst} == {ClockKind.FIRST_RESPONSE}
    assert [one.whose for one in digest.worst] == [None] * 8 + ["Li", None]
    assert (await office.digest(team_ids=[office.team + 1])).worst == []


async def test_no_more_missed_deadlines_are_read_than_are_named(office, clock) -> None:
    for _ in range(5):
        await office.ticket()
        clock.advance(minutes=7)
    clock.advance(hours=6)
    day = rules.days(TODAY, TODAY, time_zone="UTC")
    read = []

    def note(connection, cursor, statement, *_) -> None:
        read.append(statement)

    async with office.runtime.db.read() as session:
        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", note)
        found = await promises.worst(session, day, now=clock(), limit=2)
        event.remove(engine, "before_cursor_execute", note)

    assert [ticket.id for ticket, _, _ in found] == [1, 2]
    looked_for = [one for one in read if "JOIN work_orders" in one]
    assert looked_for
    assert all("LIMIT" in one for one in looked_for)


async def test_nobody_reads_of_the_complaint_about_them_among_the_worst(office, clock) -> None:
    await office.ticket(about_agent_id=office.li)
    clock.advance(hours=6)

    assert (await office.digest(reader=office.li)).worst == []
    assert (await office.digest()).worst != []
