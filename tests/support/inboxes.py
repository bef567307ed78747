"""A way in that remembers what came: for tests of fronts, which need no intake."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from contact_center.batching import Batcher
from contact_center.channels.base import Inbound, Receipt
from contact_center.intake.actions.taking import Intake
from contact_center.runtime import Runtime


class FakeIntake:
    """Opens a ticket for everything new; quarantines what has no text or no sender."""

    def __init__(self) -> None:
        self.received: list[Inbound] = []
        self._receipts: dict[tuple[str, str], Receipt] = {}

    async def handle(self, batch: Sequence[Inbound]) -> Sequence[Receipt | Exception]:
        return [self._receive(inbound) for inbound in batch]

    def _receive(self, inbound: Inbound) -> Receipt:
        key = (inbound.channel, inbound.external_id)
        if key in self._receipts:
            return dataclasses.replace(self._receipts[key], duplicate=True)
        self.received.append(inbound)
        number = len(self.received)
        complete = inbound.text.strip() and inbound.sender.address
        self._receipts[key] = (
            Receipt("ticketed", number, number)
            if complete
            else Receipt("quarantined", reason="the message is empty")
        )
        return self._receipts[key]


@asynccontextmanager
async def with_intake(runtime: Runtime, intake: FakeIntake | Intake) -> AsyncIterator[Runtime]:
    inbox = Batcher(intake.handle)
    running = asyncio.create_task(inbox.run())
    try:
        yield dataclasses.replace(runtime, inbox=inbox)
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
