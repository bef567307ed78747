"""What can be done with conversations. Callers own the transaction."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.conversations import queries


async def find_or_start(
    session: AsyncSession, *, channel: str, threads: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Locked rows by thread; a thread nobody has written in gets the row it maps to."""
    found = await queries.lock_conversations(session, channel=channel, threads=list(threads))
    new = {thread: row for thread, row in threads.items() if thread not in found}
    if new:
        await queries.insert_conversations(session, list(new.values()))
        found |= await queries.lock_conversations(session, channel=channel, threads=list(new))
    return found
