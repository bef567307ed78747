"""Every SQL statement about staff and teams."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, case, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from contact_center.agents.models import (
    IS_UNTOLD,
    RANKS,
    Absence,
    Absent,
    Agent,
    Presence,
    Role,
    Team,
    TeamMember,
    acting,
    is_subordinate,
)
from contact_center.errors import Conflict, NotFound


async def get_agent(session: AsyncSession, agent_id: int) -> Agent:
    agent = await session.get(Agent, agent_id)
    if agent is None:
        raise NotFound(f"there is no agent {agent_id}")
    return agent


async def get_active_agent(session: AsyncSession, agent_id: int) -> Agent:
    """Somebody who may be given work. Raises NotFound, Conflict."""
    agent = await get_agent(session, agent_id)
    if not agent.active:
        raise Conflict(f"{agent.name} no longer works here: choose somebody else")
    return agent


async def hold_active_agent(session: AsyncSession, agent_id: int) -> Agent:
    """Who is about to get work: they cannot be deactivated before this transaction ends."""
    found = select(Agent).where(Agent.id == agent_id).with_for_update(read=True)
    await session.scalar(found.execution_options(populate_existing=True))
    return await get_active_agent(session, agent_id)


async def hold_present_agent(session: AsyncSession, agent_id: int, *, now: datetime) -> Agent:
    """Somebody who may be given work now. Raises NotFound, Conflict, and Absent with the deputy."""
    agent = await hold_active_agent(session, agent_id)
    absence = await current_absence(session, agent_id, now=now)
    if absence is None:
        return agent
    number = (await acting_for(session, [agent_id], now=now)).get(agent_id)
    facts: dict[str, object] = {"until": absence.ends_at.isoformat()}
    if number is None:
        raise Absent(f"{agent.name} is absent, and nobody stands in", **facts)
    deputy = await get_agent(session, number)
    facts["deputy"] = {"id": deputy.id, "name": deputy.name}
    raise Absent(f"{agent.name} is absent: {deputy.name} stands in", **facts)


async def lock_agent(session: AsyncSession, agent_id: int) -> Agent:
    """Nobody gives them work, or takes it, before this transaction ends."""
    found = select(Agent).where(Agent.id == agent_id).with_for_update()
    agent = await session.scalar(found.execution_options(populate_existing=True))
    if agent is None:
        raise NotFound(f"there is no agent {agent_id}")
    return agent


async def find_agent_by_email(session: AsyncSession, email: str) -> Agent | None:
    return await session.scalar(select(Agent).where(Agent.email == email.strip().lower()))


async def find_agent_by_telegram(session: AsyncSession, telegram_id: str) -> Agent | None:
    found = select(Agent).where(Agent.telegram_id == telegram_id, Agent.active.is_(True))
    return await session.scalar(found)


async def all_agents(session: AsyncSession, *, active_only: bool = False) -> Sequence[Agent]:
    found = select(Agent).order_by(Agent.name, Agent.id)
    if active_only:
        found = found.where(Agent.active.is_(True))
    return (await session.scalars(found)).all()


async def digest_readers(session: AsyncSession) -> Sequence[Agent]:
    """Who gets a digest, at whatever hour."""
    found = select(Agent).where(
        Agent.active.is_(True), Agent.role != Role.AGENT, Agent.digest_hour.is_not(None)
    )
    return (await session.scalars(found.order_by(Agent.id))).all()


async def agent_names(session: AsyncSession, agent_ids: Collection[int | None]) -> dict[int, str]:
    found = select(Agent.id, Agent.name).where(Agent.id.in_([i for i in agent_ids if i]))
    return {row[0]: row[1] for row in await session.execute(found)}


async def get_team(session: AsyncSession, team_id: int) -> Team:
    team = await session.get(Team, team_id)
    if team is None:
        raise NotFound(f"there is no team {team_id}")
    return team


async def all_teams(session: AsyncSession) -> Sequence[Team]:
    return (await session.scalars(select(Team).order_by(Team.name))).all()


async def team_ids_of(session: AsyncSession, agent_id: int) -> list[int]:
    found = select(TeamMember.team_id).where(TeamMember.agent_id == agent_id)
    return list(await session.scalars(found.order_by(TeamMember.team_id)))


async def members_of(session: AsyncSession, team_id: int) -> Sequence[Agent]:
    found = select(Agent).join(TeamMember, TeamMember.agent_id == Agent.id)
    found = found.where(TeamMember.team_id == team_id, Agent.active.is_(True))
    return (await session.scalars(found.order_by(Agent.name))).all()


async def members_by_team(
    session: AsyncSession, team_ids: Collection[int]
) -> dict[int, list[Agent]]:
    """Those who work here, by name."""
    members: dict[int, list[Agent]] = {team_id: [] for team_id in team_ids}
    found = select(TeamMember.team_id, Agent).join(Agent, TeamMember.agent_id == Agent.id)
    found = found.where(TeamMember.team_id.in_(members), Agent.active.is_(True))
    for team_id, member in await session.execute(found.order_by(Agent.name, Agent.id)):
        members[team_id].append(member)
    return members


async def agents_by_presence(session: AsyncSession) -> dict[Presence, list[str]]:
    """Names of active agents by the state of their shift."""
    names: dict[Presence, list[str]] = {presence: [] for presence in Presence}
    for agent in await all_agents(session, active_only=True):
        names[agent.presence].append(agent.name)
    return names


async def page_of_agents(
    session: AsyncSession,
    *,
    after: int,
    limit: int,
    active: bool | None = None,
    role: Role | None = None,
    team_id: int | None = None,
) -> Sequence[Agent]:
    """By id, beyond `after`."""
    found = select(Agent).where(Agent.id > after).order_by(Agent.id).limit(limit)
    if active is not None:
        found = found.where(Agent.active.is_(active))
    if role is not None:
        found = found.where(Agent.role == role)
    if team_id is not None:
        members = select(TeamMember.agent_id).where(TeamMember.team_id == team_id)
        found = found.where(Agent.id.in_(members))
    return (await session.scalars(found)).all()


async def teams_of(session: AsyncSession, agent_ids: Collection[int]) -> dict[int, list[int]]:
    """Team ids by agent."""
    teams: dict[int, list[int]] = {agent_id: [] for agent_id in agent_ids}
    found = select(TeamMember).where(TeamMember.agent_id.in_(agent_ids))
    for membership in await session.scalars(found.order_by(TeamMember.team_id)):
        teams[membership.agent_id].append(membership.team_id)
    return teams


async def find_membership(
    session: AsyncSession, *, team_id: int, agent_id: int
) -> TeamMember | None:
    return await session.get(TeamMember, (team_id, agent_id))


async def find_team_by_name(session: AsyncSession, name: str) -> Team | None:
    return await session.scalar(select(Team).where(Team.name == name))


async def lock_active_admins(session: AsyncSession) -> int:
    """How many there are; nobody can make it fewer until this transaction ends."""
    found = select(Agent.id).where(Agent.role == Role.ADMIN, Agent.active.is_(True))
    return len(
        (await session.scalars(found.order_by(Agent.id).with_for_update(key_share=True))).all()
    )


async def unlink_others(session: AsyncSession, telegram_id: str, *, agent_id: int) -> None:
    """Nobody but the agent is linked to this Telegram user any more."""
    statement = update(Agent).where(Agent.telegram_id == telegram_id, Agent.id != agent_id)
    await session.execute(statement.values(telegram_id=None, version=Agent.version + 1))


async def is_team_chat(session: AsyncSession, chat: str) -> bool:
    found = select(Team.id).where(Team.telegram_chat == chat).limit(1)
    return await session.scalar(found) is not None


async def team_chats(session: AsyncSession) -> dict[int, str]:
    """The Telegram groups of teams that have one."""
    found = select(Team.id, Team.telegram_chat).where(Team.telegram_chat.is_not(None))
    return {row[0]: row[1] for row in await session.execute(found) if row[1]}


async def change_team_chat(session: AsyncSession, *, old: str, new: str) -> list[int]:
    """The teams whose group it was."""
    statement = update(Team).where(Team.telegram_chat == old)
    changed = statement.values(telegram_chat=new, version=Team.version + 1)
    return list(await session.scalars(changed.returning(Team.id)))


# Absences


async def current_absence(session: AsyncSession, agent_id: int, *, now: datetime) -> Absence | None:
    found = select(Absence).where(
        Absence.agent_id == agent_id, Absence.ends_at > now, Absence.starts_at <= now
    )
    return await session.scalar(found.order_by(Absence.ends_at.desc()).limit(1))


async def get_absence(session: AsyncSession, absence_id: int) -> Absence:
    absence = await session.get(Absence, absence_id, populate_existing=True)
    if absence is None:
        raise NotFound(f"there is no absence {absence_id}")
    return absence


async def coming_absences(
    session: AsyncSession, *, now: datetime, agent_id: int | None = None, limit: int = 500
) -> Sequence[Absence]:
    """Those that have not ended, the earliest first."""
    found = select(Absence).where(Absence.ends_at > now)
    if agent_id is not None:
        found = found.where(Absence.agent_id == agent_id)
    return (await session.scalars(found.order_by(Absence.starts_at, Absence.id).limit(limit))).all()


async def absences_within(
    session: AsyncSession, *, start: datetime, end: datetime
) -> Sequence[Absence]:
    found = select(Absence).where(Absence.ends_at > start, Absence.starts_at < end)
    return (await session.scalars(found)).all()


async def absences_led_by(
    session: AsyncSession, deputy_id: int, *, now: datetime
) -> Sequence[Absence]:
    """Those that have not ended and name somebody as their deputy."""
    found = select(Absence).where(Absence.deputy_id == deputy_id, Absence.ends_at > now)
    return (await session.scalars(found.order_by(Absence.starts_at))).all()


async def usual_deputies(session: AsyncSession) -> dict[int, int | None]:
    """Of everybody who works here."""
    found = select(Agent.id, Agent.deputy_id).where(Agent.active.is_(True))
    return {row[0]: row[1] for row in await session.execute(found)}


async def lock_planning(session: AsyncSession) -> None:
    """One plans absences and deputies at a time, so that two cannot close a circle together."""
    first = select(Agent.id).order_by(Agent.id).limit(1)
    await session.scalar(first.with_for_update(key_share=True))


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


async def lock_begun_absences(
    session: AsyncSession, *, now: datetime, after: int, limit: int
) -> Sequence[int]:
    """Absences that have begun and whose deputies have not been told."""
    found = select(Absence.id).where(
        text(f"absences.{IS_UNTOLD}"), Absence.starts_at <= now, Absence.id > after
    )
    found = found.order_by(Absence.id).limit(limit).with_for_update(skip_locked=True)
    return (await session.scalars(found)).all()


# Who is below whom


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


async def default_deputy_of(session: AsyncSession, agent_id: int) -> Sequence[Agent]:
    """Those who work here and whose usual deputy the agent is."""
    found = select(Agent).where(Agent.deputy_id == agent_id, Agent.active.is_(True))
    return (await session.scalars(found.order_by(Agent.name))).all()
