"""Who does the work, and who decides about it."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from contact_center.agents.actions import plan_absence
from contact_center.agents.models import Role, TeamMember
from contact_center.alerts.models import Alert
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events.rules import SYSTEM, agent
from contact_center.handovers.actions.leaving import deactivate
from contact_center.handovers.actions.ownership import recuse
from contact_center.handovers.rules import Responsible
from contact_center.messages import actions as messages
from contact_center.tickets.models import Status
from contact_center.work_orders.actions import issuing, passing, working
from contact_center.work_orders.models import IllegalStep, WorkOrderState
from contact_center.work_orders.queries import get_work_order
from tests.contact_center.work_orders.conftest import ask, asked, decide, member_of
from tests.support.factories import customer_says, make_agent, make_team, make_ticket

DAY = timedelta(days=1)


@pytest.fixture
async def nora(session, network, clock):
    return await member_of(session, network, name="Nora", now=clock())


@pytest.fixture
async def signed(session, order, ned, clock):
    return await working.sign(session, order.id, by=agent(ned.id), now=clock())


async def alerts_to(session, someone) -> list[str]:
    found = select(Alert).where(Alert.agent_id == someone.id).order_by(Alert.id)
    return [alert.kind for alert in await session.scalars(found)]


# More time


async def wants_time(session, order, by, clock, days=9) -> None:
    await working.start(session, order.id, by=agent(by.id), now=clock())
    await ask(session, order, by, clock, hours=24 * days)


async def test_the_owner_alone_grants_no_more_time(session, signed, li, ned, clock) -> None:
    await wants_time(session, signed, ned, clock)

    with pytest.raises(Forbidden, match="a lead of who answers for"):
        await decide(session, signed, li, clock)

    assert signed.state is WorkOrderState.EXTENSION_REQUESTED


async def test_leads_decide_neither_for_themselves_nor_on_their_own_tickets(
    session, signed, ticket, lead, network, ned, clock
) -> None:
    boss = await make_agent(session, name="Mo", role=Role.MANAGER, now=clock())
    head = await member_of(session, network, name="Hu", role=Role.LEAD, now=clock())
    await passing.give(session, signed.id, to=head.id, by=agent(lead.id), now=clock(), as_lead=True)
    await wants_time(session, signed, head, clock)
    with pytest.raises(Forbidden):
        await decide(session, signed, head, clock)

    ticket.owner_id = lead.id
    with pytest.raises(Forbidden):
        await decide(session, signed, lead, clock)

    assert (await decide(session, signed, boss, clock)).extension_granted


async def test_where_the_owner_leads_the_manager_is_asked(
    session, signed, ticket, lead, ned, clock
) -> None:
    boss = await make_agent(session, name="Mo", role=Role.MANAGER, now=clock())
    ticket.owner_id = lead.id

    await wants_time(session, signed, ned, clock)

    assert "work_order.extension_requested" in await alerts_to(session, boss)


async def test_more_than_a_lead_may_grant_a_manager_is_asked_for(
    session, signed, lead, ned, clock
) -> None:
    boss = await make_agent(session, name="Mo", role=Role.MANAGER, now=clock())
    await wants_time(session, signed, ned, clock, days=15)
    assert "work_order.extension_requested" in await alerts_to(session, boss)
    assert "work_order.extension_requested" not in await alerts_to(session, lead)

    with pytest.raises(Forbidden, match="more than 14 days"):
        await decide(session, signed, lead, clock)

    assert signed.state is WorkOrderState.EXTENSION_REQUESTED
    assert (await decide(session, signed, boss, clock)).extension_granted


async def test_a_lead_may_decline_what_only_a_manager_may_grant(
    session, signed, lead, ned, clock
) -> None:
    await wants_time(session, signed, ned, clock, days=15)

    assert not (await decide(session, signed, lead, clock, granted=False)).extension_granted


# To a colleague


async def test_who_signed_gives_the_work_to_a_colleague(session, signed, ned, nora, clock) -> None:
    version = signed.version

    await passing.give(session, signed.id, to=nora.id, by=agent(ned.id), now=clock())

    assert (signed.assignee_id, signed.state) == (nora.id, WorkOrderState.SIGNED)
    assert signed.version > version
    assert "work_order.handed_on" in await alerts_to(session, nora)
    await deactivate(session, ned.id, by=SYSTEM, now=clock())


async def test_a_colleague_takes_no_work_from_who_is_here(
    session, signed, ned, nora, clock
) -> None:
    give = {"to": nora.id, "by": agent(nora.id)}
    with pytest.raises(Forbidden, match="with a colleague"):
        await passing.give(session, signed.id, **give, now=clock())

    until = clock() + DAY
    deputy = await make_agent(session, name="Di", now=clock())
    await plan_absence(
        session,
        ned.id,
        starts_at=clock() - DAY,
        ends_at=until,
        deputy_id=deputy.id,
        by=SYSTEM,
        now=clock(),
    )
    await passing.give(session, signed.id, **give, now=clock())

    assert signed.assignee_id == nora.id


async def test_work_goes_to_nobody_of_another_team_or_to_who_has_it(
    session, signed, ned, bill, clock
) -> None:
    with pytest.raises(Invalid, match="in another team"):
        await passing.give(session, signed.id, to=bill.id, by=agent(ned.id), now=clock())
    with pytest.raises(Invalid, match="with that agent already"):
        await passing.give(session, signed.id, to=ned.id, by=agent(ned.id), now=clock())


async def test_what_nobody_has_signed_is_not_given_away(session, order, ned, nora, clock) -> None:
    with pytest.raises(IllegalStep, match="nobody has it"):
        await passing.give(session, order.id, to=nora.id, by=agent(ned.id), now=clock())


async def test_returned_work_keeps_nobody_from_leaving(session, signed, ned, clock) -> None:
    by = agent(ned.id)
    await working.give_back(session, signed.id, text="not ours", by=by, now=clock())

    await deactivate(session, ned.id, by=SYSTEM, now=clock())

    assert (signed.assignee_id, ned.active) == (None, False)


async def test_who_must_not_handle_a_complaint_loses_the_work_for_it(
    session, signed, ticket, ned, nora, li, clock
) -> None:
    await recuse(session, ticket.id, about=ned.id, reason="rude", by=agent(li.id), now=clock())

    assert (signed.assignee_id, signed.state) == (None, WorkOrderState.SIGNED)
    assert "work_order.freed" in await alerts_to(session, nora)
    assert "work_order.freed" not in await alerts_to(session, ned)
    with pytest.raises(Forbidden):
        await passing.give(session, signed.id, to=ned.id, by=agent(nora.id), now=clock())
    await passing.give(session, signed.id, to=nora.id, by=agent(nora.id), now=clock())
    assert signed.assignee_id == nora.id


async def test_who_works_below_the_colleague_may_say_that_it_is_about_them(
    session, ticket, li, clock
) -> None:
    team = await make_team(session, name="Desk", now=clock())
    head = await member_of(session, team, name="Hu", role=Role.LEAD, now=clock())
    session.add(TeamMember(team_id=team.id, agent_id=li.id))
    await session.flush()

    await recuse(session, ticket.id, about=head.id, reason="rude", by=agent(li.id), now=clock())

    assert (ticket.owner_id, ticket.status) == (None, Status.QUEUED)


@pytest.fixture
async def shop(db, clock):
    """Work that waits for Ned's signature."""
    async with db.begin() as session:
        team = await make_team(session, name="Network", now=clock())
        li = await make_agent(session, name="Li", now=clock())
        ned = await member_of(session, team, name="Ned", now=clock())
        ticket = await make_ticket(session, now=clock())
        await customer_says(session, ticket, now=clock())
        await messages.reply(session, ticket.id, text="Yes", by=agent(li.id), now=clock())
        order = await issuing.issue(session, ticket.id, asked(team), by=agent(li.id), now=clock())
    return order.id, ned.id


@pytest.mark.parametrize("signs_first", [True, False])
async def test_nobody_signs_and_leaves_at_once(db, clock, shop, signs_first) -> None:
    order_id, ned_id = shop

    async def sign(session) -> None:
        await working.sign(session, order_id, by=agent(ned_id), now=clock())

    async def leave(session) -> None:
        await deactivate(session, ned_id, by=SYSTEM, now=clock())

    async def later(step) -> None:
        async with db.begin() as session:
            await step(session)

    first, second = (sign, leave) if signs_first else (leave, sign)
    async with db.begin() as session:
        await first(session)
        waiting = asyncio.create_task(later(second))
        await asyncio.sleep(0.2)  # long enough to get as far as it can
    with pytest.raises(Responsible if signs_first else (Conflict, Forbidden)):
        await waiting

    async with db.read() as session:
        assert (await get_work_order(session, order_id)).assignee_id == (
            ned_id if signs_first else None
        )
