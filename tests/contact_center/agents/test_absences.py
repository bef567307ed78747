from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact_center.agents import actions, queries
from contact_center.agents.models import Absent, Role, TeamMember, acting
from contact_center.errors import Conflict, Invalid
from contact_center.events.rules import SYSTEM
from contact_center.tickets.queries import Queue, queue_page, stands_in_for
from scheduler import sweeps
from tests.support.factories import make_agent, make_team, make_ticket

DAY = timedelta(days=1)


async def plan(session, agent, *, start, days=5, deputy=None):
    return await actions.plan_absence(
        session,
        agent.id,
        starts_at=start,
        ends_at=start + days * DAY,
        deputy_id=deputy.id if deputy else None,
        by=SYSTEM,
        now=start,
    )


@pytest.fixture
async def staff(session, clock):
    return [await make_agent(session, now=clock(), name=name) for name in ("Li", "Chen", "Wu")]


async def test_g29_a_deputy_acts_until_the_absence_ends_and_then_the_owner_again(
    session, clock, staff
) -> None:
    li, chen, _ = staff
    monday = clock()
    await plan(session, li, start=monday, deputy=chen)

    async def who(now):
        return (await queries.acting_for(session, [li.id], now=now))[li.id]

    assert await who(monday - timedelta(seconds=1)) == li.id
    assert await who(monday) == chen.id
    assert await queries.stood_in_for(session, chen.id, now=monday + DAY) == [li.id]
    assert await who(monday + 5 * DAY) == li.id
    assert await queries.stood_in_for(session, chen.id, now=monday + 5 * DAY) == []


async def test_an_absent_deputys_deputy_acts(session, clock, staff) -> None:
    li, chen, wu = staff
    chen.deputy_id = wu.id
    await plan(session, li, start=clock(), deputy=chen)
    await plan(session, chen, start=clock() + DAY, days=2)

    later = clock() + DAY
    assert await queries.acting_for(session, [li.id, chen.id, wu.id], now=later) == {
        li.id: wu.id,
        chen.id: wu.id,
        wu.id: wu.id,
    }
    assert await queries.stood_in_for(session, wu.id, now=later) == [li.id, chen.id]
    assert await queries.stood_in_for(session, chen.id, now=later) == []


async def test_a_circle_of_deputies_is_refused(session, clock, staff) -> None:
    li, chen, wu = staff
    await plan(session, li, start=clock(), deputy=chen)
    await plan(session, chen, start=clock() + DAY, deputy=wu)

    with pytest.raises(Invalid, match="in a circle: choose somebody else") as refused:
        await plan(session, wu, start=clock() + 2 * DAY, deputy=li)
    assert refused.value.facts == {"agent_id": wu.id, "chain": [li.id, chen.id, wu.id]}
    await plan(session, wu, start=clock() + 9 * DAY, deputy=li)  # the others are back by then


async def test_usual_deputies_make_no_circle_either(session, clock, staff) -> None:
    li, chen, wu = staff

    async def choose(agent, deputy):
        changes = {"deputy_id": deputy.id if deputy else None}
        await actions.edit_agent(session, agent, changes=changes, by=SYSTEM, now=clock())

    await choose(li, chen)
    await choose(chen, wu)
    with pytest.raises(Invalid, match="in a circle"):
        await choose(wu, li)
    with pytest.raises(Invalid, match="themselves"):
        await choose(wu, wu)
    await plan(session, li, start=clock())
    with pytest.raises(Invalid, match="stands in for Li"):
        await choose(li, None)


async def test_an_absence_that_makes_no_sense_is_refused(session, clock, staff) -> None:
    li, chen, wu = staff
    start = clock()

    with pytest.raises(Invalid, match="who stands in for Li"):
        await plan(session, li, start=start)
    with pytest.raises(Invalid, match="themselves"):
        await plan(session, li, start=start, deputy=li)
    with pytest.raises(Invalid, match="ends after it begins"):
        await plan(session, li, start=start, days=0, deputy=chen)
    with pytest.raises(Invalid, match="400 days"):
        await plan(session, li, start=start, days=500, deputy=chen)
    wu.active = False
    with pytest.raises(Conflict, match="no longer works here"):
        await plan(session, li, start=start, deputy=wu)
    await plan(session, li, start=start, deputy=chen)
    with pytest.raises(Conflict, match="planned for that time"):
        await plan(session, li, start=start + DAY, deputy=chen)


async def test_who_is_back_early_acts_at_once(session, clock, staff) -> None:
    li, chen, _ = staff
    absence = await plan(session, li, start=clock(), deputy=chen)
    clock.advance(hours=1)

    await actions.end_absence(session, absence.id, by=SYSTEM, now=clock())

    assert await queries.acting_for(session, [li.id], now=clock()) == {li.id: li.id}
    with pytest.raises(Conflict, match="is over"):
        await actions.end_absence(session, absence.id, by=SYSTEM, now=clock())


async def test_nobody_absent_is_given_work_and_the_deputy_is_named(session, clock, staff) -> None:
    li, chen, _ = staff
    await plan(session, li, start=clock(), deputy=chen)

    with pytest.raises(Absent, match="Li is absent: Chen stands in") as refused:
        await queries.hold_present_agent(session, li.id, now=clock())

    assert refused.value.facts["deputy"] == {"id": chen.id, "name": "Chen"}
    assert (await queries.hold_present_agent(session, chen.id, now=clock())).id == chen.id


async def test_the_deputys_queue_holds_what_they_stand_in_for(session, clock, staff) -> None:
    li, chen, wu = staff
    ticket = await make_ticket(
        session, now=clock(), status="open", owner_id=li.id, assignee_id=li.id
    )
    await plan(session, li, start=clock(), deputy=chen)

    assert await mine(session, chen, clock) == [ticket.id]
    assert await mine(session, li, clock) == [ticket.id]
    assert await mine(session, wu, clock) == []


async def mine(session, agent, clock) -> list[int]:
    acts = await stands_in_for(session, agent.id, now=clock())
    page = await queue_page(session, Queue.MINE, agent_id=agent.id, standing_in=acts)
    return [one.id for one in page]


async def test_the_second_deputys_queue_holds_what_the_absent_deputy_would_do(
    session, clock, staff
) -> None:
    li, chen, wu = staff
    ticket = await make_ticket(session, now=clock(), status="open", owner_id=li.id)
    await plan(session, li, start=clock(), deputy=chen)
    await plan(session, chen, start=clock(), deputy=wu)

    assert await mine(session, wu, clock) == [ticket.id]


async def test_what_the_deputy_must_not_handle_is_in_the_queue_of_their_deputy(
    session, clock, staff
) -> None:
    li, chen, wu = staff
    chen.deputy_id = wu.id
    plain, about = [
        await make_ticket(session, now=clock(), status="open", owner_id=li.id, about_agent_id=whom)
        for whom in (None, chen.id)
    ]
    await plan(session, li, start=clock(), deputy=chen)

    assert await mine(session, chen, clock) == [plain.id]
    assert await mine(session, wu, clock) == [about.id]


async def test_the_deputy_is_told_when_it_begins(runtime, db, clock) -> None:
    from contact_center.alerts.queries import alerts_of

    async with db.begin() as session:
        li = await make_agent(session, now=clock(), name="Li")
        chen = await make_agent(session, now=clock(), name="Chen")
        await actions.plan_absence(
            session,
            li.id,
            starts_at=clock() + DAY,
            ends_at=clock() + 2 * DAY,
            deputy_id=chen.id,
            by=SYSTEM,
            now=clock(),
        )

    assert await sweeps.tell_deputies(runtime) == 0
    clock.advance(days=1)
    assert await sweeps.tell_deputies(runtime) == 1
    assert await sweeps.tell_deputies(runtime) == 0

    async with db.read() as session:
        [told] = await alerts_of(session, chen.id)
    assert (told.kind, told.facts["agent"]) == ("absence.begun", li.id)


@pytest.mark.parametrize(
    ("role", "about_role", "same_team", "recused"),
    [
        (Role.AGENT, Role.LEAD, True, True),
        (Role.AGENT, Role.LEAD, False, False),
        (Role.AGENT, Role.AGENT, True, False),
        (Role.LEAD, Role.LEAD, True, False),
        (Role.LEAD, Role.MANAGER, True, True),
        (Role.MANAGER, Role.LEAD, True, False),
    ],
)
async def test_o7_who_works_below_somebody_is_recused_from_complaints_about_them(
    session, clock, role, about_role, same_team, recused
) -> None:
    one = await make_agent(session, now=clock(), role=role)
    about = await make_agent(session, now=clock(), role=about_role)
    teams = [await make_team(session, now=clock()) for _ in range(2)]
    session.add(TeamMember(team_id=teams[0].id, agent_id=one.id))
    session.add(TeamMember(team_id=teams[0 if same_team else 1].id, agent_id=about.id))
    await session.flush()

    assert await queries.is_recused(session, one.id, about=about.id) is recused
    assert await queries.is_recused(session, about.id, about=about.id)
    kept_from = set(await session.scalars(queries.kept_from(one.id)))
    assert kept_from == ({one.id, about.id} if recused else {one.id})


NUMBERS = st.integers(1, 8)


@given(
    absent=st.dictionaries(NUMBERS, NUMBERS | st.none()),
    deputies=st.dictionaries(NUMBERS, NUMBERS | st.none()),
    agent=NUMBERS,
)
def test_whoever_acts_is_here(absent, deputies, agent) -> None:
    one = acting(agent, absent=absent, deputies=deputies)

    assert one is None or (one in deputies and one not in absent)
    if agent in deputies and agent not in absent:
        assert one == agent
