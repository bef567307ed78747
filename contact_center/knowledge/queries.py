"""Every SQL statement about canned replies."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.errors import NotFound
from contact_center.knowledge.models import CannedReply


async def canned_replies(
    session: AsyncSession, *, team_ids: Sequence[int] | None = None
) -> Sequence[CannedReply]:
    """Everybody's replies and those of the given teams; all of them without teams."""
    found = select(CannedReply)
    if team_ids is not None:
        found = found.where(or_(CannedReply.team_id.is_(None), CannedReply.team_id.in_(team_ids)))
    return (await session.scalars(found.order_by(CannedReply.shortcut))).all()


async def get_canned_reply(session: AsyncSession, reply_id: int) -> CannedReply:
    reply = await session.get(CannedReply, reply_id)
    if reply is None:
        raise NotFound(code="reply.unknown", reply_id=reply_id)
    return reply


async def shortcut_exists(session: AsyncSession, shortcut: str) -> bool:
    found = select(CannedReply.id).where(CannedReply.shortcut == shortcut)
    return await session.scalar(found) is not None
