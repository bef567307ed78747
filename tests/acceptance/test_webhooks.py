"""A system subscribes, hears of what happens, fails, changes its secret, and goes away."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from contact_center.app import build_app
from contact_center.bus import Bus
from contact_center.channels.signatures import is_standard
from contact_center.channels.webhook import SignedCalls, WebhookChannel
from contact_center.db import Database
from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.events.actions import record
from contact_center.events.rules import agent
from contact_center.integrations.actions import Endpoints
from contact_center.runtime import Runtime
from contact_center.settings import Webhooks
from contact_center.web.permissions import Permission
from contact_center.web.principal import AUTHENTICATOR
from scheduler.relay import Relay
from tests.support.callers import BEARER, OneToken
from tests.support.fakes import FakeClock
from tests.support.patience import PATIENCE
from tests.support.receivers import Receiver, running_receiver

PATH = "/api/v1/webhook-endpoints"
OPEN = Webhooks(allow_private_networks=True, allow_http=True, ports=[])


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with running_receiver() as receiver:
        yield receiver


@pytest.fixture
async def ready(runtime: Runtime, database_url: str, clock: FakeClock) -> AsyncIterator[Runtime]:
    """With a bus, the webhook channel and a relay that runs."""
    bus = Bus()
    db = Database(database_url, on_commit=bus.publish)
    calls = SignedCalls(settings=OPEN, now=clock)
    ready = replace(
        runtime,
        settings=runtime.settings.model_copy(update={"webhooks": OPEN}),
        bus=bus,
        db=db,
        channels={"webhook": WebhookChannel(calls, targets=Endpoints(db, clock))},
    )
    relay = asyncio.create_task(Relay(ready, owner="node").run())
    yield ready
    relay.cancel()
    await asyncio.gather(relay, return_exceptions=True)
    await calls.close()
    await db.dispose()


@asynccontextmanager
async def admin_of(runtime: Runtime) -> AsyncIterator[Any]:
    app = build_app(runtime)
    app[AUTHENTICATOR] = OneToken(Permission.WEBHOOKS_ADMIN)
    async with TestClient(TestServer(app), headers=BEARER) as client:
        yield client


async def subscribe(client: Any, receiver: Receiver) -> Any:
    wanted = {"url": receiver.url, "event_kinds": ["agent.*"]}
    async with client.post(PATH, json=wanted) as response:
        assert response.status == 201
        return await response.json()


async def happen(runtime: Runtime, kind: str = "agent.came") -> None:
    async with runtime.db.begin() as session:
        await record(session, kind, actor=agent(7), now=runtime.now())


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await asyncio.sleep(0.01)


def all_are(runtime: Runtime, status: DeliveryStatus, attempts: int) -> Callable[[], Any]:
    async def condition() -> bool:
        async with runtime.db.read() as session:
            found = (await session.scalars(select(Delivery))).all()
        return bool(found) and all((d.status, d.attempts) == (status, attempts) for d in found)

    return condition


def verified(receiver: Receiver, secret: str, clock: FakeClock) -> list[Any]:
    said = []
    for headers, body in receiver.calls:
        assert is_standard(headers, body.encode(), secrets=[secret], at=clock())
        said.append(json.loads(body))
    return said


async def test_a_subscriber_hears_of_an_event_at_once(
    ready: Runtime, receiver: Receiver, clock: FakeClock
) -> None:
    async with admin_of(ready) as admin:
        endpoint = await subscribe(admin, receiver)
        await happen(ready)
        await until(all_are(ready, DeliveryStatus.SENT, 1))
    [said] = verified(receiver, endpoint["secret"], clock)
    assert (said["type"], said["data"]["actor"]) == ("agent.came", "agent:7")


async def test_a_call_that_fails_is_made_again_under_the_same_id(
    ready: Runtime, receiver: Receiver, clock: FakeClock
) -> None:
    async with admin_of(ready) as admin:
        await subscribe(admin, receiver)
        receiver.will(500)
        receiver.will(503, Retry_After="3600")
        await happen(ready)
        await until(all_are(ready, DeliveryStatus.PENDING, 1))
        clock.advance(seconds=10)
        ready.bus.publish({"deliveries"})
        await until(all_are(ready, DeliveryStatus.PENDING, 2))
        async with ready.db.read() as session:
            waiting = (await session.scalars(select(Delivery))).one()
        assert waiting.available_at == clock() + timedelta(hours=1)  # as the receiver asked
        clock.advance(hours=1)
        ready.bus.publish({"deliveries"})
        await until(all_are(ready, DeliveryStatus.SENT, 3))
    assert len({headers["webhook-id"] for headers, _ in receiver.calls}) == 1


async def test_while_the_secret_is_rotated_the_receiver_may_hold_either(
    ready: Runtime, receiver: Receiver, clock: FakeClock
) -> None:
    async with admin_of(ready) as admin:
        endpoint = await subscribe(admin, receiver)
        async with admin.post(f"{PATH}/{endpoint['id']}/rotate") as response:
            rotated = await response.json()
        await happen(ready)
        await until(all_are(ready, DeliveryStatus.SENT, 1))
        assert verified(receiver, endpoint["secret"], clock)
        assert verified(receiver, rotated["secret"], clock)
        receiver.calls.clear()
        clock.advance(hours=25)
        await happen(ready)
        await until(all_are(ready, DeliveryStatus.SENT, 1))
    assert verified(receiver, rotated["secret"], clock)
    [(headers, _)] = receiver.calls
    assert len(headers["webhook-signature"].split()) == 1


async def test_a_receiver_that_is_gone_is_left_alone_until_it_is_enabled_and_replayed(
    ready: Runtime, receiver: Receiver, clock: FakeClock
) -> None:
    async with admin_of(ready) as admin:
        endpoint = await subscribe(admin, receiver)
        path = f"{PATH}/{endpoint['id']}"
        receiver.will(410)
        await happen(ready)
        await until(all_are(ready, DeliveryStatus.DEAD, 1))
        await happen(ready)
        async with admin.get(path) as response:
            shown = await response.json()
        assert (shown["active"], shown["disabled_reason"]) == (False, "it answered 410 Gone")
        assert len(receiver.calls) == 1

        async with admin.patch(path, json={"active": True}) as response:
            assert response.status == 200
        since = clock.now.isoformat()
        async with admin.post(f"{path}/replay", json={"since": since}) as response:
            assert await response.json() == {"deliveries": 1}
        await until(all_are(ready, DeliveryStatus.SENT, 1))
    assert len(receiver.calls) == 2
