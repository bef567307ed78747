"""Tells other systems what happened: deliveries, written where the events are written."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.channels.base import Outgoing
from contact_center.deliveries.actions import delivery_row, enqueue_all
from contact_center.webhooks import queries, rules
from contact_center.webhooks.rules import EventRow


async def fan_out(session: AsyncSession, *, events: Sequence[EventRow], now: datetime) -> None:
    """Two statements however many events, one when nobody listens."""
    endpoints = await queries.active_endpoints(session)
    if endpoints:
        await enqueue_all(session, list(_rows(endpoints, events, now)))


def call_row(
    *,
    endpoint_id: int,
    url: str,
    key: str,
    body: str,
    now: datetime,
    ticket_id: int | None = None,
) -> dict[str, Any]:
    """One call of one endpoint; calls about one ticket are made one after another."""
    line = f"ticket:{ticket_id}" if ticket_id is not None else key
    message = Outgoing(
        idempotency_key=f"webhook:{endpoint_id}:{key}",
        address=url,
        text=body,
        extra={"endpoint_id": endpoint_id},
    )
    return delivery_row(
        message,
        channel="webhook",
        order_key=f"webhook:{endpoint_id}:{line}",
        kind="webhook",
        now=now,
        ticket_id=ticket_id,
        endpoint_id=endpoint_id,
    )


def _rows(
    endpoints: Sequence[Any], events: Sequence[EventRow], now: datetime
) -> Iterator[dict[str, Any]]:
    for event in events:
        listeners = [one for one in endpoints if rules.wants(one.event_kinds, event.kind)]
        body = rules.body(event) if listeners else ""
        for endpoint in listeners:
            yield call_row(
                endpoint_id=endpoint.id,
                url=endpoint.url,
                key=str(event.id),
                body=body,
                now=now,
                ticket_id=event.ticket_id,
            )
