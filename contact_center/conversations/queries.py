"""Every SQL statement about conversations."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.bulk import execute_many, fetch, insert_new, one_of
from contact_center.conversations.models import Conversation
from contact_center.db import Table, among
from contact_center.errors import NotFound

CONVERSATIONS = Table.metadata.tables["conversations"]
_DECISIVE = (
    "id",
    "channel",
    "thread",
    "address",
    "customer_id",
    "ticket_id",
    "language",
    "dialogue",
)
_LOCK = (
    select(*(CONVERSATIONS.c[name] for name in _DECISIVE))
    .where(
        CONVERSATIONS.c.channel == bindparam("channel"), one_of(CONVERSATIONS.c.thread, "threads")
    )
    .order_by(CONVERSATIONS.c.id)
    .with_for_update(key_share=True)
)
_MOVE_ON = (
    update(CONVERSATIONS)
    .where(CONVERSATIONS.c.id == bindparam("row_id"))
    .values(
        ticket_id=bindparam("new_ticket_id"),
        dialogue=bindparam("new_dialogue"),
        language=bindparam("new_language"),
        updated_at=bindparam("new_updated_at"),
    )
)


async def find_conversation(
    session: AsyncSession, *, channel: str, thread: str
) -> Conversation | None:
    found = select(Conversation).where(
        Conversation.channel == channel, Conversation.thread == thread
    )
    return await session.scalar(found)


async def get_conversation(session: AsyncSession, conversation_id: int) -> Conversation:
    conversation = await session.get(Conversation, conversation_id)
    if conversation is None:
        raise NotFound(code="conversation.unknown", conversation_id=conversation_id)
    return conversation


async def conversations_by_id(
    session: AsyncSession, conversation_ids: Collection[int]
) -> dict[int, Conversation]:
    found = select(Conversation).where(Conversation.id.in_(conversation_ids))
    return {conversation.id: conversation for conversation in await session.scalars(found)}


async def lock_conversations(
    session: AsyncSession, *, channel: str, threads: Collection[str]
) -> dict[str, Any]:
    """Rows by thread, locked in one order, so that two batches wait and never deadlock.

    They hold what decisions need, not all.
    """
    found = await fetch(session, _LOCK, {"channel": channel, "threads": threads})
    return {row.thread: row for row in found}


async def lock_conversations_of(
    session: AsyncSession,
    *,
    ticket_ids: Collection[int] = (),
    customer_ids: Collection[int] = (),
) -> None:
    """Before these tickets or customers are locked, in the order in which messages lock them."""
    found = select(CONVERSATIONS.c.id).where(
        or_(
            CONVERSATIONS.c.ticket_id.in_(ticket_ids),
            CONVERSATIONS.c.customer_id.in_(customer_ids),
        )
    )
    in_one_order = found.order_by(CONVERSATIONS.c.channel, CONVERSATIONS.c.id)
    await session.execute(in_one_order.with_for_update(key_share=True))


async def threads_of_tickets(
    session: AsyncSession, *, channel: str, ticket_ids: Collection[int]
) -> dict[int, str]:
    """The threads in which these tickets are talked about on a channel."""
    found = select(CONVERSATIONS.c.ticket_id, CONVERSATIONS.c.thread).where(
        CONVERSATIONS.c.channel == channel, among(session, CONVERSATIONS.c.ticket_id, ticket_ids)
    )
    return {row[0]: row[1] for row in await session.execute(found)}


async def insert_conversations(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Skips threads that another process has just added."""
    in_one_order = sorted(rows, key=lambda row: (row["channel"], row["thread"]))
    await insert_new(session, CONVERSATIONS, in_one_order)


async def update_conversations(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Each row: `row_id` and `new_…` for ticket_id, dialogue, language, updated_at."""
    await execute_many(session, _MOVE_ON, rows)


async def point_to_ticket(session: AsyncSession, *, old: int, new: int) -> None:
    """New messages of every conversation about one ticket join another from now on."""
    await session.execute(
        update(Conversation)
        .where(Conversation.ticket_id == old)
        .values(ticket_id=new)
        .execution_options(synchronize_session=False)
    )


async def advance_customer_read(
    session: AsyncSession, conversation_id: int, *, message_id: int
) -> bool:
    """Whether the customer had not read that far before."""
    moved = await session.scalar(
        update(Conversation)
        .where(Conversation.id == conversation_id, Conversation.customer_read_id < message_id)
        .values(customer_read_id=message_id)
        .returning(Conversation.id)
        .execution_options(synchronize_session=False)
    )
    return moved is not None


async def move_conversations(session: AsyncSession, *, old: int, new: int) -> int:
    """Give one customer's conversations to another; returns how many."""
    moved = await session.scalars(
        update(Conversation)
        .where(Conversation.customer_id == old)
        .values(customer_id=new)
        .returning(Conversation.id)
        .execution_options(synchronize_session=False)
    )
    return len(moved.all())
