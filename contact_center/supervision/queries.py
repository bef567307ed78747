"""Every SQL statement about supervision orders.

Whoever changes an order has locked its ticket: that lock guards both rows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.db import Table, insert_or_ignore
from contact_center.errors import NotFound
from contact_center.supervision.models import IS_OPEN, Cause, SupervisionOrder

ORDERS = Table.metadata.tables["supervision_orders"]
_OPEN = text(f"supervision_orders.{IS_OPEN}")


async def open_once(
    session: AsyncSession,
    *,
    ticket_id: int,
    cause: Cause,
    facts: Mapping[str, Any],
    now: datetime,
) -> int | None:
    """The new order's id; None where one is open already."""
    row = {"ticket_id": ticket_id, "cause": cause.value, "facts": dict(facts), "opened_at": now}
    statement = insert_or_ignore(session, ORDERS).values(**row).returning(ORDERS.c.id)
    number: int | None = await session.scalar(statement)
    return number


async def get_order(session: AsyncSession, order_id: int) -> SupervisionOrder:
    """As it is now, whatever the session has seen before."""
    order = await session.get(SupervisionOrder, order_id, populate_existing=True)
    if order is None:
        raise NotFound(f"there is no supervision order {order_id}")
    return order


async def orders_of(session: AsyncSession, ticket_id: int) -> Sequence[SupervisionOrder]:
    """Open and ended, the oldest first."""
    found = select(SupervisionOrder).where(SupervisionOrder.ticket_id == ticket_id)
    return (await session.scalars(found.order_by(SupervisionOrder.id))).all()


async def page_of_orders(
    session: AsyncSession, *, only_open: bool = True, after: int = 0, limit: int = 50
) -> Sequence[SupervisionOrder]:
    """The oldest first."""
    found = select(SupervisionOrder).where(SupervisionOrder.id > after)
    if only_open:
        found = found.where(_OPEN)
    return (await session.scalars(found.order_by(SupervisionOrder.id).limit(limit))).all()


async def open_size(session: AsyncSession, *, most: int = 100) -> int:
    inner = select(SupervisionOrder.id).where(_OPEN).limit(most)
    return await session.scalar(select(func.count()).select_from(inner.subquery())) or 0
