"""What administrators set up so that other systems hear of us. Callers own the transaction.

It stands above the log, and `webhooks` below it: the log calls out to the endpoints, and changes
to the endpoints are themselves written in the log.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.channels.addresses import check_url
from contact_center.channels.targets import Target
from contact_center.db import Database, hint
from contact_center.deliveries.actions import enqueue_all
from contact_center.deliveries.models import DeliveryStatus
from contact_center.errors import Conflict, Invalid, NotFound
from contact_center.events.actions import record
from contact_center.events.rules import SYSTEM, Actor
from contact_center.settings import Webhooks
from contact_center.webhooks import queries, rules
from contact_center.webhooks.actions import call_row
from contact_center.webhooks.models import Endpoint

LONGEST_REPLAY = timedelta(days=30)
_GIVEN_UP = (DeliveryStatus.DEAD, DeliveryStatus.CANCELLED)


async def create_endpoint(
    session: AsyncSession,
    *,
    url: str,
    event_kinds: Sequence[str],
    description: str,
    by: Actor,
    now: datetime,
    random: Random,
    settings: Webhooks,
) -> Endpoint:
    """Raises Invalid."""
    _check_url(url, settings)
    endpoint = Endpoint(
        url=url,
        description=description,
        event_kinds=rules.check_patterns(event_kinds),
        secrets=rules.first_secret(rules.new_secret(random)),
        created_at=now,
    )
    session.add(endpoint)
    await session.flush()
    data = {"endpoint_id": endpoint.id, "event_kinds": endpoint.event_kinds}
    await record(session, "webhook.created", actor=by, now=now, data=data)
    return endpoint


async def edit_endpoint(
    session: AsyncSession,
    endpoint_id: int,
    *,
    by: Actor,
    now: datetime,
    settings: Webhooks,
    url: str | None = None,
    event_kinds: Sequence[str] | None = None,
    description: str | None = None,
    active: bool | None = None,
) -> Endpoint:
    """What is None stays. Raises NotFound, Invalid."""
    endpoint = await queries.get_endpoint(session, endpoint_id)
    wanted = {
        "url": url,
        "event_kinds": None if event_kinds is None else rules.check_patterns(event_kinds),
        "description": description,
        "active": active,
    }
    if url is not None:
        _check_url(url, settings)
    changed = [
        name
        for name, value in wanted.items()
        if value is not None and value != getattr(endpoint, name)
    ]
    for name in changed:
        setattr(endpoint, name, wanted[name])
    if endpoint.active:
        endpoint.disabled_reason = ""
    if changed:
        # An address may carry a secret, so the log says that it changed and not what to.
        data = {"endpoint_id": endpoint.id, "changed": changed, "active": endpoint.active}
        await record(session, "webhook.edited", actor=by, now=now, data=data)
    return endpoint


async def disable_endpoint(
    session: AsyncSession, endpoint_id: int, *, reason: str, by: Actor, now: datetime
) -> None:
    """Raises NotFound. Calls that wait are given up on, and can be replayed."""
    endpoint = await queries.get_endpoint(session, endpoint_id)
    if endpoint.active:
        endpoint.active, endpoint.disabled_reason = False, reason
        data = {"endpoint_id": endpoint.id, "reason": reason}
        await record(session, "webhook.disabled", actor=by, now=now, data=data)


async def delete_endpoint(
    session: AsyncSession, endpoint_id: int, *, by: Actor, now: datetime
) -> None:
    """Its calls go with it. Raises NotFound."""
    endpoint = await queries.get_endpoint(session, endpoint_id)
    await session.delete(endpoint)
    await session.flush()
    await record(session, "webhook.deleted", actor=by, now=now, data={"endpoint_id": endpoint_id})


async def rotate_secret(
    session: AsyncSession, endpoint_id: int, *, by: Actor, now: datetime, random: Random
) -> Endpoint:
    """The new secret is the first one; those before it sign for another day. Raises NotFound."""
    endpoint = await queries.get_endpoint(session, endpoint_id)
    endpoint.secrets = rules.rotate(endpoint.secrets, rules.new_secret(random), now=now)
    await record(session, "webhook.rotated", actor=by, now=now, data={"endpoint_id": endpoint_id})
    return endpoint


async def send_test(
    session: AsyncSession, endpoint_id: int, *, by: Actor, now: datetime, random: Random
) -> None:
    """Raises NotFound, Conflict."""
    endpoint = await queries.get_endpoint(session, endpoint_id)
    if not endpoint.active:
        raise Conflict(code="webhook.disabled", endpoint_id=endpoint_id)
    body = rules.to_json("webhook.test", at=now, data={"endpoint_id": endpoint_id, "actor": by})
    key = f"test-{random.randbytes(8).hex()}"
    row = call_row(endpoint_id=endpoint_id, url=endpoint.url, key=key, body=body, now=now)
    await enqueue_all(session, [row])


async def retry(
    session: AsyncSession, endpoint_id: int, delivery_id: int, *, by: Actor, now: datetime
) -> None:
    """Make one call again, whether it had been taken or given up on. Raises NotFound, Conflict."""
    delivery = await queries.get_delivery_to(session, endpoint_id, delivery_id)
    if delivery.status in (DeliveryStatus.PENDING, DeliveryStatus.LEASED):
        raise Conflict(code="webhook.tried_anyway", delivery_id=delivery_id, status=delivery.status)
    await queries.revive(session, endpoint_id, only=delivery_id, now=now)
    hint(session, "deliveries")
    data = {"endpoint_id": endpoint_id, "delivery_id": delivery_id}
    await record(session, "webhook.replayed", actor=by, now=now, data=data)


async def replay(
    session: AsyncSession,
    endpoint_id: int,
    *,
    since: datetime,
    everything: bool = False,
    by: Actor,
    now: datetime,
) -> int:
    """Make calls again that were given up on, or `everything`; return how many.

    They keep their webhook-id, so a receiver knows what it has seen. Raises NotFound, Invalid.
    """
    await queries.get_endpoint(session, endpoint_id)
    if now - since > LONGEST_REPLAY:
        raise Invalid(code="webhook.replay_too_old", days=LONGEST_REPLAY.days)
    statuses = (*_GIVEN_UP, DeliveryStatus.SENT) if everything else _GIVEN_UP
    number = await queries.revive(session, endpoint_id, statuses=statuses, since=since, now=now)
    hint(session, "deliveries")
    data = {"endpoint_id": endpoint_id, "since": since.isoformat(), "deliveries": number}
    await record(session, "webhook.replayed", actor=by, now=now, data=data)
    return number


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The endpoints as the webhook channel sees them: each look is a transaction of its own."""

    db: Database
    now: Callable[[], datetime]

    async def find(self, endpoint_id: int) -> Target | None:
        async with self.db.read() as session:
            try:
                endpoint = await queries.get_endpoint(session, endpoint_id)
            except NotFound:
                return None
            secrets = rules.signing(endpoint.secrets, now=self.now())
            return Target(endpoint.url, secrets) if endpoint.active else None

    async def gone(self, endpoint_id: int) -> None:
        async with self.db.begin() as session:
            reason = "it answered 410 Gone"
            await disable_endpoint(session, endpoint_id, reason=reason, by=SYSTEM, now=self.now())


def _check_url(url: str, settings: Webhooks) -> None:
    check_url(
        url,
        allow_http=settings.allow_http,
        allow_private_networks=settings.allow_private_networks,
        ports=settings.ports,
    )
