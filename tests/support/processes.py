"""The real service in a process of its own, to be used over the network and killed."""

import asyncio
import fcntl
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO

import aiohttp
import psutil

from tests.support.patience import PATIENCE

ROOT = Path(__file__).parents[2]
PORTS = range(20_000, 32_000)  # below those that the system gives away by itself
_reserved: list[IO[bytes]] = []  # locks, which end with this process


def free_port() -> int:
    """One that no other tests on this machine are given as long as this process lives."""
    locks = Path(tempfile.gettempdir()) / f"contact-center-ports-{os.getuid()}"
    locks.mkdir(exist_ok=True)
    begin = os.getpid() * 100 % len(PORTS)
    for port in (*PORTS[begin:], *PORTS[:begin]):
        lock = (locks / f"{port}").open("wb")
        with suppress(OSError), socket.socket() as probe:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            probe.bind(("127.0.0.1", port))
            _reserved.append(lock)
            return port
        lock.close()
    raise RuntimeError(f"no port from {PORTS.start} to {PORTS.stop} is free")


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
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as http:
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
        async with asyncio.timeout(PATIENCE):
            while (log := self.log()).count(text) < times:
                await asyncio.sleep(0.05)
        return log

    async def _is_ready(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"{self.url}/readyz") as answer:
                return answer.status == 200 and self._listens()
        except (aiohttp.ClientError, psutil.NoSuchProcess):
            return False

    def _listens(self) -> bool:
        """It is our process that has answered, and no stranger on its port."""
        assert self.process is not None
        connections = psutil.Process(self.process.pid).net_connections("tcp")
        return any(
            one.laddr.port == self.port and one.status == psutil.CONN_LISTEN for one in connections
        )


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
