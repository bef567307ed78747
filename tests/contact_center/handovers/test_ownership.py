from datetime import timedelta

import pytest

from contact_center.agents.models import Role, TeamMember
from contact_center.customers.queries import get_customer
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events.queries import ticket_events
from contact_center.events.rules import agent
from contact_center.handovers.actions import ownership
from contact_center.handovers.models import HandoverState
from contact_center.links.actions import merge
from contact_center.messages.actions import add_note, reply
from contact_center.promises.actions import make
from contact_center.promises.queries import get_promise
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import ResolutionCode, Status
from contact_center.tickets.queries import Queue, queue_page
from tests.support.factories import make_agent, make_team, make_ticket


async def override(office, by, **fields):
    return await ownership.override(
        office.session, office.ticket.id, by=agent(by.id), now=office.clock(), **fields
    )


async def recuse(office, about, *, by=None, **fields):
    return await ownership.recuse(
        office.session,
        office.ticket.id,
        about=about.id if about else None,
        reason="the customer says so",
        by=agent((by or office.lead).id),
        now=office.clock(),
        **fields,
    )


async def test_g31_an_override_needs_a_reason_and_both_sides_are_told(office) -> None:
    ticket, li, zhao = office.ticket, office.li, office.zhao

    with pytest.raises(Invalid, match="say why"):
        await override(office, office.lead, owner=zhao.id, reason="  ")
    assert ticket.owner_id == li.id
    await override(office, office.lead, owner=zhao.id, reason="Li is ill")

    assert (ticket.owner_id, ticket.assignee_id) == (zhao.id, li.id)
    assert await office.told(li) == await office.told(zhao) == ["owner.overridden"]
    [changed] = [
        event.data
        for event in await ticket_events(office.session, ticket.id)
        if event.kind == "owner.changed"
    ]
    assert changed == {"old": li.id, "new": zhao.id, "cause": "override", "reason": "Li is ill"}


async def test_who_answers_for_it_owes_what_its_owner_had_promised(office) -> None:
    due_at = office.clock() + timedelta(hours=1)
    by = agent(office.li.id)
    promise = await make(
        office.session, office.ticket.id, text="I call", due_at=due_at, by=by, now=office.clock()
    )

    await override(office, office.lead, owner=office.zhao.id, reason="Li is ill")

    assert (await get_promise(office.session, promise.id)).promised_by_id == office.zhao.id


async def test_g30_whom_it_is_about_loses_a_resolved_ticket_its_owner_keeps(office) -> None:
    await office.transfer(office.li, office.wang)
    by = agent(office.wang.id)
    await tickets.resolve(
        office.session, office.ticket.id, code=ResolutionCode.SOLVED, by=by, now=office.clock()
    )

    await recuse(office, office.wang)

    ticket, li = office.ticket, office.li
    assert (ticket.status, ticket.owner_id, ticket.assignee_id) == (Status.RESOLVED, li.id, li.id)
    said = (await ticket_events(office.session, ticket.id))[-1]
    assert (said.kind, said.data["assignee"]) == ("ticket.recused", li.id)


async def test_who_resolved_it_keeps_it_where_it_is_about_another(office) -> None:
    await office.transfer(office.li, office.wang)
    by = agent(office.wang.id)
    await tickets.resolve(
        office.session, office.ticket.id, code=ResolutionCode.SOLVED, by=by, now=office.clock()
    )

    await recuse(office, office.zhao)

    assert office.ticket.assignee_id == office.wang.id


async def test_a_supervisor_takes_and_gives_owner_and_assignee_at_once(office) -> None:
    asked = await office.ask(office.li, office.wang)

    await override(
        office, office.lead, owner=office.lead.id, assignee=office.zhao.id, reason="urgent"
    )

    ticket = office.ticket
    assert (ticket.owner_id, ticket.assignee_id) == (office.lead.id, office.zhao.id)
    assert asked.state is HandoverState.WITHDRAWN
    assert "ticket.assigned" in await office.told(office.li)
    assert "ticket.assigned" in await office.told(office.zhao)


async def test_only_a_supervisor_overrides(office) -> None:
    with pytest.raises(Forbidden):
        await override(office, office.wang, owner=office.wang.id, reason="mine")
    with pytest.raises(Invalid, match="name a new owner"):
        await override(office, office.lead, reason="why")


async def test_g30_a_complaint_about_li_is_taken_from_li_who_cannot_read_it(office) -> None:
    ticket, li, wang = office.ticket, office.li, office.wang
    asked = await office.ask(li, wang)

    await recuse(office, li)

    assert (ticket.status, ticket.owner_id, ticket.assignee_id) == (Status.QUEUED, None, None)
    assert asked.state is HandoverState.WITHDRAWN
    for queue in Queue:
        page = await queue_page(office.session, queue, agent_id=li.id)
        assert ticket.id not in [one.id for one in page]
    with pytest.raises(Forbidden, match="somebody else handles it"):
        await tickets.claim(office.session, ticket.id, by=agent(li.id), now=office.clock())


async def test_g30_another_agent_takes_it_and_answers_for_it(office) -> None:
    await recuse(office, office.li)

    await tickets.claim(
        office.session, office.ticket.id, by=agent(office.wang.id), now=office.clock()
    )

    assert office.ticket.owner_id == office.wang.id
    with pytest.raises(Forbidden):
        await office.ask(office.wang, office.li)
    with pytest.raises(Forbidden):
        await override(office, office.lead, owner=office.li.id, reason="why not")


@pytest.mark.parametrize("act", [reply, add_note])
async def test_o7_nothing_is_said_on_it_by_whom_it_is_about(office, act) -> None:
    await recuse(office, office.li)
    await tickets.claim(
        office.session, office.ticket.id, by=agent(office.wang.id), now=office.clock()
    )

    with pytest.raises(Forbidden):
        await act(
            office.session,
            office.ticket.id,
            text="It was not me",
            by=agent(office.li.id),
            now=office.clock(),
        )


async def test_o7_who_works_below_whom_it_is_about_does_not_handle_it(office, clock) -> None:
    team = await make_team(office.session, now=clock())
    other = await make_agent(office.session, now=clock(), role=Role.LEAD, name="Other")
    for one in (office.li, office.lead):
        office.session.add(TeamMember(team_id=team.id, agent_id=one.id))
    office.ticket.team_id = team.id
    await office.session.flush()

    await recuse(office, office.lead, by=other)

    ticket = office.ticket
    assert (ticket.status, ticket.owner_id) == (Status.QUEUED, None)
    with pytest.raises(Forbidden):
        await tickets.claim(office.session, ticket.id, by=agent(office.li.id), now=clock())
    assert await office.told(office.lead) == []
    await tickets.claim(office.session, ticket.id, by=agent(office.wang.id), now=clock())


async def test_whom_it_is_about_may_say_so_and_is_out_of_it(office) -> None:
    await recuse(office, office.li, by=office.li)

    assert office.ticket.owner_id is None
    assert await office.told(office.lead) == ["ticket.recused"]


async def test_what_they_had_resolved_is_open_again(office, clock) -> None:
    by = agent(office.li.id)
    await tickets.resolve(
        office.session, office.ticket.id, code=ResolutionCode.SOLVED, by=by, now=clock()
    )

    await recuse(office, office.li)

    assert (office.ticket.status, office.ticket.reopen_count) == (Status.QUEUED, 1)


async def test_only_a_lead_says_that_it_is_about_nobody_after_all(office) -> None:
    await recuse(office, office.li)

    with pytest.raises(Forbidden, match="only a lead"):
        await recuse(office, None, by=office.wang)
    await recuse(office, None, as_lead=True)

    assert office.ticket.about_agent_id is None
    await tickets.claim(
        office.session, office.ticket.id, by=agent(office.li.id), now=office.clock()
    )


async def test_o7_a_complaint_about_a_colleague_is_not_merged_into_their_ticket(office) -> None:
    customer = await get_customer(office.session, office.ticket.customer_id)
    other = await make_ticket(
        office.session, now=office.clock(), customer=customer, status="open", owner_id=office.li.id
    )
    await recuse(office, office.li)

    with pytest.raises(Conflict, match="note it on both"):
        await merge(
            office.session,
            office.ticket.id,
            into=other.id,
            by=agent(office.lead.id),
            now=office.clock(),
        )
