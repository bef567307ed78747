"""Hints between processes: PostgreSQL's LISTEN/NOTIFY, or Redis and Valkey.

NOTIFY is sent on a connection of its own, many topics together, and never inside a transaction
that does work: there it would make commits wait for each other. After every gap in the connection
all waiters are woken, because a lost hint cannot be told from none.
"""

import asyncio
import json
import logging
import secrets
from abc import abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

import asyncpg

from contact_center.bus import Bus

logger = logging.getLogger(__name__)

TOPIC = "contact_center"
MOST_TOPICS = 100  # per message: PostgreSQL takes 8,000 bytes
RECONNECT_PAUSE = 1.0  # seconds


class FleetBus(Bus):
    """Delivers at home at once, and sends to the other processes what has gathered."""

    def __init__(self) -> None:
        super().__init__()
        self._node = secrets.token_hex(4)
        self._pending: set[str] = set()
        self._has_pending = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def publish(self, topics: Iterable[str]) -> None:
        topics = set(topics)
        self.deliver(topics)
        self._pending |= topics
        self._has_pending.set()

    async def start(self) -> None:
        for work in (self._listen, self._send):
            self._tasks.append(asyncio.create_task(self._keep_on(work), name=f"bus {work}"))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @abstractmethod
    async def _listen(self) -> None:
        """Connect, then hand over what arrives until the connection is lost."""

    @abstractmethod
    async def _send(self) -> None:
        """Connect, then send what is pending until the connection is lost."""

    async def _keep_on(self, work: object) -> None:
        assert callable(work)
        while True:
            try:
                await work()
            except Exception:
                logger.exception("bus lost its connection")
            await asyncio.sleep(RECONNECT_PAUSE)

    async def _next_message(self) -> str:
        await self._has_pending.wait()
        some = [self._pending.pop() for _ in range(min(len(self._pending), MOST_TOPICS))]
        if not self._pending:
            self._has_pending.clear()
        return json.dumps([self._node, some])

    def _arrived(self, message: str) -> None:
        node, topics = json.loads(message)
        if node != self._node:
            self.deliver(topics)


class PostgresBus(FleetBus):
    def __init__(self, dsn: str) -> None:
        super().__init__()
        self._dsn = dsn

    async def _listen(self) -> None:
        connection = await asyncpg.connect(self._dsn)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(TOPIC, lambda *args: self._arrived(args[-1]))
            self.wake_all()
            await lost.wait()
        finally:
            connection.terminate()

    async def _send(self) -> None:
        connection = await asyncpg.connect(self._dsn)
        try:
            while True:
                message = await self._next_message()
                await connection.execute("SELECT pg_notify($1, $2)", TOPIC, message)
        finally:
            connection.terminate()


class RedisBus(FleetBus):
    def __init__(self, url: str) -> None:
        super().__init__()
        from redis.asyncio import Redis  # noqa: PLC0415  an extra, and slow to import

        self._connect = partial(Redis.from_url, url)

    async def _listen(self) -> None:
        async with self._connect() as redis, redis.pubsub() as pubsub:
            await pubsub.subscribe(TOPIC)
            self.wake_all()
            async for message in pubsub.listen():
                if message["type"] == "message":
                    self._arrived(message["data"])
                elif message["type"] == "subscribe":  # silently reconnected: a gap
                    self.wake_all()

    async def _send(self) -> None:
        async with self._connect() as redis:
            while True:
                message = await self._next_message()
                with suppress(TimeoutError):
                    await redis.publish(TOPIC, message)
