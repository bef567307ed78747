"""Stand-ins for what lies beyond our control: time, and networks."""

import asyncio
from datetime import datetime, timedelta

from contact_center.channels.base import DeliveryFailed, Outgoing


class FakeClock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


class FakeChannel:
    """Remembers what was sent; fails as often as it is told to."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.failures: list[DeliveryFailed] = []
        self.arrived = asyncio.Event()

    async def send(self, message: Outgoing) -> str | None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(message)
        self.arrived.set()
        return f"fake-{len(self.sent)}"
