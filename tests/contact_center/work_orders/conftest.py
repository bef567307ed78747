"""People of two departments, a ticket somebody has answered, and what is asked of a team."""

from datetime import timedelta

import pytest

from contact_center.agents.models import Role, TeamMember
from contact_center.calendars.days import parse
from contact_center.calendars.week import ROUND_THE_CLOCK
from contact_center.events.rules import agent
from contact_center.messages import actions as messages
from contact_center.settings import WorkOrderSettings
from contact_center.work_orders.actions import issuing, working
from contact_center.work_orders.actions.issuing import Asked, issue
from tests.support.factories import customer_says, make_agent, make_team, make_ticket

LEAD_EXTENDS = WorkOrderSettings().lead_extends
CALENDARS = {ROUND_THE_CLOCK.name: ROUND_THE_CLOCK}


def asked(team, **fields) -> Asked:
    values = {
        "kind": "repair",
        "team_id": team.id,
        "task": "Look at the line",
        "sign_for": parse("1h"),
        "finish": parse("5h"),
        "calendar": ROUND_THE_CLOCK,
    }
    return Asked(**values | fields)


async def ask(session, order, by, clock, *, hours=9):
    return await working.ask_extension(
        session,
        order.id,
        until=clock() + timedelta(hours=hours),
        lead_extends=LEAD_EXTENDS,
        text="Parts come tomorrow",
        by=agent(by.id),
        now=clock(),
    )


async def decide(session, order, by, clock, *, granted=True):
    return await issuing.decide_extension(
        session,
        order.id,
        granted=granted,
        lead_extends=LEAD_EXTENDS,
        by=agent(by.id),
        now=clock(),
        as_lead=by.role is not Role.AGENT,
    )


@pytest.fixture
async def li(session, clock):
    return await make_agent(session, name="Li", now=clock())


@pytest.fixture
async def lead(session, clock):
    return await make_agent(session, name="Lee", role=Role.LEAD, now=clock())


@pytest.fixture
async def network(session, clock):
    return await make_team(session, name="Network", now=clock())


@pytest.fixture
async def billing(session, clock):
    return await make_team(session, name="Billing", now=clock())


@pytest.fixture
async def ned(session, network, clock):
    return await member_of(session, network, name="Ned", now=clock())


@pytest.fixture
async def bill(session, billing, clock):
    return await member_of(session, billing, name="Bill", now=clock())


async def member_of(session, team, **fields):
    found = await make_agent(session, **fields)
    session.add(TeamMember(team_id=team.id, agent_id=found.id))
    await session.flush()
    return found


@pytest.fixture
async def ticket(session, li, clock):
    """Li has answered first."""
    ticket = await make_ticket(session, now=clock())
    await customer_says(session, ticket, now=clock())
    await messages.reply(session, ticket.id, text="I look into it", by=agent(li.id), now=clock())
    return ticket


@pytest.fixture
async def order(session, ticket, network, ned, li, clock):
    """Asked of the network team, in which Ned works."""
    return await issue(session, ticket.id, asked(network), by=agent(li.id), now=clock())
