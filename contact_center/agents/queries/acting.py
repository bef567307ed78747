"""Who is here now, who acts for whom, and who is kept from what complains about them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from contact_center.agents.models import (
    RANKS,
    Absence,
    Absent,
    Agent,
    Role,
    TeamMember,
    acting,
    is_subordinate,
)
from contact_center.agents.queries.absences import current_absence, usual_deputies
from contact_center.agents.queries.staff import get_agent, hold_active_agent
from contact_center.agents.queries.teams import teams_of


async def hold_present_agent(session: AsyncSession, agent_id: int, *, now: datetime) -> Agent:
    """Somebody who may be given work now. Raises NotFound, Conflict, and Absent with the deputy."""
    agent = await hold_active_agent(session, agent_id)
    await check_present(session, agent, now=now)
    return agent


async def check_present(session: AsyncSession, agent: Agent, *, now: datetime) -> None:
    """Raises Absent with the deputy."""
    absence = await current_absence(session, agent.id, now=now)
    if absence is None:
        return
    number = (await acting_for(session, [agent.id], now=now)).get(agent.id)
    facts: dict[str, Any] = {"until": absence.ends_at.isoformat()}
    if number is None:
        raise Absent(code="agent.absent_alone", name=agent.name, **facts)
    deputy = await get_agent(session, number)
    facts["deputy"] = {"id": deputy.id, "name": deputy.name}
    raise Absent(code="agent.absent", name=agent.name, stand_in=deputy.name, **facts)


async def acting_for(
    session: AsyncSession, agent_ids: Collection[int], *, now: datetime, about: int | None = None
) -> dict[int, int]:
    """Who acts for each of the agents now: themselves while they are here.

    An agent for whom nobody is left to act is not in the answer. With a complaint `about` somebody,
    who must not handle it is passed over for their own deputy.
    """
    wanted = {agent_id for agent_id in agent_ids if agent_id}
    if not wanted:
        return {}
    absent = await _absent(session, now=now)
    gone = await _inactive(session, wanted)
    if about is not None:
        gone |= dict.fromkeys(await _recused(session, about))
    if not wanted & (absent.keys() | gone.keys()):
        return {agent_id: agent_id for agent_id in wanted}
    deputies = await usual_deputies(session)
    found = {
        agent_id: acting(agent_id, absent={**gone, **absent}, deputies=deputies)
        for agent_id in wanted
    }
    return {agent_id: one for agent_id, one in found.items() if one is not None}


async def stood_in_for(
    session: AsyncSession, agent_id: int, *, now: datetime, about: int | None = None
) -> list[int]:
    """Those who are absent and for whom the agent acts now."""
    absent = await _absent(session, now=now)
    absent.pop(agent_id, None)
    if not absent:
        return []
    found = await acting_for(session, list(absent), now=now, about=about)
    return sorted(number for number, one in found.items() if one == agent_id)


async def absent_agents(session: AsyncSession, *, now: datetime) -> set[int]:
    return set(await _absent(session, now=now))


async def _absent(session: AsyncSession, *, now: datetime) -> dict[int, int | None]:
    """Who is not here, and the deputy the absence names; the one that ends last decides."""
    found = select(Absence.agent_id, Absence.deputy_id)
    found = found.where(Absence.ends_at > now, Absence.starts_at <= now)
    rows = await session.execute(found.order_by(Absence.ends_at, Absence.id))
    return {row[0]: row[1] for row in rows}


async def _inactive(session: AsyncSession, agent_ids: Collection[int]) -> dict[int, int | None]:
    found = select(Agent.id, Agent.deputy_id)
    found = found.where(Agent.id.in_(agent_ids), Agent.active.is_(False))
    return {row[0]: row[1] for row in await session.execute(found)}


async def is_recused(session: AsyncSession, agent_id: int, *, about: int) -> bool:
    """Whether somebody must not handle a complaint about an agent: they, and who works below."""
    if agent_id == about:
        return True
    one, other = await get_agent(session, agent_id), await get_agent(session, about)
    teams = await teams_of(session, [agent_id, about])
    shared = bool(set(teams[agent_id]) & set(teams[about]))
    return is_subordinate(one.role, to=other.role, share_team=shared)


async def _recused(session: AsyncSession, about: int) -> list[int]:
    """All whom `is_recused` means."""
    one = await get_agent(session, about)
    theirs = select(TeamMember.team_id).where(TeamMember.agent_id == about)
    mates = select(TeamMember.agent_id).where(TeamMember.team_id.in_(theirs))
    rows = await session.execute(select(Agent.id, Agent.role).where(Agent.id.in_(mates)))
    below = [row[0] for row in rows if is_subordinate(row[1], to=one.role, share_team=True)]
    return [about, *below]


async def who_hears(
    session: AsyncSession, agent_ids: Collection[int | None], *, about: int | None, now: datetime
) -> set[int]:
    """Whom to tell what some agents should know: them, and who stands in for those absent.

    Nobody hears of a complaint about themselves, or about who leads them.
    """
    wanted = {number for number in agent_ids if number}
    heard = wanted | set((await acting_for(session, wanted, now=now, about=about)).values())
    if about is None:
        return heard
    return {number for number in heard if not await is_recused(session, number, about=about)}


def kept_from(agent_id: int) -> Select[int]:
    """Those about whom an agent sees no complaint, as `is_recused` says: themselves, and who leads
    them.
    """
    mine, theirs = aliased(TeamMember), aliased(TeamMember)
    mates = (
        select(theirs.agent_id)
        .join(mine, mine.team_id == theirs.team_id)
        .where(mine.agent_id == agent_id)
    )
    reader = aliased(Agent)
    rank, own = (case(dict(RANKS), value=one.role) for one in (Agent, reader))
    below = rank > select(own).where(reader.id == agent_id).scalar_subquery()
    leads = Agent.id.in_(mates) & (Agent.role != Role.AGENT) & below
    return select(Agent.id).where(or_(Agent.id == agent_id, leads))
