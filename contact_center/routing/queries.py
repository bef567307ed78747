"""Every SQL statement about routing."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Team
from contact_center.bulk import one_of

TEAMS = Team.metadata.tables["teams"]
_BY_NAME = select(TEAMS.c.name, TEAMS.c.id).where(one_of(TEAMS.c.name, "names"))
_WITH_GROUP = select(TEAMS.c.id, TEAMS.c.telegram_chat).where(
    one_of(TEAMS.c.id, "team_ids"), TEAMS.c.telegram_chat.is_not(None)
)


async def team_ids(session: AsyncSession, names: Collection[str]) -> dict[str, int]:
    found = await session.execute(_BY_NAME, {"names": names})
    return {row[0]: row[1] for row in found}


async def telegram_groups(session: AsyncSession, team_ids: Collection[int]) -> dict[int, str]:
    """The groups in which teams are told of new tickets, by team."""
    found = await session.execute(_WITH_GROUP, {"team_ids": team_ids})
    return {number: chat for number, chat in found if chat}
