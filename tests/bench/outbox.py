"""The outbox with a channel that does nothing: what claiming and recording cost."""

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import count

from contact_center.batching import Batcher
from contact_center.bus import Bus
from contact_center.channels.base import Outgoing
from contact_center.clock import utcnow
from contact_center.db import Database
from contact_center.deliveries import actions
from contact_center.runtime import Runtime
from contact_center.settings import Settings, config_directory
from contact_center.storage import LocalStorage
from contact_center.texts import load_texts
from scheduler.relay import Relay
from tests.bench.figures import Figure
from tests.bench.stages import Stage
from tests.support.calendars import POLICIES, SHIPPED


class Nowhere:
    """Counts what it is given."""

    def __init__(self, expected: int) -> None:
        self._left = expected
        self.done = asyncio.Event()

    async def send(self, message: Outgoing) -> str | None:
        self._left -= 1
        if not self._left:
            self.done.set()
        return None


async def measure(stage: Stage, *, number: int) -> list[Figure]:
    bus, keys = Bus(), count()
    db = Database(await stage.database("outbox"), on_commit=bus.publish)
    await _enqueue(db, number, keys)
    claims = await _claims(db)
    nowhere = Nowhere(number)
    runtime = Runtime(
        settings=Settings(),
        db=db,
        bus=bus,
        storage=LocalStorage(stage.directory / "files"),
        texts=load_texts(config_directory() / "texts"),
        calendars=SHIPPED,
        policies=POLICIES,
        inbox=Batcher(_nobody),
        channels={"chat": nowhere},
    )
    await _enqueue(db, number, keys)
    sends = await _sends(runtime, nowhere, number)
    await db.dispose()
    await stage.drop("outbox")
    return [
        Figure(what="outbox: claims", on=stage.name, value=claims, unit="/s"),
        Figure(what="outbox: sends, claimed and recorded", on=stage.name, value=sends, unit="/s"),
    ]


async def _enqueue(db: Database, number: int, keys: Iterator[int]) -> None:
    rows = [
        actions.delivery_row(
            Outgoing(idempotency_key=f"k{key}", address="ann", text="Your parcel is on its way."),
            channel="chat",
            order_key=f"conversation:{key}",
            kind="reply",
            now=utcnow(),
        )
        for key, _ in zip(keys, range(number), strict=False)
    ]
    async with db.begin() as session:
        await actions.enqueue_all(session, rows)


async def _claims(db: Database) -> float:
    claimed, start = 0, time.perf_counter()
    while True:
        async with db.begin() as session:
            some = await actions.claim(
                session, "chat", owner="bench", lease=timedelta(hours=1), now=utcnow()
            )
        if not some:
            return claimed / (time.perf_counter() - start)
        claimed += len(some)


async def _sends(runtime: Runtime, nowhere: Nowhere, number: int) -> float:
    start = time.perf_counter()
    relay = asyncio.create_task(Relay(runtime, owner="bench").run())
    await nowhere.done.wait()
    relay.cancel()  # it records the last ones before it ends
    await asyncio.gather(relay, return_exceptions=True)
    return number / (time.perf_counter() - start)


async def _nobody(items: object) -> list[Exception]:
    raise NotImplementedError
