"""What can be done with canned replies. Callers own the transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.queries import get_team
from contact_center.errors import Conflict
from contact_center.events.actions import record
from contact_center.events.rules import Actor
from contact_center.knowledge import queries, rules
from contact_center.knowledge.models import CannedReply


async def add_canned_reply(
    session: AsyncSession, *, values: Mapping[str, Any], by: Actor, now: datetime
) -> CannedReply:
    """`values` are columns. Raises Invalid, Conflict, NotFound."""
    shortcut = rules.check_shortcut(values["shortcut"])
    await _check_free(session, shortcut)
    await _check_team(session, values)
    reply = CannedReply(**{**values, "shortcut": shortcut}, created_at=now)
    session.add(reply)
    await session.flush()
    await record(session, "canned_reply.added", actor=by, now=now, data={"reply_id": reply.id})
    return reply


async def edit_canned_reply(
    session: AsyncSession,
    reply: CannedReply,
    *,
    changes: Mapping[str, Any],
    by: Actor,
    now: datetime,
) -> None:
    """Raises Invalid, Conflict, NotFound."""
    changes = dict(changes)
    if "shortcut" in changes:
        changes["shortcut"] = rules.check_shortcut(changes["shortcut"])
    changed = {name: value for name, value in changes.items() if value != getattr(reply, name)}
    if "shortcut" in changed:
        await _check_free(session, changed["shortcut"])
    await _check_team(session, changed)
    for name, value in changed.items():
        setattr(reply, name, value)
    if changed:
        await session.flush()  # raises where somebody else was faster, and tells the new version
        data = {"reply_id": reply.id, "changed": sorted(changed)}
        await record(session, "canned_reply.edited", actor=by, now=now, data=data)


async def delete_canned_reply(
    session: AsyncSession, reply: CannedReply, *, by: Actor, now: datetime
) -> None:
    reply_id = reply.id
    await session.delete(reply)
    await session.flush()
    await record(session, "canned_reply.deleted", actor=by, now=now, data={"reply_id": reply_id})


async def _check_free(session: AsyncSession, shortcut: str) -> None:
    if await queries.shortcut_exists(session, shortcut):
        raise Conflict(code="reply.shortcut_taken", shortcut=shortcut)


async def _check_team(session: AsyncSession, values: Mapping[str, Any]) -> None:
    if values.get("team_id") is not None:
        await get_team(session, values["team_id"])
