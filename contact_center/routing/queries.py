"""Every SQL statement about routing."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Team


async def team_ids(session: AsyncSession, names: Collection[str]) -> dict[str, int]:
    found = select(Team.name, Team.id).where(Team.name.in_(names))
    return {row[0]: row[1] for row in await session.execute(found)}


async def telegram_groups(session: AsyncSession, team_ids: Collection[int]) -> dict[int, str]:
    """The groups in which teams are told of new tickets, by team."""
    found = select(Team.id, Team.telegram_chat).where(
        Team.id.in_(team_ids), Team.telegram_chat.is_not(None)
    )
    return {row[0]: row[1] for row in await session.execute(found) if row[1]}
