"""What can be done with conversations. Callers own the transaction."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.conversations import queries
from contact_center.conversations.models import Conversation
from contact_center.db import hint


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


async def mark_read_by_customer(
    session: AsyncSession, conversation: Conversation, *, message_id: int
) -> None:
    """How far the customer has read; it never goes back."""
    advanced = await queries.advance_customer_read(session, conversation.id, message_id=message_id)
    if advanced and conversation.ticket_id is not None:
        hint(session, f"ticket:{conversation.ticket_id}")
