"""The process is killed under load, again and again: nothing acknowledged is lost or doubled."""

import asyncio
import os
from collections import Counter
from random import Random

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import func, select

from contact_center.clock import utcnow
from contact_center.commands import create_token
from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.events.models import Event
from contact_center.events.rules import SYSTEM
from contact_center.integrations import actions as integrations
from contact_center.ledger.models import Arrival
from contact_center.messages.models import Direction, Message
from contact_center.settings import DatabaseSettings, Settings, Webhooks
from tests.support.patience import PATIENCE
from tests.support.processes import Service

KILLS = int(os.environ.get("CC_TEST_KILLS", "4"))  # `make races` does 20
WRITERS = 16


class Receiver:
    """Another system that is told of every message; remembers under which keys."""

    def __init__(self) -> None:
        self.keys: Counter[str] = Counter()

    async def hear(self, request: web.Request) -> web.Response:
        await request.read()
        self.keys[request.headers["webhook-id"]] += 1
        return web.Response()


@pytest.fixture
async def receiver():
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


@pytest.mark.crash
async def test_what_was_acknowledged_survives_kill_9(db, database_url, tmp_path, receiver) -> None:
    settings = Settings(database=DatabaseSettings(url=database_url))
    token = await create_token(settings, name="load", scopes=["messages:submit"])
    open_doors = Webhooks(allow_private_networks=True, allow_http=True, ports=[])
    async with db.begin() as session:
        await integrations.create_endpoint(
            session,
            url=receiver.url,
            event_kinds=["message.received"],
            description="",
            by=SYSTEM,
            now=utcnow(),
            random=Random(1),
            settings=open_doors,
        )
    service = Service(
        tmp_path,
        database_url=database_url,
        settings={
            "CC_WEBHOOKS__ALLOW_PRIVATE_NETWORKS": "true",
            "CC_WEBHOOKS__ALLOW_HTTP": "true",
            "CC_WEBHOOKS__PORTS": "[]",
            "CC_LIMITS__PER_CALLER": "100000",
            "CC_DELIVERIES__LEASE_SECONDS": "3",
            "CC_DELIVERIES__PER_SECOND": '{"webhook": 1000}',
        },
    )
    acknowledged: dict[str, int] = {}
    stop = asyncio.Event()
    writers = [
        asyncio.create_task(keep_writing(service, token, n, acknowledged, stop))
        for n in range(WRITERS)
    ]

    for kill in range(KILLS):
        await service.start()
        goal = len(acknowledged) + 60 + kill * 7  # not always at the same point
        async with asyncio.timeout(PATIENCE):
            while len(acknowledged) < goal:
                await asyncio.sleep(0.005)
        await service.kill()
    await service.start()
    stop.set()
    await asyncio.gather(*writers)
    await until_everything_has_left(db)
    assert await service.stop() == 0

    kept, messages, events, keys = await what_is_there(db)
    assert len(acknowledged) >= 60 * KILLS
    assert acknowledged.keys() <= kept.keys()
    assert {key: kept[key] for key in acknowledged} == acknowledged
    assert messages == events == len(kept)
    assert set(receiver.keys) == keys  # told of each, whatever was in flight, under its one key


async def what_is_there(db) -> tuple[dict[str, int], int, int, set[str]]:
    async with db.read() as session:
        arrivals = select(Arrival.external_id, Arrival.message_id).where(Arrival.channel == "api")
        incoming = select(func.count()).where(Message.direction == Direction.IN)
        received = select(func.count()).where(Event.kind == "message.received")
        calls = select(Delivery.idempotency_key).where(Delivery.channel == "webhook")
        return (
            {row[0]: row[1] for row in await session.execute(arrivals)},
            await session.scalar(incoming),
            await session.scalar(received),
            set(await session.scalars(calls)),
        )


async def keep_writing(service, token, number, acknowledged, stop) -> None:
    """Write messages one after another; one without an answer is sent again, as it was."""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        count = 0
        while not stop.is_set():
            key = f"{number}-{count}"
            body = {
                "external_id": key,
                "sender": {"address": f"writer-{number}-{count // 3}"},
                "text": f"message {key}",
            }
            try:
                async with http.post(f"{service.url}/api/v1/messages", json=body) as answer:
                    if answer.ok:
                        acknowledged[key] = (await answer.json())["message_id"]
                        count += 1
            except aiohttp.ClientError:
                await asyncio.sleep(0.02)


async def until_everything_has_left(db) -> None:
    waiting = select(func.count()).where(
        Delivery.channel == "webhook", Delivery.status != DeliveryStatus.SENT
    )
    async with asyncio.timeout(PATIENCE):
        while True:
            async with db.read() as session:
                if not await session.scalar(waiting):
                    return
            await asyncio.sleep(0.1)
