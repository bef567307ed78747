"""Clients that cost little: keep-alive connections that send prepared requests."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count


@dataclass
class Answers:
    latencies: list[float] = field(default_factory=list)  # seconds
    failures: int = 0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def requests(token: str, *, customers: int, prefix: str) -> Iterator[bytes]:
    """Messages of many customers, a third of whom write for the first time."""
    for number in count():
        fresh = number % 3 == 0
        address = f"{prefix}-{number}" if fresh else f"{prefix}-r{number % customers}"
        body = json.dumps(
            {
                "external_id": f"{prefix}-{number}",
                "sender": {"address": address, "name": "Ann Lee"},
                "text": f"Where is my order {number}? It should have been here on Monday.",
            }
        ).encode()
        yield (
            b"POST /api/v1/messages HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer "
            + token.encode()
            + b"\r\nContent-Length: "
            + str(len(body)).encode()
            + b"\r\n\r\n"
            + body
        )


async def drive(
    port: int, work: Iterator[bytes], *, clients: int, seconds: float, rate: float | None = None
) -> Answers:
    """As fast as the answers come, or at a fixed rate from a shared schedule."""
    answers = Answers()
    start = time.perf_counter()
    ticks = count()

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (at := time.perf_counter()) - start < seconds:
            if rate is not None:
                at = start + next(ticks) / rate
                await asyncio.sleep(max(0.0, at - time.perf_counter()))
            writer.write(next(work))
            status = await _answer(reader)
            # At a fixed rate a late start counts too: waiting is waiting.
            answers.latencies.append(time.perf_counter() - at)
            answers.failures += status != b"201"
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return answers


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return head[9:12]
