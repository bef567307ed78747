"""Server-sent events: streams that stay open, and end when the browser or this process does."""

import asyncio
import json
import logging
import math
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from contact_center.errors import TooMany, Unavailable
from contact_center.web.addresses import client_network
from contact_center.web.call import Call

log = logging.getLogger(__name__)

HEARTBEAT = 15.0  # seconds: shorter than what proxies cut off, and how we learn of the departed
MOST_STREAMS = 5_000  # of this process
MOST_PER_OWNER = 20
MOST_PER_NETWORK = 500  # offices share one; visitors cost nothing, so owners alone limit nobody
LONGEST_ID = 100
_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would collect before it forwards
}


@dataclass(frozen=True, slots=True)
class ServerEvent:
    data: str | None  # None only moves the place where the reader goes on
    event: str | None = None
    id: str | None = None

    def encode(self) -> bytes:
        lines = []
        if self.data is not None:
            lines = [f"data: {line}" for line in self.data.replace("\r", "\n").split("\n")]
        if self.event is not None:
            lines.insert(0, f"event: {_one_line(self.event)}")
        if self.id is not None:
            lines.insert(0, f"id: {_one_line(self.id)}")
        return ("\n".join(lines) + "\n\n").encode(errors="replace")


def json_event(data: Any, *, event: str | None = None, id: str | None = None) -> ServerEvent:  # noqa: A002  its name on the wire
    return ServerEvent(json.dumps(data, ensure_ascii=False), event, id)


def last_event_id(call: Call) -> int:
    """Where the browser was when its stream broke; 0 for a new one, or for what is no number.

    A browser sends it when it reconnects by itself; a script that does so puts it in the query.
    """
    request = call.request
    given = request.headers.get("Last-Event-ID") or request.query.get("last_event_id", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= 18 else 0


class Streams:
    """All open streams of this process."""

    def __init__(self, *, heartbeat: float = HEARTBEAT) -> None:
        self._heartbeat = heartbeat
        self._closing = asyncio.Event()
        self._owners: Counter[str] = Counter()
        self._networks: Counter[str] = Counter()

    @property
    def open_count(self) -> int:
        return self._owners.total()

    def close(self) -> None:
        """Let every stream end now, and no new one begin."""
        self._closing.set()

    async def on_shutdown(self, app: web.Application) -> None:
        self.close()

    async def send(
        self,
        call: Call,
        events: AsyncIterator[ServerEvent],
        *,
        owner: str,
        headers: dict[str, str] | None = None,
        longest: float = math.inf,
    ) -> web.StreamResponse:
        """Stream `events` until they end, the reader leaves, or this process stops.

        Or until `longest` seconds are over, after which the reader must show who it is once more.
        The handler's route must be declared with transaction=False. Raises TooMany, Unavailable.
        """
        network = client_network(call)
        self._check(owner, network)
        self._owners[owner] += 1
        self._networks[network] += 1
        try:
            response = web.StreamResponse(headers=_HEADERS | call.headers | (headers or {}))
            await response.prepare(call.request)
            await self._pump(response, events, longest=longest)
            return response
        finally:
            self._owners[owner] -= 1
            if not self._owners[owner]:
                del self._owners[owner]
            self._networks[network] -= 1
            if not self._networks[network]:
                del self._networks[network]

    def _check(self, owner: str, network: str) -> None:
        if self._closing.is_set():
            raise Unavailable(code="stream.stopping")
        if self.open_count >= MOST_STREAMS:
            raise Unavailable(code="stream.all_taken")
        if self._owners[owner] >= MOST_PER_OWNER or self._networks[network] >= MOST_PER_NETWORK:
            raise TooMany(code="stream.too_many", retry_after=60)

    async def _pump(
        self, response: web.StreamResponse, events: AsyncIterator[ServerEvent], *, longest: float
    ) -> None:
        now = asyncio.get_running_loop().time
        end = now() + longest
        closing = asyncio.ensure_future(self._closing.wait())
        following = _next(events)
        try:
            # Proxies and browsers see the stream begin only with its first bytes.
            await response.write(b": welcome\n\n")
            while not closing.done() and (left := end - now()) > 0:
                done, _ = await asyncio.wait(
                    {closing, following},
                    timeout=min(self._heartbeat, left),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if following in done:
                    await response.write(following.result().encode())
                    following = _next(events)
                elif not done:
                    await response.write(b": alive\n\n")
        except (StopAsyncIteration, ConnectionError):
            return  # there is no more to tell, or nobody to tell it to
        except Exception:
            # The answer has begun: all that is left is to end it. The reader connects again.
            log.exception("a stream broke")
        finally:
            await _cancel(closing, following)
            await _close(events)


def _next(events: AsyncIterator[ServerEvent]) -> asyncio.Task[ServerEvent]:
    async def following() -> ServerEvent:
        return await anext(events)

    return asyncio.ensure_future(following())


async def _cancel(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _close(events: AsyncIterator[ServerEvent]) -> None:
    close = getattr(events, "aclose", None)  # only generators have one
    if close is not None:
        await close()


def _one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ").replace("\0", "")[:LONGEST_ID]


STREAMS = web.AppKey("streams", Streams)
