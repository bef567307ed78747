"""The demo at rest: how much memory it holds, and how soon it answers."""

import asyncio
import tempfile
import time
from pathlib import Path

import psutil

from tests.bench.figures import Figure
from tests.bench.stages import Stage, cpu
from tests.support.processes import Service

CALM = 0.05  # seconds of CPU in one second


async def measure(stage: Stage) -> list[Figure]:
    url = await stage.database("rest")
    with tempfile.TemporaryDirectory() as directory:
        await _run(Path(directory), url)  # fills the database
        seconds, busy, memory = await _run(Path(directory), url)
    await stage.drop("rest")
    return [
        Figure(
            what="start of the demo until the first answer",
            on=stage.name,
            value=seconds,
            unit="s",
            goal=3,
        ),
        Figure(what="  of it CPU", on=stage.name, value=busy, unit="s"),
        Figure(what="memory of the demo at rest", on=stage.name, value=memory, unit="MB", goal=200),
    ]


async def _run(directory: Path, url: str) -> tuple[float, float, float]:
    """Seconds until the first answer, CPU of them, and megabytes when it has calmed down."""
    service = Service(directory, database_url=url, settings={}, arguments=["--demo"])
    start = time.perf_counter()
    await service.start()
    seconds = time.perf_counter() - start
    assert service.process is not None
    process = psutil.Process(service.process.pid)
    busy = last = cpu(process)
    while True:
        await asyncio.sleep(1)
        now = cpu(process)
        if now - last < CALM:
            break
        last = now
    memory = process.memory_info().rss / 1e6
    await service.stop()
    return seconds, busy, memory
