"""SQL of the demo data: what no action does, because in earnest nobody needs it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, exists, func, insert, literal, or_, select, update
from sqlalchemy import Table as SqlTable
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Agent
from contact_center.alerts.models import Alert
from contact_center.customers.models import Customer
from contact_center.db import Table, is_postgresql
from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.events.models import Event
from contact_center.messages.models import Author, Message, ReadMark
from contact_center.tickets.models import Ticket

DELIVERIES = Table.metadata.tables["deliveries"]


async def is_empty(session: AsyncSession) -> bool:
    """Nothing has ever happened here: the log would know."""
    tables = (Event, Agent, Customer, Ticket)
    somebody = or_(*(exists(select(literal(1)).select_from(table)) for table in tables))
    return not await session.scalar(select(somebody))


async def has_agent(session: AsyncSession, email: str) -> bool:
    return await session.scalar(select(Agent.id).where(Agent.email == email)) is not None


async def send_all(session: AsyncSession) -> None:
    """Everything that waits has left, a moment after it was written."""
    await session.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.status == DeliveryStatus.PENDING)
        .values(
            status=DeliveryStatus.SENT,
            attempts=1,
            sent_at=DELIVERIES.c.created_at,
            network_id=DELIVERIES.c.idempotency_key,
        )
    )


async def give_up_on_last_reply(
    session: AsyncSession, ticket_id: int, *, attempts: int, error: str
) -> None:
    last = select(func.max(Delivery.id)).where(
        Delivery.ticket_id == ticket_id, Delivery.kind == "reply"
    )
    await session.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.id == last.scalar_subquery())
        .values(
            status=DeliveryStatus.DEAD,
            attempts=attempts,
            sent_at=None,
            network_id=None,
            last_error=error,
        )
    )


async def mark_answered_as_read(session: AsyncSession) -> None:
    """Whoever answered had read what was there."""
    read: Any = (
        select(Message.author_id, Message.ticket_id, func.max(Message.id))
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(Message.author == Author.AGENT)
        .group_by(Message.author_id, Message.ticket_id)
    )
    await session.execute(
        insert(ReadMark).from_select(["agent_id", "ticket_id", "message_id"], read)
    )


async def all_rows(session: AsyncSession, table: SqlTable) -> Sequence[RowMapping]:
    return (await session.execute(select(table).order_by(*table.primary_key))).mappings().all()


async def insert_rows(
    session: AsyncSession, table: SqlTable, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Rows that have their ids already; those that come later are numbered after them."""
    if not rows:
        return
    await session.execute(insert(table), list(rows))
    if is_postgresql(session) and "id" in table.columns:
        sequence = func.pg_get_serial_sequence(table.name, "id")
        await session.execute(select(func.setval(sequence, func.max(table.c.id))))


async def missing_rows(
    session: AsyncSession, table: SqlTable, rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Those whose key is not there yet."""
    names = [column.name for column in table.primary_key]
    known = {tuple(row[name] for name in names) for row in await all_rows(session, table)}
    return [row for row in rows if tuple(row[name] for name in names) not in known]


async def mark_old_alerts_as_read(session: AsyncSession, *, before: datetime) -> None:
    old = update(Alert).where(Alert.created_at < before)
    await session.execute(old.values(read_at=Alert.created_at))


async def mark_alerts_as_sent(session: AsyncSession) -> None:
    unsent = update(Alert).where(Alert.sent_at.is_(None))
    await session.execute(unsent.values(sent_at=Alert.created_at))


async def count_tickets(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(Ticket)) or 0
