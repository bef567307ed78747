"""The people of the machine, what they can be told apart by, and one step of anybody."""

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Agent, Role, TeamMember, acting
from contact_center.bus import Bus
from contact_center.db import Database
from contact_center.errors import ContactCenterError
from contact_center.events.rules import Actor, agent
from contact_center.intake.actions.taking import Intake
from contact_center.runtime import Runtime
from contact_center.settings import Settings
from contact_center.texts import load_texts
from contact_center.tickets.models import ACTIVE, FINISHED, Status
from tests.acceptance.machine.floor import Floor
from tests.acceptance.machine.sight import Row, Sight
from tests.support.calendars import POLICIES, SHIPPED
from tests.support.factories import make_agent, make_team
from tests.support.fakes import FakeClock

MONDAY = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)  # half an hour before it opens
SETTINGS, TEXTS = Settings(), load_texts(Path("config/texts"))
HELD = ACTIVE - {Status.QUEUED}
Do = Callable[[AsyncSession], Awaitable[Any]]


class Desk:
    def __init__(self, floor: Floor) -> None:
        self.floor, self.sight, self.clock = floor, Sight(), FakeClock(MONDAY)
        floor.open()
        floor.step(self._hire)
        db = cast("Database", floor)
        self.runtime = Runtime(
            settings=SETTINGS,
            db=db,
            bus=Bus(),
            storage=cast("Any", None),  # nobody sends files
            texts=TEXTS,
            calendars=SHIPPED,
            policies=POLICIES,
            inbox=cast("Any", None),  # `intake` is called without a batcher
            channels={},
            now=self.clock,
            random=Random(7),
        )
        self.intake = Intake(
            db=db,
            settings=SETTINGS,
            texts=TEXTS,
            routes=self.runtime.switchboard,
            dialogue=cast("Any", None),  # nobody talks to the bot
            policies=POLICIES,
            now=self.clock,
        )
        self._see()

    async def _hire(self, session: AsyncSession) -> None:
        """Li and Wang work in Service, which Lee leads, Ned and Bill in departments."""
        now, names = MONDAY, ("Service", "Network", "Billing")
        service, network, billing = [await make_team(session, now=now, name=n) for n in names]
        self.teams = [service.id, network.id, billing.id]
        self.members: dict[int, list[int]] = {number: [] for number in self.teams}
        self.staff: list[int] = []
        for name, team in (
            ("Li", service),
            ("Wang", service),
            ("Ned", network),
            ("Bill", billing),
            ("Lee", service),
        ):
            role = Role.LEAD if name == "Lee" else Role.AGENT
            person = await make_agent(session, now=now, name=name, role=role)
            session.add(TeamMember(team_id=team.id, agent_id=person.id))
            self.staff.append(person.id)
            self.members[team.id].append(person.id)
        self.lead = self.staff[-1]

    @property
    def now(self) -> datetime:
        return self.clock()

    def attempt(self, do: Do) -> tuple[bool, Any]:
        """Whether it was possible, and what came of it; what is refused is rolled back."""
        try:
            done = True, self.floor.step(do)
        except ContactCenterError:
            self.sight.nothing()
            return False, None
        self._see()
        return done

    async def sweep(self, jobs: Sequence[Callable[[Runtime], Awaitable[int]]]) -> None:
        """What a sweep cannot do it only logs, and goes on; here that is an error."""
        failures = _Failures()
        logging.getLogger("scheduler").addHandler(failures)
        try:
            for job in jobs:
                await job(self.runtime)
        finally:
            logging.getLogger("scheduler").removeHandler(failures)
        if failures.errors:
            raise failures.errors[0]

    def _see(self) -> None:
        written, self.floor.written = self.floor.written, set()
        self.floor.run(self.floor.connection.run_sync(self.sight.look, written))

    # Who and what

    def ticket(self, number: int, statuses: Collection[Status] = HELD) -> Row:
        """Mostly one in which the step is possible; 9 is any, to see that it is refused."""
        every = list(self.sight.now["tickets"].values())
        apt = [one for one in every if one.status in statuses] if number != 9 else every
        apt = apt or [one for one in every if one.status not in FINISHED] or every
        return apt[number % len(apt)]

    def person(self, who: int | str, ticket: Row) -> Actor:
        named = {"assignee": ticket.assignee_id, "owner": ticket.owner_id, "lead": self.lead}
        if who == "acting":
            number = self.acting(ticket.owner_id)
        else:
            number = self.staff[who] if isinstance(who, int) else named[who]
        return agent(number or self.staff[0])

    def acting(self, number: int | None) -> int | None:
        """Who acts for somebody now, by rows of absences and nothing else."""
        people: dict[int, Agent] = self.sight.now["agents"]
        here = {n: one.deputy_id for n, one in people.items() if one.active}
        gone = {n: one.deputy_id for n, one in people.items() if not one.active}
        return number and acting(number, absent={**gone, **self.absent()}, deputies=here)

    def gone(self) -> list[int]:
        return [n for n, one in self.sight.now["agents"].items() if not one.active]

    def absent(self) -> dict[int, int | None]:
        absences = self.sight.now["absences"].values()
        current = [one for one in absences if one.starts_at <= self.now < one.ends_at]
        return {one.agent_id: one.deputy_id for one in sorted(current, key=lambda o: o.ends_at)}


class _Failures(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info and record.exc_info[1]
        self.errors.append(error or AssertionError(record.getMessage()))
