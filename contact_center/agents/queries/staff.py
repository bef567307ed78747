"""People who work here."""

from collections.abc import Collection, Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Agent, Presence, Role, TeamMember
from contact_center.errors import Conflict, NotFound


async def get_agent(session: AsyncSession, agent_id: int) -> Agent:
    agent = await session.get(Agent, agent_id)
    if agent is None:
        raise NotFound(code="agent.unknown", agent_id=agent_id)
    return agent


async def get_active_agent(session: AsyncSession, agent_id: int) -> Agent:
    """Somebody who may be given work. Raises NotFound, Conflict."""
    agent = await get_agent(session, agent_id)
    if not agent.active:
        raise Conflict(code="agent.left", name=agent.name)
    return agent


async def hold_active_agent(session: AsyncSession, agent_id: int) -> Agent:
    """Who is about to get work: they cannot be deactivated before this transaction ends."""
    found = select(Agent).where(Agent.id == agent_id).with_for_update(read=True)
    await session.scalar(found.execution_options(populate_existing=True))
    return await get_active_agent(session, agent_id)


async def lock_agent(session: AsyncSession, agent_id: int) -> Agent:
    """Nobody gives them work, or takes it, before this transaction ends."""
    found = select(Agent).where(Agent.id == agent_id).with_for_update()
    agent = await session.scalar(found.execution_options(populate_existing=True))
    if agent is None:
        raise NotFound(code="agent.unknown", agent_id=agent_id)
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
