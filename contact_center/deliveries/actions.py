"""What can be done with deliveries. Callers own the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.channels.base import DeliveryFailed, Outgoing
from contact_center.db import hint
from contact_center.deliveries import queries, rules
from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.errors import Conflict

BATCH = 50


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt to send ended."""

    delivery: Delivery
    network_id: str | None = None
    failure: DeliveryFailed | None = None


def delivery_row(
    message: Outgoing,
    *,
    channel: str,
    order_key: str,
    kind: str,
    now: datetime,
    ticket_id: int | None = None,
    message_id: int | None = None,
    endpoint_id: int | None = None,
) -> dict[str, Any]:
    """A row of the outbox, for those who write many at once."""
    return {
        "channel": channel,
        "address": message.address,
        "lane": rules.lane_of(channel, endpoint_id),
        "order_key": order_key,
        "kind": kind,
        "idempotency_key": message.idempotency_key,
        "payload": rules.to_payload(message),
        "ticket_id": ticket_id,
        "message_id": message_id,
        "endpoint_id": endpoint_id,
        "status": DeliveryStatus.PENDING.value,
        "attempts": 0,
        "max_attempts": rules.attempts_for(kind),
        "available_at": now,
        "created_at": now,
    }


async def enqueue_all(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await queries.insert_deliveries(session, rows)
        hint(session, "deliveries")


async def enqueue(
    session: AsyncSession,
    message: Outgoing,
    *,
    channel: str,
    order_key: str,
    kind: str,
    now: datetime,
    ticket_id: int | None = None,
    message_id: int | None = None,
) -> None:
    row = delivery_row(
        message,
        channel=channel,
        order_key=order_key,
        kind=kind,
        now=now,
        ticket_id=ticket_id,
        message_id=message_id,
    )
    await enqueue_all(session, [row])


async def enqueue_once(session: AsyncSession, row: Mapping[str, Any]) -> bool:
    """False when a delivery with this key is there already, whoever wrote it."""
    if not await queries.insert_if_new(session, row):
        return False
    hint(session, "deliveries")
    return True


async def claim(
    session: AsyncSession,
    lane: str,
    *,
    owner: str,
    lease: timedelta,
    now: datetime,
    limit: int = BATCH,
) -> Sequence[Delivery]:
    """Lease what is due in a lane to `owner`. Leases run out."""
    while await queries.put_off(session, lane, now=now) > queries.WINDOW / 2:
        pass
    return await queries.claim_due(
        session, lane, owner=owner, now=now, until=now + lease, limit=limit
    )


async def settle(
    session: AsyncSession, attempts: Sequence[Attempt], *, owner: str, now: datetime, random: Random
) -> None:
    """Record how attempts ended: sent, due again later, or given up on."""
    rows = [_result(attempt, now=now, random=random) for attempt in attempts]
    await queries.finish_claims(session, rows, owner=owner)
    for attempt in attempts:
        if attempt.failure is not None and attempt.delivery.ticket_id is not None:
            hint(session, f"ticket:{attempt.delivery.ticket_id}")
    hint(session, "deliveries")  # the next one of the same conversation may go


async def retry(session: AsyncSession, delivery_id: int, *, now: datetime) -> None:
    """Try a dead delivery again from the start. Raises NotFound, Conflict."""
    if not await queries.revive(session, delivery_id, now=now):
        delivery = await queries.get_delivery(session, delivery_id)
        raise Conflict(code="delivery.not_dead", delivery_id=delivery_id, status=delivery.status)
    hint(session, "deliveries")


async def bounce(session: AsyncSession, delivery_id: int, *, reason: str) -> bool:
    """The network took it and says later that it did not arrive: a person may send it again."""
    return await queries.bury(session, delivery_id, error=f"returned: {reason}"[:2000])


def _result(attempt: Attempt, *, now: datetime, random: Random) -> dict[str, Any]:
    delivery, failure = attempt.delivery, attempt.failure
    row = {
        "claimed_id": delivery.id,
        "claimed_attempts": delivery.attempts,
        "new_status": DeliveryStatus.SENT.value,
        "new_available_at": now,
        "new_error": None,
        "new_network_id": attempt.network_id,
        "new_sent_at": now,
    }
    if failure is None:
        return row
    wait = None
    if not failure.permanent:
        wait = rules.delay(
            delivery.kind, attempts=delivery.attempts, random=random, asked=failure.retry_after
        )
    return row | {
        "new_status": (DeliveryStatus.DEAD if wait is None else DeliveryStatus.PENDING).value,
        "new_available_at": now if wait is None else now + wait,
        "new_error": str(failure)[:2000],
        "new_sent_at": None,
    }
