"""Complaints about colleagues are kept from them, and from who works below them (O7)."""

from datetime import timedelta

import pytest

from contact_center.agents.models import TeamMember
from contact_center.complaints.actions.filing import open_all
from contact_center.events.rules import agent
from contact_center.messages.actions import reply
from contact_center.procedure import usual_procedure
from contact_center.promises import actions as promises
from contact_center.tickets.models import TicketKind
from contact_center.tickets.queries import lock_ticket
from contact_center.work_orders.actions.issuing import issue
from tests.contact_center.work_orders.conftest import asked
from tests.support.factories import customer_says, make_team, make_ticket


@pytest.fixture
async def people(login, db, clock):
    """A manager, a lead below her, and a lead of another team."""
    people = [
        await login("manager", name="Ma"),
        await login("lead", name="Lee"),
        await login("lead", name="Bo"),
    ]
    async with db.begin() as session:
        team = await make_team(session, now=clock(), name="Shop")
        for who in people[:2]:
            session.add(TeamMember(team_id=team.id, agent_id=who.agent.id))
    return people


@pytest.fixture
async def complaint(login, people, db, clock):
    """About the manager, with a promise and a work order, and a customer who waits."""
    ann = await login("agent", name="Ann")
    async with db.begin() as session:
        ticket = await make_ticket(
            session, now=clock(), kind=TicketKind.COMPLAINT, subject="Ma was rude"
        )
        await open_all(session, [ticket], procedure=usual_procedure(), now=clock())
        by, team = agent(ann.agent.id), await make_team(session, now=clock(), name="Books")
        await reply(session, ticket.id, text="Sorry", by=by, now=clock())
        in_an_hour = clock() + timedelta(hours=1)
        facts = {"text": "I call you", "due_at": in_an_hour, "by": by, "now": clock()}
        await promises.make(session, ticket.id, **facts)
        await issue(session, ticket.id, asked(team), by=by, now=clock())
        await customer_says(session, ticket, "Well?", now=clock())
        (await lock_ticket(session, ticket.id)).about_agent_id = people[0].agent.id
    return ticket


@pytest.mark.parametrize(
    "path",
    [
        "promises",
        "work-orders",
        "complaints",
        "complaints.csv",
        "reports/digest",
        "reports/wallboard",
        "stats",
        "tickets",
        "tickets?query=Well",
    ],
)
async def test_o7_no_list_shows_a_complaint_to_whom_it_is_about_or_who_works_below_them(
    people, complaint, path
) -> None:
    told = []
    for who in people:
        answer = await who.get(f"/api/v1/{path}")
        assert answer.status == 200, await answer.text()
        text = await answer.text()
        traces = (complaint.reference, '"ticket_id":1', "Ma was rude", 'longest_waiting_since":"')
        told.append(any(trace in text.replace(": ", ":") for trace in traces))

    assert told == [False, False, True]


@pytest.mark.parametrize(
    "path", ["tickets/1", "promises/1", "work-orders/1", "tickets/1/complaint"]
)
async def test_o7_nor_do_they_open_it(people, complaint, path) -> None:
    assert [(await who.get(f"/api/v1/{path}")).status for who in people] == [403, 403, 200]
