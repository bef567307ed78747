"""Requests that nobody has to answer any more, and locks that are taken in one order."""

import asyncio
from datetime import timedelta

import pytest

from contact_center.agents.actions import edit_agent, plan_absence
from contact_center.agents.models import Role
from contact_center.agents.queries import get_agent, who_hears
from contact_center.errors import Forbidden
from contact_center.events.rules import SYSTEM, agent
from contact_center.handovers.actions import ownership, requests
from contact_center.handovers.models import HandoverState
from contact_center.messages.actions import reply
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import Status
from contact_center.tickets.queries import answering_for
from tests.support.factories import make_agent, make_ticket


@pytest.mark.parametrize("step", ["release", "assign"])
async def test_who_gives_a_ticket_back_asks_nobody_to_take_it_over(office, clock, step) -> None:
    handover = await office.ask(office.li, office.wang)
    facts = {"by": agent(office.lead.id), "now": clock()}

    if step == "release":
        await requests.release(office.session, office.ticket.id, **facts, as_lead=True)
    else:
        to = office.zhao.id
        await requests.assign(office.session, office.ticket.id, to=to, reason="ill", **facts)

    assert handover.state is HandoverState.WITHDRAWN
    assert (office.ticket.status is Status.QUEUED) == (step == "release")
    assert "handover.withdrawn" in await office.told(office.wang)


async def test_a_release_over_http_ends_the_request(login, db, clock) -> None:
    li, wang, lead = await login(name="Li"), await login(name="Wang"), await login("lead")
    async with db.begin() as session:
        ticket = await make_ticket(session, now=clock())
        await tickets.claim(session, ticket.id, by=agent(li.agent.id), now=clock())
    body = {"agent_id": wang.agent.id, "reason": "skill"}
    await li.post(f"/api/v1/tickets/{ticket.id}/transfers", json=body)

    assert (await lead.delete(f"/api/v1/tickets/{ticket.id}/claim")).status == 200

    assert await (await wang.get("/api/v1/me/handovers")).json() == []


async def test_several_are_accepted_in_the_order_of_their_tickets(office, clock) -> None:
    session, first = office.session, office.ticket
    office.ticket = await make_ticket(session, now=clock())
    await reply(session, office.ticket.id, text="Yes", by=agent(office.li.id), now=clock())
    later = await office.ask(office.li, office.wang)
    office.ticket = first
    sooner = await office.ask(office.li, office.wang)

    assert later.id < sooner.id
    assert await requests.in_order(session, [later.id, sooner.id]) == [sooner.id, later.id]


# Who acts, but for whom the complaint is about


async def test_a_deputy_who_must_not_handle_it_is_passed_over(office, clock) -> None:
    office.wang.deputy_id = office.zhao.id
    facts = {
        "starts_at": clock(),
        "ends_at": clock() + timedelta(days=3),
        "by": SYSTEM,
        "now": clock(),
    }
    session, ticket = office.session, office.ticket
    await plan_absence(session, office.li.id, deputy_id=office.wang.id, **facts)
    assert await answering_for(session, ticket, now=clock()) == office.wang.id

    ticket.about_agent_id = office.wang.id
    await session.flush()

    assert await answering_for(session, ticket, now=clock()) == office.zhao.id
    about = {"about": office.wang.id, "now": clock()}
    assert await who_hears(session, [office.li.id], **about) == {office.li.id, office.zhao.id}
    check = {"override": False, "now": clock()}
    await tickets.check_may_act(session, ticket, by=agent(office.zhao.id), **check)
    with pytest.raises(Forbidden):
        await tickets.check_may_act(session, ticket, by=agent(office.wang.id), **check)


# Locks


@pytest.mark.race
async def test_an_override_and_an_edit_of_an_agent_wait_for_each_other(db, clock) -> None:
    async with db.begin() as session:
        admin = await make_agent(session, name="Ada", role=Role.ADMIN, now=clock())
        bob = await make_agent(session, name="Bob", now=clock())
        ticket = await make_ticket(session, now=clock())
        await reply(session, ticket.id, text="Yes", by=agent(admin.id), now=clock())

    async def edit() -> None:
        async with db.begin() as session:
            one = await get_agent(session, bob.id)
            await edit_agent(session, one, changes={"capacity": 3}, by=SYSTEM, now=clock())

    async with db.begin() as session:
        await ownership.override(
            session, ticket.id, owner=bob.id, reason="holiday", by=SYSTEM, now=clock()
        )
        editing = asyncio.create_task(edit())
        await asyncio.sleep(0.3)  # long enough to take what locks it can
        await ownership.override(
            session, ticket.id, owner=admin.id, reason="back", by=SYSTEM, now=clock()
        )
    await editing

    async with db.read() as session:
        assert (await get_agent(session, bob.id)).capacity == 3
