"""A desk on one connection: every step is a savepoint, every run is rolled back."""

import asyncio
import gc
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from contact_center.db import Database

LOOKS = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK")
TABLE = re.compile(r"\b(?:INTO|UPDATE|FROM) +(\w+)")


class Floor:
    """Stands in for `Database`; what is committed here is undone when the run ends.

    Nothing else is a double: the actions, their SQL and the database are the real ones. What it
    cannot show are races (`test_races.py` does) and what only a real commit would refuse.
    """

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._database = Database(url)
        self.is_sqlite = self._database.is_sqlite
        self.written: set[str] = set()  # tables, and perhaps more
        event.listen(self._database.writer.sync_engine, "before_cursor_execute", self._note)
        self.connection: AsyncConnection = self.run(self._database.writer.connect())

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(LOOKS):
            self.written.update(TABLE.findall(statement))

    def run(self, work: Awaitable[Any]) -> Any:
        return self._loop.run_until_complete(work)

    def open(self) -> None:
        """What lives now outlives the run: the collector need not look at it again and again."""
        gc.freeze()
        self.run(self.connection.begin())

    def clear(self) -> None:
        self.run(self.connection.rollback())

    def close(self) -> None:
        gc.unfreeze()
        self.run(self.connection.close())
        self.run(self._database.dispose())
        self._loop.close()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        session = AsyncSession(
            self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        )
        async with session, session.begin():
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        yield AsyncSession(
            self.connection, join_transaction_mode="rollback_only", expire_on_commit=False
        )

    def step(self, do: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        async def work() -> Any:
            async with self.begin() as session:
                return await do(session)

        return self.run(work())
