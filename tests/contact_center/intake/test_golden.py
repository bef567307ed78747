"""Recorded deadlines and the scenarios of time, as tickets get them: a policy, a message, a clock.

Every vector of `golden.json` in business time, and G01 to G24 where they are about clocks.
"""

import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from bots.dialogs.talk import build_dialogue
from contact_center.agents.models import Agent
from contact_center.channels.dialogue import Step
from contact_center.closure import actions as closure
from contact_center.db import Database
from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.events.queries import ticket_events
from contact_center.events.rules import BOT, SYSTEM, agent
from contact_center.intake.actions.taking import Intake
from contact_center.messages import actions as messages
from contact_center.messages.models import Author
from contact_center.messages.queries import lock_undelivered, ticket_messages
from contact_center.policies.loading import parse_policies
from contact_center.settings import Settings, config_directory
from contact_center.sla.actions import versions
from contact_center.sla.actions.rows import run_of
from contact_center.sla.models import CalendarVersion, Clock, ClockKind, ClockState, PolicyVersion
from contact_center.sla.rules.history import rebuild
from contact_center.switchboard import Switchboard
from contact_center.texts import load_texts
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import Priority, ResolutionCode, Status, Ticket
from contact_center.tickets.queries import get_ticket, lock_ticket
from tests.support.calendars import BY_NAME, GOLDEN, SHIPPED
from tests.support.factories import inbound, make_agent
from tests.support.fakes import FakeClock
from tests.support.promises import PRESETS

CALENDARS = {**SHIPPED, **BY_NAME}
FULL, FIRST, NEXT = ClockKind.RESOLUTION, ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE
BY_PRIORITY = """
[[policy]]
id = "golden"
title.en = "Golden"
calendar = "MF0917"
clocks = [
  { name = "P2", clock = "resolution", target = "4bh", pausable = true, when.priority = "high" },
  { name = "P3", clock = "resolution", target = "24bh", pausable = true },
]
"""


def promise(calendar: str, target: str, clock: str = "resolution") -> str:
    return f"""
[[policy]]
id = "golden"
title.en = "Golden"
calendar = "{calendar}"
clocks = [{{ name = "golden", clock = "{clock}", target = "{target}", pausable = true }}]
"""


def monday(hour: int, minute: int = 0, second: int = 0, *, days: int = 0) -> datetime:
    return datetime(2026, 11, 23, hour, minute, second, tzinfo=UTC) + timedelta(days=days)


@dataclass
class Desk:
    """Customers who write mail, and Li, who answers."""

    db: Database
    clock: FakeClock
    intake: Intake
    li: Agent

    async def receives(self, at: datetime, text: str = "My parcel is late") -> int:
        self.clock.now = at
        [receipt] = await self.intake.handle([inbound(text, channel="email", address="ann@x.org")])
        return receipt.ticket_id

    async def do(self, action: Any, number: int, *, at: datetime, **facts: Any) -> Any:
        self.clock.now = at
        async with self.db.begin() as session:
            return await action(session, number, by=agent(self.li.id), now=at, **facts)

    async def answers(self, number: int, at: datetime, text: str = "It is on its way") -> None:
        await self.do(messages.reply, number, at=at, text=text)

    async def waits(self, number: int, at: datetime) -> None:
        await self.answers(number, at, "Which parcel?")
        await self.do(tickets.wait, number, at=at, status=Status.WAITING_CUSTOMER)

    async def resolves(self, number: int, at: datetime) -> None:
        await self.do(closure.resolve, number, at=at, code=ResolutionCode.SOLVED)

    async def clocks(self, number: int, kind: ClockKind = FULL) -> list[Clock]:
        async with self.db.read() as session:
            every = select(Clock).where(Clock.ticket_id == number).order_by(Clock.id)
            found = list(await session.scalars(every))
            log = rebuild(await ticket_events(session, number))
        assert log == {(one.kind, one.ref_id, one.attempt): run_of(one) for one in found}
        return [one for one in found if one.kind is kind]

    async def the(self, number: int, kind: ClockKind = FULL) -> Clock:
        [found] = await self.clocks(number, kind)
        return found

    async def ticket(self, number: int) -> Ticket:
        async with self.db.read() as session:
            return await get_ticket(session, number)


@pytest.fixture
async def promising(db, clock):
    """A desk that promises what a text says."""
    known: set[str] = set()

    async def open_desk(text: str) -> Desk:
        policies = parse_policies(tomllib.loads(text), PRESETS, calendars=CALENDARS)
        known.add(policies.version)
        clock.now = datetime(2025, 1, 1, tzinfo=UTC)
        async with db.begin() as session:
            await versions.keep(session, calendars=CALENDARS, policies=policies, now=clock())
            li = await make_agent(session, now=clock(), name="Li")
        intake = Intake(
            policies=policies,
            db=db,
            settings=Settings(),
            texts=load_texts(config_directory() / "texts"),
            routes=Switchboard(),
            dialogue=lambda state, turn: Step(state=state, say=[]),
            now=clock,
        )
        return Desk(db, clock, intake, li)

    yield open_desk
    async with db.begin() as session:  # versions outlive a test
        await session.execute(delete(Clock))
        names = tuple(BY_NAME.keys() - SHIPPED.keys())
        await session.execute(delete(CalendarVersion).where(CalendarVersion.name.in_(names)))
        await session.execute(delete(PolicyVersion).where(PolicyVersion.digest.in_(known)))


@pytest.mark.parametrize("case", GOLDEN["business_time"], ids=lambda case: case["id"])
async def test_a_ticket_is_due_at_the_recorded_instant(promising, case: dict[str, Any]) -> None:
    """Pauses are those of who waits for the customer, and the customer ends them by writing."""
    unit = "min" if case["calendar"] == "24x7" else "bmin"
    desk = await promising(promise(case["calendar"], f"{case['target_s'] // 60}{unit}"))

    number = await desk.receives(datetime.fromisoformat(case["received_utc"]))
    for start, end in case.get("pauses_utc", ()):
        await desk.waits(number, datetime.fromisoformat(start))
        assert (await desk.the(number)).due_at is None
        assert (await desk.ticket(number)).next_due_at is None
        await desk.receives(datetime.fromisoformat(end), "This one")

    due = datetime.fromisoformat(case["due_utc"])
    found = await desk.the(number)
    assert (found.state, found.due_at, found.legal_due_at) == (ClockState.RUNNING, due, due)
    assert (await desk.ticket(number)).next_due_at == due


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC), ClockState.MET),  # 18:00:00 in Shanghai
        (datetime(2026, 11, 23, 10, 0, 1, tzinfo=UTC), ClockState.BREACHED),
    ],
)
async def test_g06_an_answer_at_closing_time_is_in_time_and_a_second_later_it_is_not(
    promising, at, state
) -> None:
    desk = await promising(promise("CN", "4bh", "first_response"))
    number = await desk.receives(datetime(2026, 11, 23, 6, tzinfo=UTC))

    await desk.answers(number, at)

    found = await desk.the(number, FIRST)
    assert (found.state, found.due_at.hour) == (state, 10)
    assert found.breached_at == (None if state is ClockState.MET else found.due_at)


async def test_g15_seven_of_eight_hours_are_used_when_the_pause_begins(promising) -> None:
    desk = await promising(promise("MF0917", "8bh"))
    number = await desk.receives(monday(9))

    await desk.waits(number, monday(16))

    found = await desk.the(number)
    assert (found.state, found.consumed, found.due_at) == (ClockState.PAUSED, 7 * 3600, None)


async def test_g18_resolved_while_it_waits_it_has_used_two_hours_and_is_met(promising) -> None:
    desk = await promising(promise("MF0917", "8bh"))
    number = await desk.receives(monday(9))
    await desk.waits(number, monday(11))

    await desk.resolves(number, monday(15, days=2))

    found = await desk.the(number)
    assert (found.state, found.consumed, found.met_final) == (ClockState.MET, 2 * 3600, True)


async def test_g19_a_priority_that_is_raised_counts_from_the_same_start(promising) -> None:
    desk = await promising(BY_PRIORITY)
    number = await desk.receives(monday(9))
    await desk.waits(number, monday(10))
    await desk.receives(monday(12), "This one")

    changes = {"priority": Priority.HIGH}
    await desk.do(tickets.edit, number, at=monday(14), version=None, changes=changes)

    found = await desk.the(number)
    assert (found.state, found.due_at) == (ClockState.RUNNING, monday(15))


async def test_g19_raised_too_late_it_is_late_from_then_on_because_of_that(promising) -> None:
    desk = await promising(BY_PRIORITY)
    number = await desk.receives(monday(9))
    await desk.waits(number, monday(10))
    await desk.receives(monday(12), "This one")

    changes = {"priority": Priority.HIGH}
    await desk.do(tickets.edit, number, at=monday(15, 30), version=None, changes=changes)

    found = await desk.the(number)
    assert (found.state, found.breached_at) == (ClockState.BREACHED, monday(15, 30))
    assert found.breach_cause == "policy_change"


@pytest.mark.parametrize(("resolved", "reopened", "due"), [(13, 15, 18), (15, 18, 19)])
async def test_g21_who_writes_again_goes_on_without_the_time_it_lay_resolved(
    promising, resolved, reopened, due
) -> None:
    desk = await promising(promise("24x7", "8h"))
    number = await desk.receives(monday(8))
    assert (await desk.the(number)).due_at == monday(16)
    await desk.answers(number, monday(resolved))
    await desk.resolves(number, monday(resolved))

    assert await desk.receives(monday(reopened), "It is still missing") == number

    found = await desk.the(number)
    assert (found.state, found.due_at) == (ClockState.RUNNING, monday(due))
    assert (found.met_first, found.met_final) == (True, None)


@pytest.mark.parametrize(("days", "is_new"), [(13, False), (15, True)])
async def test_g21_on_day_15_it_is_a_new_ticket_for_the_same_owner(promising, days, is_new) -> None:
    desk = await promising(promise("24x7", "8h"))
    number = await desk.receives(monday(8))
    await desk.answers(number, monday(9))
    await desk.resolves(number, monday(9))

    again = await desk.receives(monday(9, days=days), "It is missing again")

    assert (again != number) is is_new
    ticket = await desk.ticket(again)
    if is_new:
        assert (ticket.follows_id, ticket.suggested_owner_id) == (number, desk.li.id)
    else:
        assert (ticket.owner_id, ticket.reopen_count) == (desk.li.id, 1)


async def test_g24_three_questions_are_one_wait_from_the_first_of_them(promising) -> None:
    desk = await promising(promise("24x7", "2h", "next_response"))
    number = await desk.receives(monday(9))
    await desk.answers(number, monday(9, 30))
    for minute in (0, 5, 20):
        await desk.receives(monday(10, minute), "And where is it now?")

    await desk.answers(number, monday(10, 40))

    found = await desk.the(number, NEXT)
    assert (found.state, found.started_at) == (ClockState.MET, monday(10))
    assert found.stopped_at - found.started_at == timedelta(minutes=40)
    await desk.receives(monday(10, 50), "Thanks!")
    await desk.do(tickets.need_no_reply, number, at=monday(11))
    assert [one.state for one in await desk.clocks(number, NEXT)] == [
        ClockState.MET,
        ClockState.CANCELLED,
    ]


async def test_g17_a_pause_over_the_weekend_is_two_hours(promising) -> None:
    desk = await promising(promise("MF0917", "8bh"))
    friday = monday(11, days=-3)
    number = await desk.receives(friday)
    await desk.waits(number, friday.replace(hour=16))

    await desk.receives(monday(10), "This one")

    assert (await desk.the(number)).due_at == monday(13)


async def test_g25_only_what_a_person_said_and_what_arrived_is_an_answer(promising) -> None:
    desk = await promising(promise("24x7", "2h", "first_response"))
    number = await desk.receives(monday(9))
    async with desk.db.read() as session:  # the receipt, at once
        authors = [message.author for message in await ticket_messages(session, number)]
    assert authors == [Author.CUSTOMER, Author.SYSTEM]
    await desk.do(messages.add_note, number, at=monday(9, 10), text="Ask the depot")
    for by, kind in ((SYSTEM, "receipt"), (BOT, "bot")):
        async with desk.db.begin() as session:
            ticket = await lock_ticket(session, number)
            said = {"text": "We are on it", "kind": kind, "by": by, "now": monday(9, 11)}
            await messages.say_as_system(session, ticket, **said)
    assert (await desk.the(number, FIRST)).stopped_at is None

    answer = await desk.do(messages.reply, number, at=monday(9, 30), text="It left")
    assert (await desk.the(number, FIRST)).stopped_at == monday(9, 30)
    async with desk.db.begin() as session:
        ours = Delivery.message_id == answer.id
        await session.execute(update(Delivery).where(ours).values(status=DeliveryStatus.DEAD))
        [delivery_id] = await session.scalars(select(Delivery.id).where(ours))
    async with desk.db.begin() as session:
        assert list(await lock_undelivered(session, after=0, limit=9)) == [delivery_id]
        await messages.take_back(session, delivery_id, now=monday(9, 31))
    assert (await desk.the(number, FIRST)).stopped_at is None
    await desk.do(messages.retry_delivery, delivery_id, at=monday(9, 50))

    found = await desk.the(number, FIRST)
    assert (found.state, found.stopped_at - found.started_at) == (
        ClockState.MET,
        timedelta(minutes=50),
    )


async def test_g25_after_a_bot_a_person_is_waited_for_from_the_handover_on(promising) -> None:
    desk = await promising(promise("24x7", "2h", "first_response"))
    texts = load_texts(config_directory() / "texts")
    desk.intake = replace(desk.intake, dialogue=build_dialogue(texts, company="Tea & Co"))

    async def says(text: str, at: datetime) -> int:
        desk.clock.now = at
        said = inbound(text, address="ann", channel="webchat", dialogue=True)
        [receipt] = await desk.intake.handle([said])
        return receipt.ticket_id

    number = await says("hello", monday(9))
    assert await desk.clocks(number, FIRST) == []

    assert await says("human", monday(9, 20)) == number
    await desk.answers(number, monday(9, 21, 10))

    found = await desk.the(number, FIRST)
    assert (found.started_at, found.stopped_at - found.started_at) == (
        monday(9, 20),
        timedelta(seconds=70),
    )
