"""Accepting a message over HTTP until it is durable, against a bare handler."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from contact_center.commands import create_token
from contact_center.settings import DatabaseSettings, Settings
from tests.bench.load import Answers, drive, requests
from tests.support.processes import Service, free_port

CLIENTS = 64
OPEN_DOORS = {"CC_LIMITS__PER_CALLER": "100000000", "CC_LIMITS__PER_ADDRESS": "100000000"}


@asynccontextmanager
async def bare_server() -> AsyncIterator[tuple[int, psutil.Process]]:
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
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


@asynccontextmanager
async def our_server(url: str) -> AsyncIterator[tuple[Service, psutil.Process, str]]:
    settings = Settings(database=DatabaseSettings(url=url))
    token = await create_token(settings, name="bench", scopes=["messages:submit"])
    with tempfile.TemporaryDirectory() as directory:
        service = Service(Path(directory), database_url=url, settings=OPEN_DOORS)
        await service.start()
        try:
            assert service.process is not None
            yield service, psutil.Process(service.process.pid), token
        finally:
            await service.stop()


def cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def cpu_per_message(
    port: int, process: psutil.Process, token: str, *, prefix: str, seconds: float
) -> tuple[float, float, Answers]:
    """Microseconds of the server's CPU, messages a second, and the answers."""
    work = requests(token, customers=500, prefix=prefix)
    await drive(port, work, clients=CLIENTS, seconds=1)  # warm
    before = cpu(process)
    answers = await drive(port, work, clients=CLIENTS, seconds=seconds)
    used = cpu(process) - before
    number = len(answers.latencies)
    return used / number * 1e6, number / seconds, answers
