"""Wake-up calls between tasks and processes.

A bus only hints: it may drop and repeat. Whoever is woken reads the database, and reads it now and
then anyway, so a lost hint costs a moment and never a message.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Subscription:
    """Collects hints until somebody waits for them."""

    def __init__(self) -> None:
        self._topics: set[str] = set()
        self._woken = asyncio.Event()

    def wake(self, topic: str) -> None:
        self._topics.add(topic)
        self._woken.set()

    async def wait(self, timeout: float) -> set[str]:  # seconds
        """The topics hinted at since the last call; empty after the timeout."""
        # Not `wait_for`: before Python 3.12 it forgets a cancellation that comes with the wake-up.
        try:
            async with asyncio.timeout(timeout):
                await self._woken.wait()
        except TimeoutError:
            return set()
        self._woken.clear()
        topics, self._topics = self._topics, set()
        return topics


class Bus:
    """Within one process; `fleet.py` spreads hints over many."""

    def __init__(self) -> None:
        self._subscriptions: dict[str, set[Subscription]] = defaultdict(set)

    def publish(self, topics: Iterable[str]) -> None:
        self.deliver(topics)

    def deliver(self, topics: Iterable[str]) -> None:
        """Wake this process's subscribers, and nobody else's."""
        for topic in topics:
            for subscription in self._subscriptions.get(topic, ()):
                subscription.wake(topic)

    def wake_all(self) -> None:
        """Hints may have been lost: everybody looks."""
        self.deliver(list(self._subscriptions))

    @contextmanager
    def subscribe(self, *topics: str) -> Iterator[Subscription]:
        subscription = Subscription()
        for topic in topics:
            self._subscriptions[topic].add(subscription)
        try:
            yield subscription
        finally:
            for topic in topics:
                self._subscriptions[topic].discard(subscription)
                if not self._subscriptions[topic]:
                    del self._subscriptions[topic]

    async def start(self) -> None:
        """Nothing to connect to within one process."""

    async def stop(self) -> None:
        """Nothing to disconnect from within one process."""
