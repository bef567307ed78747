"""Every SQL statement about webhooks."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.bulk import fetch
from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.errors import NotFound
from contact_center.webhooks.models import Endpoint

FINISHED = (DeliveryStatus.SENT, DeliveryStatus.DEAD, DeliveryStatus.CANCELLED)
ENDPOINTS = Endpoint.metadata.tables["webhook_endpoints"]
_ACTIVE = (
    select(ENDPOINTS.c.id, ENDPOINTS.c.url, ENDPOINTS.c.event_kinds)
    .where(ENDPOINTS.c.active)
    .order_by(ENDPOINTS.c.id)
)


async def active_endpoints(session: AsyncSession) -> Sequence[Any]:
    """Rows of id, url and event_kinds."""
    return await fetch(session, _ACTIVE)


async def all_endpoints(session: AsyncSession) -> Sequence[Endpoint]:
    return (await session.scalars(select(Endpoint).order_by(Endpoint.id))).all()


async def get_endpoint(session: AsyncSession, endpoint_id: int) -> Endpoint:
    endpoint = await session.get(Endpoint, endpoint_id)
    if endpoint is None:
        raise NotFound(code="webhook.unknown", endpoint_id=endpoint_id)
    return endpoint


async def deliveries_to(
    session: AsyncSession,
    endpoint_id: int,
    *,
    status: DeliveryStatus | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Sequence[Delivery]:
    """The endpoint's log, the newest first; `before` is the last id of the page above."""
    found = select(Delivery).where(Delivery.endpoint_id == endpoint_id)
    if status is not None:
        found = found.where(Delivery.status == status)
    if before is not None:
        found = found.where(Delivery.id < before)
    return (await session.scalars(found.order_by(Delivery.id.desc()).limit(limit))).all()


async def get_delivery_to(session: AsyncSession, endpoint_id: int, delivery_id: int) -> Delivery:
    delivery = await session.get(Delivery, delivery_id)
    if delivery is None or delivery.endpoint_id != endpoint_id:
        raise NotFound(
            code="webhook.no_such_delivery", endpoint_id=endpoint_id, delivery_id=delivery_id
        )
    return delivery


async def revive(
    session: AsyncSession,
    endpoint_id: int,
    *,
    now: datetime,
    only: int | None = None,
    statuses: Collection[DeliveryStatus] = FINISHED,
    since: datetime | None = None,
) -> int:
    """Make finished deliveries due again; they keep their place and their webhook-id."""
    again: dict[str, Any] = {
        "status": DeliveryStatus.PENDING,
        "attempts": 0,
        "available_at": now,
        "sent_at": None,
    }
    chosen = update(Delivery).where(
        Delivery.endpoint_id == endpoint_id, Delivery.status.in_(statuses)
    )
    if only is not None:
        chosen = chosen.where(Delivery.id == only)
    if since is not None:
        chosen = chosen.where(Delivery.created_at >= since)
    statement = chosen.values(again).returning(Delivery.id)
    revived = await session.scalars(statement, execution_options={"synchronize_session": False})
    return len(revived.all())
