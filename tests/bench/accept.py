"""Accepting a message over HTTP until it is durable, against a bare handler."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from contact_center.commands import create_token
from contact_center.settings import DatabaseSettings, Settings
from tests.bench.figures import Figure
from tests.bench.load import drive, requests
from tests.bench.stages import Stage, cpu
from tests.support.processes import Service, free_port

CLIENTS = 64
OPEN_DOORS = {
    "CC_LIMITS__PER_CALLER": "100000000",
    "CC_LIMITS__PER_ADDRESS": "100000000",
    "CC_WEBCHAT__MESSAGES_PER_MINUTE": "100000",
}


@dataclass(frozen=True, slots=True)
class Door:
    """A process that takes messages."""

    port: int
    process: psutil.Process
    token: str


@dataclass(frozen=True, slots=True)
class Taken:
    micros: float  # CPU of the process for one message
    rate: float  # messages a second


async def measure(stage: Stage, *, seconds: float, rounds: int) -> list[Figure]:
    url = await stage.database("accept")
    async with bare_server() as bare, our_server(url) as ours:
        base = [await take(bare, prefix=f"b{n}", seconds=seconds / 2) for n in range(1)]
        own = []
        for n in range(rounds):
            own.append(await take(ours, prefix=f"o{n}", seconds=seconds))
            base.append(await take(bare, prefix=f"c{n}", seconds=seconds / 2))
        rate = max(taken.rate for taken in own)
        latencies = await drive(
            ours.port,
            requests(ours.token, customers=500, prefix="half"),
            clients=CLIENTS,
            seconds=2 * seconds,
            rate=rate / 2,
        )
    await stage.drop("accept")
    micros, least = (min(taken.micros for taken in side) for side in (own, base))
    return [
        Figure(
            what=f"accept over HTTP, {CLIENTS} clients: CPU against a bare handler",
            on=stage.name,
            value=micros / least,
            unit="×",
            goal=3,
        ),
        Figure(what="  ours", on=stage.name, value=micros, unit="µs/message"),
        Figure(what="  bare handler", on=stage.name, value=least, unit="µs/message"),
        Figure(what="  messages until durable", on=stage.name, value=rate, unit="/s"),
        Figure(
            what="  p99 at half of that rate",
            on=stage.name,
            value=latencies.percentile(0.99) * 1e3,
            unit="ms",
            goal=50,
        ),
    ]


async def take(door: Door, *, prefix: str, seconds: float) -> Taken:
    work = requests(door.token, customers=500, prefix=prefix)
    await drive(door.port, work, clients=CLIENTS, seconds=seconds / 4)  # warm
    before = cpu(door.process)
    answers = await drive(door.port, work, clients=CLIENTS, seconds=seconds)
    used = cpu(door.process) - before
    number = len(answers.latencies)
    if answers.failures:
        raise RuntimeError(f"{answers.failures} of {number} messages were refused")
    return Taken(used / number * 1e6, number / seconds)


@asynccontextmanager
async def bare_server() -> AsyncIterator[Door]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.bare", str(port)])
    try:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            except OSError:
                await asyncio.sleep(0.1)
        yield Door(port, psutil.Process(process.pid), "x" * 40)
    finally:
        process.terminate()
        process.wait()


@asynccontextmanager
async def our_server(url: str) -> AsyncIterator[Door]:
    settings = Settings(database=DatabaseSettings(url=url))
    scopes = ["messages:submit", "tickets:read"]
    token = await create_token(settings, name="bench", scopes=scopes)
    with tempfile.TemporaryDirectory() as directory:
        service = Service(Path(directory), database_url=url, settings=OPEN_DOORS)
        await service.start()
        try:
            assert service.process is not None
            yield Door(service.port, psutil.Process(service.process.pid), token)
        finally:
            await service.stop()
