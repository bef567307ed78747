"""Every SQL statement about messages."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.bulk import Rows, execute_many, insert_numbered
from contact_center.db import Table, among, insert_for, is_postgresql
from contact_center.deliveries.models import IS_DEAD, Delivery, DeliveryStatus
from contact_center.errors import NotFound
from contact_center.messages.models import Attachment, Author, Direction, Message, ReadMark
from contact_center.search import tokens
from contact_center.sla.models import Clock
from contact_center.tickets.models import FINISHED, Ticket

MESSAGES = Table.metadata.tables["messages"]
ATTACHMENTS = Table.metadata.tables["attachments"]
MOST_MATCHES = 10_000  # messages looked at to find a page of tickets
FEW_MATCHES = 1_000  # which mostly suffice
_INDEX_ON_POSTGRESQL = text(
    "INSERT INTO message_search (message_id, tokens) VALUES (:id, array_to_tsvector(:tokens))"
).bindparams(bindparam("tokens", type_=ARRAY(String)))
_INDEX_ON_SQLITE = text("INSERT INTO message_search (rowid, tokens) VALUES (:id, :tokens)")
_ON_SQLITE = (
    "SELECT rowid AS id FROM message_search "
    "WHERE message_search MATCH :terms {older} ORDER BY rowid DESC LIMIT :limit"
)
# The planner knows the commonest words only, and would look for any other in all messages, from
# the newest back. So common words are looked for in the newest messages, one by one, and only what
# is not found there through the index.
_RECENT_ON_POSTGRESQL = (
    "SELECT message_id AS id FROM (SELECT message_id, tokens FROM message_search "
    "WHERE true {older} ORDER BY message_id DESC LIMIT 10000) AS recent "
    "WHERE tokens @@ CAST(:terms AS tsquery) ORDER BY message_id DESC LIMIT :limit"
)
_DEEP_ON_POSTGRESQL = (
    "SELECT message_id AS id FROM (WITH hits AS MATERIALIZED "
    "(SELECT message_id FROM message_search WHERE tokens @@ CAST(:terms AS tsquery) {older}) "
    "SELECT message_id FROM hits) AS found ORDER BY message_id DESC LIMIT :limit"
)


async def ticket_messages(
    session: AsyncSession, ticket_id: int, *, after: int = 0, limit: int = 200
) -> Sequence[Message]:
    """Everything said on a ticket, notes included, oldest first."""
    found = select(Message).where(Message.ticket_id == ticket_id, Message.id > after)
    return (await session.scalars(found.order_by(Message.id).limit(limit))).all()


async def latest_messages(
    session: AsyncSession, ticket_id: int, *, before: int | None = None, limit: int = 100
) -> Sequence[Message]:
    """The last things said on a ticket, oldest first."""
    found = select(Message).where(Message.ticket_id == ticket_id)
    if before is not None:
        found = found.where(Message.id < before)
    rows = (await session.scalars(found.order_by(Message.id.desc()).limit(limit))).all()
    return rows[::-1]


async def conversation_messages(
    session: AsyncSession, conversation_id: int, *, after: int = 0, limit: int = 200
) -> Sequence[Message]:
    """What the customer may see of a conversation, oldest first."""
    found = select(Message).where(
        Message.conversation_id == conversation_id,
        Message.id > after,
        Message.direction != Direction.NOTE,
    )
    return (await session.scalars(found.order_by(Message.id).limit(limit))).all()


async def latest_in_conversation(
    session: AsyncSession, conversation_id: int, *, limit: int = 50
) -> Sequence[Message]:
    """The end of what the customer may see, oldest first."""
    found = select(Message).where(
        Message.conversation_id == conversation_id, Message.direction != Direction.NOTE
    )
    rows = (await session.scalars(found.order_by(Message.id.desc()).limit(limit))).all()
    return rows[::-1]


async def external_ids(
    session: AsyncSession, ticket_id: int, *, channel: str, limit: int = 20
) -> list[str]:
    """How a channel calls the last messages of a ticket, oldest first."""
    found = select(Message.external_id).where(
        Message.ticket_id == ticket_id,
        Message.channel == channel,
        Message.external_id.is_not(None),
    )
    rows = await session.scalars(found.order_by(Message.id.desc()).limit(limit))
    return [external_id for external_id in rows if external_id][::-1]


async def home_of_latest_inbound(session: AsyncSession, ticket_id: int) -> int | None:
    """The conversation in which the customer last said something about a ticket."""
    found = select(Message.conversation_id).where(
        Message.ticket_id == ticket_id,
        Message.direction == Direction.IN,
        Message.conversation_id.is_not(None),
    )
    return await session.scalar(found.order_by(Message.id.desc()).limit(1))


async def messages_by_external_id(
    session: AsyncSession, *, channel: str, external_ids: Collection[str]
) -> dict[str, tuple[int, int | None]]:
    """Ticket id and conversation id of messages, by what the channel calls them."""
    found = select(MESSAGES.c.external_id, MESSAGES.c.ticket_id, MESSAGES.c.conversation_id).where(
        MESSAGES.c.channel == channel, MESSAGES.c.external_id.in_(external_ids)
    )
    return {row[0]: (row[1], row[2]) for row in await session.execute(found)}


async def answers_on(session: AsyncSession, ticket_id: int) -> list[tuple[int, datetime]]:
    """What people have answered, and when, but for what did not arrive; the oldest first."""
    found = (
        select(Message.id, Message.created_at)
        .outerjoin(Delivery, Delivery.message_id == Message.id)
        .where(
            Message.ticket_id == ticket_id,
            Message.direction == Direction.OUT,
            Message.author == Author.AGENT,
            or_(Delivery.id.is_(None), Delivery.status != DeliveryStatus.DEAD),
        )
        .order_by(Message.id)
    )
    return [(row[0], row[1]) for row in await session.execute(found)]


async def lock_undelivered(session: AsyncSession, *, after: int, limit: int) -> Sequence[int]:
    """Deliveries given up on whose message counts as an answer; their tickets are locked."""
    number = Delivery.id + 0  # see _lock_due in tickets.queries
    found = (
        select(Delivery.id)
        .join(Message, Message.id == Delivery.message_id)
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(
            text(f"deliveries.{IS_DEAD}"),
            Ticket.status.not_in(FINISHED),
            exists().where(Clock.stopped_by == Message.id, Clock.ticket_id == Ticket.id),
            number > after,
        )
        .order_by(number)
        .limit(limit)
        .with_for_update(of=Ticket, skip_locked=True, key_share=True)
    )
    return (await session.scalars(found)).all()


async def find_sent(
    session: AsyncSession,
    *,
    channel: str,
    external_ids: Collection[str],
    ticket_id: int | None,
    addresses: Collection[str],
) -> int | None:
    """The delivery a network tells of: by what it calls it, else the last one to that address."""
    found = select(Delivery.id).join(Message, Message.id == Delivery.message_id)
    found = found.where(Delivery.channel == channel).order_by(Delivery.id.desc()).limit(1)
    named = await session.scalar(found.where(Message.external_id.in_(external_ids)))
    if named is not None or ticket_id is None:
        return named
    return await session.scalar(
        found.where(Message.ticket_id == ticket_id, Delivery.address.in_(addresses))
    )


async def get_message(session: AsyncSession, message_id: int) -> Message:
    message = await session.get(Message, message_id)
    if message is None:
        raise NotFound(code="message.unknown", message_id=message_id)
    return message


async def attachments_of(
    session: AsyncSession, message_ids: Collection[int]
) -> dict[int, list[Attachment]]:
    found = select(Attachment).where(Attachment.message_id.in_(message_ids))
    files: dict[int, list[Attachment]] = {}
    for attachment in await session.scalars(found.order_by(Attachment.id)):
        files.setdefault(attachment.message_id, []).append(attachment)
    return files


async def get_attachment(session: AsyncSession, attachment_id: int) -> tuple[Attachment, Message]:
    found = select(Attachment, Message).where(
        Attachment.id == attachment_id, Message.id == Attachment.message_id
    )
    row = (await session.execute(found)).one_or_none()
    if row is None:
        raise NotFound(code="file.unknown_attachment", attachment_id=attachment_id)
    return row[0], row[1]


async def stored_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Those of the keys whose files belong to a message."""
    found = select(Attachment.storage_key).where(among(session, Attachment.storage_key, keys))
    return set(await session.scalars(found))


async def insert_messages(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Ids in the order of the rows."""
    return await insert_numbered(session, MESSAGES, rows)


async def insert_attachments(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await session.execute(insert(ATTACHMENTS), list(rows))


async def move_messages(
    session: AsyncSession, *, old: int, new: int, message_ids: Collection[int] | None = None
) -> int:
    """Move all messages of a ticket, or some, to another; returns how many."""
    statement = update(Message).where(Message.ticket_id == old)
    if message_ids is not None:
        statement = statement.where(Message.id.in_(message_ids))
    moved = await session.scalars(
        statement.values(ticket_id=new)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    return len(moved.all())


async def move_authorship(session: AsyncSession, *, old: int, new: int) -> None:
    """What one customer wrote was written by another, who is the same person."""
    await session.execute(
        update(Message)
        .where(Message.author == Author.CUSTOMER, Message.author_id == old)
        .values(author_id=new)
        .execution_options(synchronize_session=False)
    )


async def mark_read(
    session: AsyncSession, *, agent_id: int, ticket_id: int, message_id: int
) -> None:
    statement = insert_for(session, ReadMark).values(
        agent_id=agent_id, ticket_id=ticket_id, message_id=message_id
    )
    newer = case(
        (statement.excluded.message_id > ReadMark.message_id, statement.excluded.message_id),
        else_=ReadMark.message_id,
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["agent_id", "ticket_id"], set_={"message_id": newer}
        )
    )


async def unread_counts(
    session: AsyncSession, *, agent_id: int, ticket_ids: Collection[int]
) -> dict[int, int]:
    """Customers' messages that an agent has not seen, by ticket."""
    mark = and_(ReadMark.ticket_id == Message.ticket_id, ReadMark.agent_id == agent_id)
    counted = (
        select(Message.ticket_id, func.count())
        .outerjoin(ReadMark, mark)
        .where(
            Message.ticket_id.in_(ticket_ids),
            Message.direction == Direction.IN,
            Message.id > func.coalesce(ReadMark.message_id, 0),
        )
        .group_by(Message.ticket_id)
    )
    return {row[0]: row[1] for row in await session.execute(counted)}


# Search


async def index_messages(session: AsyncSession, texts: Mapping[int, str]) -> None:
    """Make messages findable by the words of the given texts."""
    if is_postgresql(session):
        rows: Rows = [{"id": n, "tokens": sorted(set(tokens(said)))} for n, said in texts.items()]
        await execute_many(session, _INDEX_ON_POSTGRESQL, rows)
    else:
        rows = [{"id": n, "tokens": " ".join(set(tokens(said)))} for n, said in texts.items()]
        await execute_many(session, _INDEX_ON_SQLITE, rows)


async def search_messages(
    session: AsyncSession, terms: Sequence[str], *, before: int | None = None, limit: int = 200
) -> Sequence[tuple[int, int]]:
    """Message id and ticket id of messages that contain all terms, the newest first."""
    found: Sequence[tuple[int, int]] = []
    for deep in (False, True) if is_postgresql(session) else (True,):
        matching, values = _matching(session, terms, before=before, limit=limit, deep=deep)
        statement = text(
            f"SELECT m.id, m.ticket_id FROM ({matching}) AS found "  # noqa: S608  no value is pasted in
            "JOIN messages AS m ON m.id = found.id ORDER BY m.id DESC"
        )
        found = [(row[0], row[1]) for row in await session.execute(statement, values)]
        if len(found) >= limit:
            break
    return found


async def search_tickets(
    session: AsyncSession, terms: Sequence[str], *, before: int | None = None, limit: int = 50
) -> Sequence[tuple[int, int]]:
    """Ticket id and its newest message that contains all terms; each ticket once, newest first.

    The next page begins below the last of these messages. What lies deeper than `MOST_MATCHES`
    is found by more words.
    """
    below = "HAVING max(m.id) < :below" if before is not None else ""
    found: Sequence[tuple[int, int]] = []
    for deep in (False, True):  # a page that the newest matches fill is the page of all
        matching, values = _matching(session, terms, limit=MOST_MATCHES, deep=deep)
        statement = text(
            f"SELECT m.ticket_id, max(m.id) FROM ({matching}) AS found "  # noqa: S608  no value is pasted in
            f"JOIN messages AS m ON m.id = found.id GROUP BY m.ticket_id {below} "
            "ORDER BY max(m.id) DESC LIMIT :page"
        )
        values |= {"page": limit} | ({"below": before} if before is not None else {})
        found = [(row[0], row[1]) for row in await session.execute(statement, values)]
        if len(found) >= limit:
            break
    return found


def _matching(
    session: AsyncSession,
    terms: Sequence[str],
    *,
    limit: int,
    deep: bool,
    before: int | None = None,
) -> tuple[str, dict[str, Any]]:
    """A statement for the newest messages that contain all terms, their ids, and its values.

    Unless `deep`, it looks only as far back as common words need.
    """
    if is_postgresql(session):
        statement = _DEEP_ON_POSTGRESQL if deep else _RECENT_ON_POSTGRESQL
        key, wanted = "message_id", " & ".join(f"'{term}'" for term in terms)
    else:
        statement, limit = _ON_SQLITE, limit if deep else min(limit, FEW_MATCHES)
        key, wanted = "rowid", " AND ".join(f'"{term}"' for term in terms)
    older = f"AND {key} < :before" if before is not None else ""
    values = {"terms": wanted, "limit": limit} | ({"before": before} if before is not None else {})
    return statement.format(older=older), values
