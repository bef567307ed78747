"""The real service in a process of its own, to be used over the network and killed."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

ROOT = Path(__file__).parents[2]
START_WITHIN = 60.0  # seconds, on a machine that runs the whole suite


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """`contact-center serve` on a port of its own; data lie in `directory`."""

    def __init__(
        self,
        directory: Path,
        *,
        database_url: str,
        settings: Mapping[str, str],
        arguments: Sequence[str] = (),
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._directory = directory
        self._arguments = arguments
        self._environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "CC_CONFIG": str(ROOT / "config"),
            "CC_SECRET_KEY": "a secret for tests",
            "CC_DATABASE__URL": database_url,
            "CC_SERVER__PORT": str(self.port),
            "CC_SERVER__PUBLIC_URL": self.url,
            "CC_LOG__LEVEL": "warning",
            **settings,
        }
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Returns when the service is ready."""
        with (self._directory / "service.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "contact_center",
                "serve",
                *self._arguments,
                cwd=self._directory,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(START_WITHIN), aiohttp.ClientSession() as http:
            while not await self._is_ready(http):
                if self.process.returncode is not None:
                    raise RuntimeError(f"the service did not start:\n{self.log()}")
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
        return await self.process.wait()

    def log(self) -> str:
        return (self._directory / "service.log").read_text()

    async def said(self, text: str, *, times: int = 1) -> str:
        """The whole log once it holds the text so often: a ready service may still be speaking."""
        async with asyncio.timeout(START_WITHIN):
            while (log := self.log()).count(text) < times:
                await asyncio.sleep(0.05)
        return log

    async def _is_ready(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"{self.url}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def running(
    directory: Path, *, database_url: str, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Service]:
    service = Service(directory, database_url=database_url, settings=settings or {})
    await service.start()
    try:
        yield service
    finally:
        await service.stop()
