import pytest

from contact_center.agents.models import Role, TeamMember
from contact_center.alerts.queries import alerts_of
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events.queries import ticket_events
from contact_center.events.rules import agent
from contact_center.supervision import actions, queries
from tests.support.factories import make_agent, make_team, make_ticket


@pytest.fixture
async def lead(session, clock):
    return await make_agent(session, now=clock(), role=Role.LEAD)


async def kinds(session, agent_id: int) -> list[str]:
    return [alert.kind for alert in await alerts_of(session, agent_id)]


async def test_one_order_is_open_for_each_cause_and_the_teams_leads_are_told(
    session, clock, lead
) -> None:
    other = await make_agent(session, now=clock(), role=Role.LEAD)
    team = await make_team(session, now=clock())
    session.add(TeamMember(team_id=team.id, agent_id=lead.id))
    ticket = await make_ticket(session, now=clock(), team_id=team.id)

    first = await actions.order(session, ticket, cause="transfers", now=clock(), facts={"n": 3})
    again = await actions.order(session, ticket, cause="transfers", now=clock())
    another = await actions.order(session, ticket, cause="breach", now=clock())

    assert again is None
    assert [order.id for order in await queries.orders_of(session, ticket.id)] == [first, another]
    assert await kinds(session, lead.id) == ["supervision.ordered"] * 2
    assert await kinds(session, other.id) == []


async def test_o7_a_lead_is_not_told_of_what_is_about_them(session, clock, lead) -> None:
    team = await make_team(session, now=clock())
    session.add(TeamMember(team_id=team.id, agent_id=lead.id))
    manager = await make_agent(session, now=clock(), role=Role.MANAGER)
    ticket = await make_ticket(session, now=clock(), team_id=team.id, about_agent_id=lead.id)

    await actions.order(session, ticket, cause="transfers", now=clock())

    assert await kinds(session, lead.id) == []
    assert await kinds(session, manager.id) == ["supervision.ordered"]
    assert await queries.page_of_orders(session, reader=lead.id) == []
    assert len(await queries.page_of_orders(session, reader=manager.id)) == 1


async def test_an_order_is_taken_instructed_and_ended_with_an_explanation(
    session, clock, lead
) -> None:
    owner = await make_agent(session, now=clock())
    ticket = await make_ticket(session, now=clock(), owner_id=owner.id)
    number = await actions.order(session, ticket, cause="breach", now=clock())
    by = agent(lead.id)

    await actions.take(session, number, by=by, now=clock())
    await actions.instruct(session, number, text="Call them today", by=by, now=clock())
    with pytest.raises(Invalid):
        await actions.end(session, number, explanation=" ", by=by, now=clock())
    order = await actions.end(session, number, explanation="Called", by=by, now=clock())

    assert (order.supervisor_id, order.instruction, order.explanation) == (
        lead.id,
        "Call them today",
        "Called",
    )
    assert await kinds(session, owner.id) == [
        "supervision.ended",
        "supervision.instructed",
        "supervision.taken",
    ]
    happened = [event.kind for event in await ticket_events(session, ticket.id)]
    assert happened == [
        "supervision.ordered",
        "supervision.taken",
        "supervision.instructed",
        "supervision.ended",
    ]
    with pytest.raises(Conflict, match="has ended"):
        await actions.take(session, number, by=by, now=clock())
    assert await actions.order(session, ticket, cause="breach", now=clock()) is not None


async def test_only_a_lead_supervises_and_only_one(session, clock, lead) -> None:
    ticket = await make_ticket(session, now=clock())
    number = await actions.order(session, ticket, cause="vip", now=clock())
    plain = await make_agent(session, now=clock())
    second = await make_agent(session, now=clock(), role=Role.MANAGER)
    await actions.take(session, number, by=agent(lead.id), now=clock())

    with pytest.raises(Forbidden):
        await actions.take(session, number, by=agent(plain.id), now=clock())
    with pytest.raises(Conflict, match="somebody else supervises"):
        await actions.take(session, number, by=agent(second.id), now=clock())
