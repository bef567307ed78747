from dataclasses import replace
from datetime import timedelta

import pytest

from contact_center.agents.models import TeamMember
from contact_center.channels.dialogue import Step
from contact_center.customers.queries import identities_of
from contact_center.intake.actions.taking import Intake
from contact_center.routing import queries
from contact_center.settings import Settings, config_directory
from contact_center.switchboard import Rule, Switchboard
from contact_center.texts import load_texts
from tests.support.calendars import POLICIES
from tests.support.factories import inbound, make_agent, make_customer, make_team

MINUTE = timedelta(minutes=1)


@pytest.fixture
def switchboard() -> Switchboard:
    return Switchboard(rules=[Rule("Service")])


@pytest.fixture
def runtime(runtime, switchboard):
    return replace(runtime, switchboard=switchboard)


@pytest.fixture
def intake(db, clock, switchboard) -> Intake:
    return Intake(
        policies=POLICIES,
        db=db,
        settings=Settings(),
        texts=load_texts(config_directory() / "texts"),
        routes=switchboard,
        dialogue=lambda state, turn: Step(state={}),
        now=clock,
    )


class Place:
    """A team that gives its tickets out, and customers who write to it."""

    def __init__(self, db, intake, clock) -> None:
        self.db, self.intake, self.clock = db, intake, clock

    async def team(self, name="Service", *, push=True, people=0, **fields):
        """The team, and the ids of its members."""
        async with self.db.begin() as session:
            team = await make_team(session, now=self.clock(), name=name, push=push)
            members = []
            for _ in range(people):
                agent = await make_agent(session, now=self.clock(), **fields)
                members.append(agent.id)
                session.add(TeamMember(team_id=team.id, agent_id=agent.id))
        return team, members

    async def agent(self, **fields) -> int:
        async with self.db.begin() as session:
            return (await make_agent(session, now=self.clock(), **fields)).id

    async def customer(self, **fields) -> str:
        """Where a known customer writes from."""
        async with self.db.begin() as session:
            customer = await make_customer(session, now=self.clock(), **fields)
            [identity] = await identities_of(session, customer.id)
        return identity.address

    async def write(self, text="My parcel is late", **fields) -> int:
        """The ticket's id."""
        [receipt] = await self.intake.handle([inbound(text, **fields)])
        return receipt.ticket_id

    async def decision(self, ticket_id):
        """The newest."""
        async with self.db.read() as session:
            return (await queries.decisions_of(session, ticket_id))[0]


@pytest.fixture
def place(db, intake, clock) -> Place:
    return Place(db, intake, clock)
