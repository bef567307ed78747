"""Order within a chat: one at a time, in the order of arrival; chats do not wait for each other."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class Turns:
    def __init__(self) -> None:
        self._locks: dict[Hashable, tuple[asyncio.Lock, int]] = {}  # with how many want it

    @asynccontextmanager
    async def of(self, chat: Hashable) -> AsyncIterator[None]:
        lock, wanted = self._locks.get(chat, (asyncio.Lock(), 0))
        self._locks[chat] = (lock, wanted + 1)
        try:
            async with lock:  # asyncio's locks are fair: first come, first served
                yield
        finally:
            lock, wanted = self._locks[chat]
            if wanted == 1:
                del self._locks[chat]
            else:
                self._locks[chat] = (lock, wanted - 1)
