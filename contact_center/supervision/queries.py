"""Every SQL statement about supervision orders.

Whoever changes an order has locked its ticket: that lock guards both rows.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.bulk import insert_many
from contact_center.db import Table, among, insert_or_ignore
from contact_center.errors import NotFound
from contact_center.supervision.models import IS_OPEN, Cause, SupervisionOrder
from contact_center.tickets.queries import seen_by

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


async def open_many(
    session: AsyncSession,
    facts: Mapping[int, Mapping[str, Any]],
    *,
    cause: Cause,
    now: datetime,
) -> dict[int, SupervisionOrder]:
    """By ticket: the new orders, where none was open. The tickets are locked."""
    before = await orders_for(session, facts, cause=cause)
    new = [n for n in facts if all(order.ended_at for order in before.get(n, ()))]
    if not new:
        return {}
    row = {"cause": cause, "opened_at": now}
    rows = [{**row, "ticket_id": n, "facts": dict(facts[n])} for n in new]
    await insert_many(session, ORDERS, rows)
    after = await orders_for(session, new, cause=cause)
    return {n: order for n, orders in after.items() for order in orders if order.ended_at is None}


async def orders_for(
    session: AsyncSession, ticket_ids: Collection[int], *, cause: Cause
) -> dict[int, list[SupervisionOrder]]:
    """By ticket, open and ended, the oldest first."""
    found = select(SupervisionOrder).where(
        among(session, SupervisionOrder.ticket_id, ticket_ids), SupervisionOrder.cause == cause
    )
    orders: dict[int, list[SupervisionOrder]] = {}
    for order in await session.scalars(found.order_by(SupervisionOrder.id)):
        orders.setdefault(order.ticket_id, []).append(order)
    return orders


async def get_order(session: AsyncSession, order_id: int) -> SupervisionOrder:
    """As it is now, whatever the session has seen before."""
    order = await session.get(SupervisionOrder, order_id, populate_existing=True)
    if order is None:
        raise NotFound(code="supervision.unknown", order_id=order_id)
    return order


async def orders_of(session: AsyncSession, ticket_id: int) -> Sequence[SupervisionOrder]:
    """Open and ended, the oldest first."""
    found = select(SupervisionOrder).where(SupervisionOrder.ticket_id == ticket_id)
    return (await session.scalars(found.order_by(SupervisionOrder.id))).all()


async def page_of_orders(
    session: AsyncSession,
    *,
    reader: int = 0,
    only_open: bool = True,
    after: int = 0,
    limit: int = 50,
) -> Sequence[SupervisionOrder]:
    """The oldest first; not those about the agent who reads."""
    seen = seen_by(reader, SupervisionOrder.ticket_id)
    found = select(SupervisionOrder).where(SupervisionOrder.id > after, seen)
    if only_open:
        found = found.where(_OPEN)
    return (await session.scalars(found.order_by(SupervisionOrder.id).limit(limit))).all()
