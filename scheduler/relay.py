"""Sends what is in the outbox: claims, sends, records, and is woken right after each commit.

Several relays may run, in one process or many: leases keep them apart. A relay that dies leaves
its leases to run out; what it had sent without recording is sent once more, under the same key.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from contact_center.batching import Batcher
from contact_center.channels.base import DeliveryFailed
from contact_center.deliveries import actions, queries
from contact_center.deliveries.actions import BATCH, Attempt
from contact_center.deliveries.models import Delivery
from contact_center.deliveries.rules import SEND_WITHIN, TokenBucket, to_outgoing
from contact_center.runtime import Runtime

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 200  # sends in flight
MOST_PER_CHANNEL = 50  # of them: a network that hangs must not hold up the others
LONGEST_SLEEP = 5.0  # seconds; hints may get lost, so it looks now and then anyway
ALIVE_WITHIN = 30.0  # seconds since the last look
PAUSE_AFTER_ERROR = 1.0  # seconds


class Relay:
    def __init__(self, runtime: Runtime, *, owner: str) -> None:
        self._runtime = runtime
        self._owner = owner
        self._lease = timedelta(seconds=runtime.settings.deliveries.lease_seconds)
        self._patience = self._lease.total_seconds() * SEND_WITHIN
        self._results: Batcher[Attempt, None] = Batcher(self._settle)
        self._sending: dict[asyncio.Task[None], str] = {}  # with the channel
        self._buckets = {
            channel: TokenBucket(rate, burst=rate)
            for channel, rate in runtime.settings.deliveries.per_second.items()
        }
        self._looked_at = 0.0

    def is_alive(self) -> bool:
        return asyncio.get_running_loop().time() - self._looked_at < ALIVE_WITHIN

    async def run(self) -> None:
        """Until cancelled; what is in flight is then finished and recorded first."""
        recording = asyncio.create_task(self._results.run(), name="relay results")
        try:
            with self._runtime.bus.subscribe("deliveries") as woken:
                while True:
                    await woken.wait(await self._look())
        finally:
            await asyncio.shield(self._finish(recording))

    async def step(self) -> int:
        """Claim what is due and start sending it; returns how many were claimed."""
        async with self._runtime.db.begin() as session:
            claimed = await actions.claim(
                session,
                owner=self._owner,
                lease=self._lease,
                busy=self._busy_channels(),
                now=self._runtime.now(),
            )
        for delivery in claimed:
            task = asyncio.create_task(self._deliver(delivery), name=f"delivery {delivery.id}")
            self._sending[task] = delivery.channel
            task.add_done_callback(self._sending.pop)
        return len(claimed)

    def _busy_channels(self) -> list[str]:
        in_flight = Counter(self._sending.values())
        return [channel for channel, number in in_flight.items() if number >= MOST_PER_CHANNEL]

    async def _look(self) -> float:
        """Claim as much as may be in flight; returns how long nothing will be due, in seconds."""
        self._looked_at = asyncio.get_running_loop().time()
        try:
            while len(self._sending) < MOST_AT_ONCE:
                wait = await self._next_due()
                if wait > 0:
                    return wait
                if await self.step() < BATCH:
                    break
        except Exception:
            logger.exception("relay could not claim")
            return PAUSE_AFTER_ERROR
        return LONGEST_SLEEP if not self._sending else PAUSE_AFTER_ERROR

    async def _next_due(self) -> float:
        async with self._runtime.db.read() as session:
            due_at: datetime | None = await queries.next_due_at(session)
        if due_at is None:
            return LONGEST_SLEEP
        return min((due_at - self._runtime.now()).total_seconds(), LONGEST_SLEEP)

    async def _deliver(self, delivery: Delivery) -> None:
        attempt = await self._attempt(delivery)
        if attempt.failure is not None:
            logger.warning(
                "delivery failed",
                extra={
                    "delivery": delivery.id,
                    "channel": delivery.channel,
                    "attempt": delivery.attempts,
                    "reason": str(attempt.failure),
                },
            )
        await self._results.submit(attempt)

    async def _attempt(self, delivery: Delivery) -> Attempt:
        channel = self._runtime.channels.get(delivery.channel)
        if channel is None:
            return Attempt(
                delivery, failure=DeliveryFailed(f"channel {delivery.channel} is not set up")
            )
        message = to_outgoing(
            delivery.payload, address=delivery.address, idempotency_key=delivery.idempotency_key
        )
        if (bucket := self._buckets.get(delivery.channel)) is not None:
            await asyncio.sleep(bucket.wait(asyncio.get_running_loop().time()))
        try:
            async with asyncio.timeout(self._patience):
                return Attempt(delivery, network_id=await channel.send(message))
        except DeliveryFailed as failure:
            return Attempt(delivery, failure=failure)
        except TimeoutError:
            return Attempt(delivery, failure=DeliveryFailed("the network did not answer in time"))
        except Exception as error:
            logger.exception("channel broke", extra={"channel": delivery.channel})
            return Attempt(
                delivery, failure=DeliveryFailed(f"{type(error).__name__} while sending")
            )

    async def _settle(self, attempts: Sequence[Attempt]) -> Sequence[Exception | None]:
        async with self._runtime.db.begin() as session:
            await actions.settle(
                session,
                attempts,
                owner=self._owner,
                now=self._runtime.now(),
                random=self._runtime.random,
            )
        return [None] * len(attempts)

    async def _finish(self, recording: asyncio.Task[None]) -> None:
        if self._sending:
            await asyncio.wait(self._sending, timeout=self._patience)
        recording.cancel()
        await asyncio.gather(recording, return_exceptions=True)
