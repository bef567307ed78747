"""Sends what is in the outbox: claims, sends, records, and is woken right after each commit.

Several relays may run, in one process or many: leases keep them apart. A relay that dies leaves
its leases to run out; what it had sent without recording is sent once more, under the same key.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

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
MOST_PER_LANE = {"webhook": 10}  # nor one of many endpoints all of its channel
LONGEST_SLEEP = 5.0  # seconds; hints may get lost, so it looks now and then anyway
ALIVE_WITHIN = 30.0  # seconds since the last look
PAUSE_AFTER_ERROR = 1.0  # seconds
WAIT_WITHIN = 0.5  # of the lease, for a turn on a channel that is not to go faster
RECORD_WITHIN = 0.9  # of the lease


@dataclass(frozen=True, slots=True)
class Claim:
    delivery: Delivery
    at: float  # by the loop's clock
    turn: float  # likewise, when its channel may send it


class Relay:
    def __init__(self, runtime: Runtime, *, owner: str) -> None:
        self._runtime = runtime
        self._owner = owner
        self._lease = timedelta(seconds=runtime.settings.deliveries.lease_seconds)
        self._patience = self._lease.total_seconds() * SEND_WITHIN
        self._results: Batcher[tuple[Claim, Attempt], None] = Batcher(self._settle)
        self._sending: dict[asyncio.Task[None], Delivery] = {}
        self._buckets = {
            channel: TokenBucket(rate, burst=max(rate, 1.0))
            for channel, rate in runtime.settings.deliveries.per_second.items()
        }
        self._nothing_for = 0.0  # seconds
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
        now, claimed = asyncio.get_running_loop().time(), 0
        for lane in await self._due_lanes():
            room = self._room(lane, now)
            for delivery in await self._claim(lane, limit=room) if room > 0 else ():
                self._start(delivery, now)
                claimed += 1
        return claimed

    async def _due_lanes(self) -> list[str]:
        """Those that have waited longest first."""
        async with self._runtime.db.read() as session:
            lanes = await queries.due_lanes(session)
        now = self._runtime.now()
        waits = {lane: (due_at - now).total_seconds() for lane, due_at in lanes.items()}
        due = [lane for lane, wait in waits.items() if wait <= 0]
        # What is due and finds no room is asked for again after a pause.
        later = [wait for wait in waits.values() if wait > 0] + [PAUSE_AFTER_ERROR] * bool(due)
        self._nothing_for = min([LONGEST_SLEEP, *later])
        return sorted(due, key=lambda lane: waits[lane])

    async def _claim(self, lane: str, *, limit: int) -> Sequence[Delivery]:
        async with self._runtime.db.begin() as session:
            return await actions.claim(
                session,
                lane,
                owner=self._owner,
                lease=self._lease,
                limit=limit,
                now=self._runtime.now(),
            )

    def _room(self, lane: str, now: float) -> int:
        """How many more may be sent there now."""
        channel = lane.partition(":")[0]
        in_flight = list(self._sending.values())
        rooms = [
            BATCH,
            MOST_AT_ONCE - len(in_flight),
            MOST_PER_CHANNEL - sum(one.channel == channel for one in in_flight),
            MOST_PER_LANE.get(channel, BATCH) - sum(one.lane == lane for one in in_flight),
        ]
        if (bucket := self._buckets.get(channel)) is not None:
            rooms.append(bucket.within(self._lease.total_seconds() * WAIT_WITHIN, at=now))
        return min(rooms)

    def _start(self, delivery: Delivery, now: float) -> None:
        bucket = self._buckets.get(delivery.channel)
        claim = Claim(delivery, at=now, turn=now + (bucket.wait(now) if bucket else 0.0))
        task = asyncio.create_task(self._deliver(claim), name=f"delivery {delivery.id}")
        self._sending[task] = delivery
        task.add_done_callback(self._sending.pop)

    async def _look(self) -> float:
        """Claim as much as may be in flight; returns how long nothing will be due, in seconds."""
        self._looked_at = asyncio.get_running_loop().time()
        try:
            while await self.step():
                pass
        except Exception:
            logger.exception("relay could not claim")
            return PAUSE_AFTER_ERROR
        return self._nothing_for

    async def _deliver(self, claim: Claim) -> None:
        delivery = claim.delivery
        await asyncio.sleep(claim.turn - asyncio.get_running_loop().time())
        if asyncio.get_running_loop().time() >= claim.at + self._patience:
            logger.warning("delivery waits for its lease", extra={"delivery": delivery.id})
            return
        attempt = await self._attempt(claim)
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
        await self._results.submit((claim, attempt))

    async def _attempt(self, claim: Claim) -> Attempt:
        delivery = claim.delivery
        channel = self._runtime.channels.get(delivery.channel)
        if channel is None:
            return Attempt(
                delivery, failure=DeliveryFailed(f"channel {delivery.channel} is not set up")
            )
        message = to_outgoing(
            delivery.payload, address=delivery.address, idempotency_key=delivery.idempotency_key
        )
        try:
            async with asyncio.timeout_at(claim.at + self._patience):
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

    async def _settle(self, ended: Sequence[tuple[Claim, Attempt]]) -> Sequence[Exception | None]:
        """Tried for as long as leases last: what is not recorded is sent again."""
        clock = asyncio.get_running_loop().time
        end = max(claim.at for claim, _ in ended) + self._lease.total_seconds() * RECORD_WITHIN
        while not await self._record([attempt for _, attempt in ended]):
            if clock() >= end:
                ids = [claim.delivery.id for claim, _ in ended]
                logger.error("deliveries may be sent again", extra={"deliveries": ids})
                break
            await asyncio.sleep(PAUSE_AFTER_ERROR)
        return [None] * len(ended)

    async def _record(self, attempts: Sequence[Attempt]) -> bool:
        try:
            async with self._runtime.db.begin() as session:
                await actions.settle(
                    session,
                    attempts,
                    owner=self._owner,
                    now=self._runtime.now(),
                    random=self._runtime.random,
                )
        except Exception:
            logger.exception("results of deliveries were not recorded")
            return False
        return True

    async def _finish(self, recording: asyncio.Task[None]) -> None:
        if self._sending:
            await asyncio.wait(self._sending, timeout=self._patience)
        recording.cancel()
        await asyncio.gather(recording, return_exceptions=True)
