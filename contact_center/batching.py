"""Many callers, one transaction: collects what is waiting and handles it together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from contact_center.errors import Unavailable

T = TypeVar("T")
R = TypeVar("R")

LARGEST_BATCH = 256
LONGEST_QUEUE = 10_000
GATHERING = 0.004  # seconds, in which those who were just answered may come along


class Batcher(Generic[T, R]):
    """`submit` answers when the batch its item travelled in has been committed.

    An idle system handles a batch of one at once, and while one batch is being written the next one
    gathers. After a batch of several it has a moment more: a batch costs more than its items.
    """

    def __init__(self, handle: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]]) -> None:
        """`handle` returns one result or error per item, in order, or raises for all of them."""
        self._handle = handle
        self._queue: asyncio.Queue[tuple[T, asyncio.Future[R]]] = asyncio.Queue(LONGEST_QUEUE)

    async def submit(self, item: T) -> R:
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((item, future))
        except asyncio.QueueFull:
            raise Unavailable(code="service.queue_full") from None
        return await future

    async def run(self) -> None:
        """Handle batches until cancelled; cancel it between batches with `stop`."""
        is_busy = False
        while True:
            batch = [await self._queue.get()]
            if is_busy:
                await asyncio.sleep(GATHERING)
            while len(batch) < LARGEST_BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            is_busy = len(batch) > 1
            await self._handle_batch(batch)
            for _ in batch:
                self._queue.task_done()

    async def drain(self) -> None:
        """Wait until everything submitted so far has been answered."""
        await self._queue.join()

    async def _handle_batch(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._handle([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001  every caller gets it
            results = [error] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():  # its caller has gone
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
