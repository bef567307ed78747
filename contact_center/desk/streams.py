"""Pages that stay current: what every stream of server-sent events has in common."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from contact_center.bus import Subscription
from contact_center.errors import TooMany
from contact_center.events.models import Event
from contact_center.web.call import Call
from contact_center.web.storable import LARGEST

HEARTBEAT = 15.0  # seconds; also how often the database is read without a hint
CALM = 0.4  # seconds between two readings, however many hints come
LONGEST = 600.0  # seconds; then the browser comes back and shows its cookie again
SLOWEST_READER = 30.0  # seconds a browser may take to accept what it is sent
MOST_STREAMS = 2_000  # of one process
LOOK_BACK = timedelta(seconds=5)  # longer than transactions that overlap
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}
CLOSING = "closing"
Position = Annotated[int, Field(ge=0, le=LARGEST)]  # what a page has seen; 0 for nothing


@dataclass(slots=True)
class Streams:
    """All that are open, so that a process that stops can end them."""

    open: set[Subscription] = field(default_factory=set)
    closing: bool = False

    def close(self) -> None:
        self.closing = True
        for subscription in self.open:
            subscription.wake(CLOSING)

    @contextmanager
    def listen(self, call: Call, topics: Collection[str]) -> Iterator[Subscription]:
        if len(self.open) >= MOST_STREAMS:
            raise TooMany(code="form.too_many_pages", retry_after=5)
        with call.runtime.bus.subscribe(*topics) as subscription:
            self.open.add(subscription)
            try:
                yield subscription
            finally:
                self.open.discard(subscription)


STREAMS = web.AppKey("streams", Streams)


class Cursor:
    """Which events a page has seen. Their ids may become visible out of order."""

    def __init__(self, last: int) -> None:
        self.last = last
        self._seen: set[int] = set()

    def news(self, events: Sequence[Event]) -> list[Event]:
        fresh = [event for event in events if event.id not in self._seen]
        self._seen = {event.id for event in events}
        if events:
            self.last = max(self.last, events[-1].id)
        return fresh


@dataclass(slots=True)
class Pipe:
    """The way to one browser."""

    response: web.StreamResponse

    async def show(self, html: str, *, mark: str) -> None:
        """Parts of the page; `mark` comes back as Last-Event-ID."""
        lines = "".join(f"data: {line}\n" for line in html.splitlines() if line.strip())
        if lines:
            await self._write(f"id: {mark}\n{lines}\n")

    async def tell(self, kind: str, data: Any, *, mark: str = "") -> None:
        """Something for the page's script."""
        line = f"id: {mark}\n" if mark else ""
        told = json.dumps(data, ensure_ascii=False)
        await self._write(f"{line}event: {kind}\ndata: {told}\n\n")

    async def stay_open(self) -> None:
        await self._write(": still here\n\n")

    async def _write(self, text: str) -> None:
        await asyncio.wait_for(self.response.write(text.encode()), SLOWEST_READER)


@asynccontextmanager
async def pipe_to(call: Call) -> AsyncIterator[Pipe]:
    response = web.StreamResponse(headers=HEADERS)
    await response.prepare(call.request)
    pipe = Pipe(response)
    try:
        await pipe._write("retry: 1000\n\n")
        yield pipe
    except (ConnectionError, TimeoutError):
        pass  # the page was closed, or does not read: it comes back by itself


async def beats(
    call: Call, subscription: Subscription, *, every: float = HEARTBEAT
) -> AsyncIterator[set[str]]:
    """The topics that were hinted at since the last time; empty when only time has passed."""
    streams, loop = call.request.app[STREAMS], asyncio.get_running_loop()
    end = loop.time() + LONGEST
    yield set()
    while loop.time() < end:
        hints = await subscription.wait(every)
        if streams.closing:
            return
        yield hints
        await asyncio.sleep(CALM)


def resume_at(call: Call) -> list[int]:
    """Where the browser was when it lost us: the numbers of the last mark; none for a new page."""
    parts = call.request.headers.get("Last-Event-ID", "").split(".")
    is_ours = all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts)
    return [int(part) for part in parts] if is_ours else []
