"""Passwords: slow to check on purpose, so never on the event loop and never many at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, TypeVar

from aiohttp import web
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import Field

from contact_center.errors import Unavailable

T = TypeVar("T")

SHORTEST, LONGEST = 10, 200  # characters
AT_ONCE = 2
LONGEST_QUEUE = 100

Password = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]

# OWASP's recommendation: 19 MiB, two passes, one lane: some 40 ms.
_HASHER = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))


class Passwords:
    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        self._waiting = 0
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        return await self._run(_HASHER.hash, password)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Takes as long for somebody who does not exist (`stored` is None) as for anybody."""
        if stored is None:
            self._nobody = self._nobody or await self.hash("nobody's password")
        matches = await self._run(_HASHER.verify, password, stored or self._nobody)
        return matches and stored is not None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, function: Callable[..., T], *arguments: Any) -> T:
        if self._waiting >= LONGEST_QUEUE:
            raise Unavailable(code="login.busy")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, function, *arguments)
        finally:
            self._waiting -= 1


PASSWORDS = web.AppKey("passwords", Passwords)
