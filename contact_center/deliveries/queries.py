"""Every SQL statement about deliveries."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, select, text, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from contact_center.bulk import insert_many
from contact_center.db import Table, among, insert_or_ignore
from contact_center.deliveries.models import IS_DEAD, IS_UNFINISHED, Delivery, DeliveryStatus
from contact_center.errors import NotFound

DELIVERIES = Table.metadata.tables["deliveries"]
WINDOW = 200  # rows looked at to find those that wait behind a failing one
_UNFINISHED, _DEAD = text(f"deliveries.{IS_UNFINISHED}"), text(f"deliveries.{IS_DEAD}")


async def insert_deliveries(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await insert_many(session, DELIVERIES, rows)


async def insert_if_new(session: AsyncSession, row: Mapping[str, Any]) -> bool:
    """Of all who write the same key at once one does; the others wait for it, and do not."""
    statement = insert_or_ignore(session, DELIVERIES).values(**row).returning(DELIVERIES.c.id)
    return await session.scalar(statement) is not None


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Those of the keys for which there is a delivery, sent or not."""
    found = select(DELIVERIES.c.idempotency_key).where(
        among(session, DELIVERIES.c.idempotency_key, keys)
    )
    return set(await session.scalars(found))


async def due_lanes(session: AsyncSession) -> dict[str, datetime]:
    """Lanes with something unfinished, and when its first is due."""
    first = select(func.min(Delivery.lane).label("lane")).where(_UNFINISHED)
    lanes = first.cte("lanes", recursive=True)
    following = select(func.min(Delivery.lane)).where(_UNFINISHED, Delivery.lane > lanes.c.lane)
    lanes = lanes.union_all(
        select(following.scalar_subquery()).where(lanes.c.lane.is_not(None))
    )  # from lane to lane through the index: there are few, of many rows
    due_at = select(func.min(Delivery.available_at)).where(
        _UNFINISHED, Delivery.lane == lanes.c.lane
    )
    found = select(lanes.c.lane, due_at.scalar_subquery()).where(lanes.c.lane.is_not(None))
    return {row[0]: row[1] for row in await session.execute(found)}


async def put_off(session: AsyncSession, lane: str, *, now: datetime) -> int:
    """Make due with their line what waits behind a delivery that is to be tried again later.

    Of the first rows only; returns how many. Claims would pass over them every time.
    """
    window = _due(lane, now).limit(WINDOW).subquery("first_ones")
    earlier = aliased(Delivery, name="earlier")
    line_due_at = (
        select(func.max(earlier.available_at))
        .where(
            earlier.order_key == Delivery.order_key,
            earlier.id < Delivery.id,
            text(f"earlier.{IS_UNFINISHED}"),
            earlier.status == DeliveryStatus.PENDING,
            earlier.available_at > now,
        )
        .correlate(Delivery)
        .scalar_subquery()
    )
    behind = (
        select(Delivery.id, line_due_at.label("due_at"))
        .where(Delivery.id.in_(select(window.c.id)), line_due_at.is_not(None))
        .with_for_update(skip_locked=True, of=Delivery)
        .cte("behind")
    )
    statement = (
        update(Delivery)
        .where(Delivery.id == behind.c.id)
        .values(available_at=behind.c.due_at)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len((await session.scalars(statement)).all())


async def claim_due(
    session: AsyncSession, lane: str, *, owner: str, now: datetime, until: datetime, limit: int
) -> Sequence[Delivery]:
    """Lease what is due in a lane: of every line only the oldest unfinished row.

    A lease moves `available_at`, so a row whose sender died becomes due again by itself. The
    common table expression is no ornament: `WHERE id IN (SELECT … LIMIT … FOR UPDATE)` may claim
    more than its limit.
    """
    earlier = aliased(Delivery, name="earlier")
    is_first = ~exists().where(
        earlier.order_key == Delivery.order_key,
        earlier.id < Delivery.id,
        text(f"earlier.{IS_UNFINISHED}"),
    )
    due = (
        _due(lane, now)
        .where(is_first)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Delivery)
        .cte("due")
    )
    claim = (
        update(Delivery)
        .where(Delivery.id == due.c.id)
        .values(
            status=DeliveryStatus.LEASED,
            lease_owner=owner,
            lease_until=until,
            available_at=until,
            attempts=Delivery.attempts + 1,
        )
        .returning(Delivery)
        .execution_options(synchronize_session=False)
    )
    claimed = (await session.scalars(claim)).all()
    return sorted(claimed, key=lambda delivery: delivery.id)


async def finish_claims(
    session: AsyncSession, rows: Sequence[Mapping[str, Any]], *, owner: str
) -> None:
    """Write results of attempts; a lease that was lost to another node writes nothing."""
    statement = (
        update(DELIVERIES)
        .where(
            DELIVERIES.c.id == bindparam("claimed_id"),
            DELIVERIES.c.attempts == bindparam("claimed_attempts"),
            DELIVERIES.c.lease_owner == owner,
            DELIVERIES.c.status == DeliveryStatus.LEASED.value,
        )
        .values(
            status=bindparam("new_status"),
            available_at=bindparam("new_available_at"),
            last_error=bindparam("new_error"),
            network_id=bindparam("new_network_id"),
            sent_at=bindparam("new_sent_at"),
            lease_owner=None,
            lease_until=None,
        )
    )
    await session.execute(statement, list(rows))


async def get_delivery(session: AsyncSession, delivery_id: int) -> Delivery:
    delivery = await session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound(code="delivery.unknown", delivery_id=delivery_id)
    return delivery


def _due(lane: str, now: datetime) -> Select[int]:
    return (
        select(Delivery.id)
        .where(_UNFINISHED, Delivery.lane == lane, Delivery.available_at <= now)
        .order_by(Delivery.available_at, Delivery.id)
    )


async def revive(session: AsyncSession, delivery_id: int, *, now: datetime) -> bool:
    """Make a dead delivery due again; False when it is not dead (any more)."""
    statement = (
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.status == DeliveryStatus.DEAD)
        .values(status=DeliveryStatus.PENDING, attempts=0, available_at=now)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return await session.scalar(statement) is not None


async def bury(session: AsyncSession, delivery_id: int, *, error: str) -> bool:
    """What was sent did not arrive; False when it was not sent, or that is known already."""
    statement = (
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.status == DeliveryStatus.SENT)
        .values(status=DeliveryStatus.DEAD, last_error=error)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return await session.scalar(statement) is not None


async def dead_deliveries(
    session: AsyncSession, *, before: int | None = None, limit: int = 50
) -> Sequence[Delivery]:
    """What was given up on, the newest first."""
    found = select(Delivery).where(_DEAD)
    if before is not None:
        found = found.where(Delivery.id < before)
    return (await session.scalars(found.order_by(Delivery.id.desc()).limit(limit))).all()


async def deliveries_of_messages(
    session: AsyncSession, message_ids: Sequence[int]
) -> dict[int, Delivery]:
    """How the messages fared on their way out, by message."""
    found = await session.scalars(select(Delivery).where(Delivery.message_id.in_(message_ids)))
    return {delivery.message_id: delivery for delivery in found if delivery.message_id}


async def count_waiting(session: AsyncSession) -> dict[str, int]:
    """Unfinished and dead deliveries by status."""
    counted = select(Delivery.status, func.count()).group_by(Delivery.status)
    rows = await session.execute(union_all(counted.where(_UNFINISHED), counted.where(_DEAD)))
    return {status.value: number for status, number in rows}


async def deliveries_of_ticket(
    session: AsyncSession, ticket_id: int, *, channel: str, kind: str
) -> Sequence[Delivery]:
    """The oldest first."""
    found = select(Delivery).where(
        Delivery.ticket_id == ticket_id, Delivery.channel == channel, Delivery.kind == kind
    )
    return (await session.scalars(found.order_by(Delivery.id))).all()
