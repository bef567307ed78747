"""Teams, who is in them, and their groups."""

from collections.abc import Collection, Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Agent, Team, TeamMember
from contact_center.errors import NotFound


async def get_team(session: AsyncSession, team_id: int) -> Team:
    team = await session.get(Team, team_id)
    if team is None:
        raise NotFound(code="team.unknown", team_id=team_id)
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
