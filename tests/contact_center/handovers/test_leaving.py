import asyncio
from datetime import timedelta

import pytest

from contact_center.agents.models import TeamMember
from contact_center.agents.queries import get_agent
from contact_center.db import Database
from contact_center.errors import Conflict, Invalid
from contact_center.events.rules import SYSTEM, agent
from contact_center.handovers import queries
from contact_center.handovers.actions import leaving, requests
from contact_center.handovers.rules import Responsible
from contact_center.promises import actions as promises
from contact_center.tickets import actions as tickets
from contact_center.work_orders.actions import issuing, working
from tests.contact_center.handovers.conftest import TERMS
from tests.contact_center.work_orders.conftest import asked
from tests.support.factories import make_agent, make_team, make_ticket


async def test_g29_o5_nobody_leaves_who_still_answers_for_something(office, clock) -> None:
    li, session = office.li, office.session
    others = [
        await make_ticket(session, now=clock(), status=status, owner_id=li.id)
        for status in ("resolved", "waiting_customer", "closed")
    ]

    with pytest.raises(Responsible) as refused:
        await leaving.deactivate(session, li.id, by=SYSTEM, now=clock())

    held = [office.ticket.reference, others[0].reference, others[1].reference]
    assert refused.value.facts["tickets"] == held
    assert all(reference in str(refused.value) for reference in held)
    assert li.active


async def test_all_is_handed_over_with_a_note_and_then_one_may_leave(office, clock) -> None:
    li, wang, zhao, session = office.li, office.wang, office.zhao, office.session
    await make_ticket(session, now=clock(), status="open", owner_id=zhao.id, assignee_id=li.id)
    facts = {"to": wang.id, "terms": TERMS, "by": agent(office.lead.id), "now": clock()}

    with pytest.raises(Invalid, match="note"):
        await leaving.hand_over_all(session, li.id, note="", **facts)
    asked = await leaving.hand_over_all(session, li.id, note="Li moves to Shenzhen", **facts)
    assert await leaving.hand_over_all(session, li.id, note="again", **facts) == []
    with pytest.raises(Responsible, match="hand-over requests"):
        await leaving.deactivate(session, li.id, by=SYSTEM, now=clock())
    for handover in asked:
        await requests.accept(session, handover.id, by=agent(wang.id), now=clock())
    await leaving.deactivate(session, li.id, by=SYSTEM, now=clock())

    assert (len(asked), li.active) == (2, False)
    assert (office.ticket.owner_id, office.ticket.assignee_id) == (wang.id, wang.id)
    assert len(await queries.assigned_active(session, wang.id)) == 1


async def test_o5_who_owes_customers_something_or_has_taken_work_on_does_not_leave(
    office, clock
) -> None:
    """On tickets that others answer for: nothing else would show it."""
    li, wang, session = office.li, office.wang, office.session
    team = await make_team(session, now=clock())
    session.add(TeamMember(team_id=team.id, agent_id=wang.id))
    order = await issuing.issue(
        session, office.ticket.id, asked(team), by=agent(li.id), now=clock()
    )
    await working.sign(session, order.id, by=agent(wang.id), now=clock())
    promise = await promises.make(
        session,
        office.ticket.id,
        text="I call you",
        due_at=clock() + timedelta(hours=1),
        by=agent(wang.id),
        now=clock(),
    )

    with pytest.raises(Responsible) as refused:
        await leaving.deactivate(session, wang.id, by=SYSTEM, now=clock())
    await working.start(session, order.id, by=agent(wang.id), now=clock())
    await working.finish(session, order.id, text="Found it", by=agent(wang.id), now=clock())
    await issuing.verify(session, order.id, by=agent(li.id), now=clock())
    await promises.keep(session, promise.id, by=agent(wang.id), now=clock())
    await leaving.deactivate(session, wang.id, by=SYSTEM, now=clock())

    held = {"promises": [office.ticket.reference], "work_orders": [order.reference]}
    assert held.items() <= refused.value.facts.items()
    assert not wang.active


async def test_who_stands_in_for_others_is_named(office, clock) -> None:
    office.wang.deputy_id = office.zhao.id
    await office.session.flush()

    with pytest.raises(Responsible) as refused:
        await leaving.deactivate(office.session, office.zhao.id, by=SYSTEM, now=clock())

    assert refused.value.facts["deputies"] == ["Wang"]


@pytest.mark.race
async def test_o5_nobody_gets_a_ticket_while_they_leave(database_url, clock) -> None:
    db = Database(database_url)
    async with db.begin() as session:
        li = await make_agent(session, now=clock())
        ids = [(await make_ticket(session, now=clock())).id for _ in range(20)]

    async def claim(number: int) -> None:
        try:
            async with db.begin() as session:
                await tickets.claim(session, number, by=agent(li.id), now=clock())
        except Conflict:
            pass

    async def leave() -> None:
        try:
            async with db.begin() as session:
                await leaving.deactivate(session, li.id, by=SYSTEM, now=clock())
        except Conflict:
            pass

    claims = [claim(number) for number in ids]
    await asyncio.gather(*claims[:10], leave(), *claims[10:], leave())

    async with db.read() as session:
        gone = not (await get_agent(session, li.id)).active
        owned = await queries.owned_unfinished(session, li.id)
    assert not (gone and owned)
    await db.dispose()
