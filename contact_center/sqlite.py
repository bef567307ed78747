"""A leaner SQLite connection under SQLAlchemy's aiosqlite dialect.

aiosqlite crosses into its thread for every cursor, execute, fetch and close: for the short
statements of one transaction that costs more than the statements. Here a reader crosses once per
statement, and the writer only where it may have to wait: for the lock (BEGIN) and for the disk
(COMMIT). What runs between these two is short by rule, and runs in place.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Self, TypeVar

T = TypeVar("T")

_MAY_WAIT = ("BEGIN", "COMMIT", "PRAGMA", "VACUUM", "CREATE", "DROP", "ALTER")


class Connection:
    """What SQLAlchemy needs of an aiosqlite connection."""

    def __init__(self, raw: sqlite3.Connection, thread: ThreadPoolExecutor, *, inline: bool):
        self._connection = raw  # SQLAlchemy looks whether it is there before it ends transactions
        self._thread = thread
        self._inline = inline
        self.isolation_level = None

    def cursor(self) -> "Cursor":
        return Cursor(self, self._connection.cursor())

    async def execute(self, sql: str) -> None:
        await self._run(partial(self._connection.execute, sql))

    async def create_function(self, *args: Any, **options: Any) -> None:
        await self._run(partial(self._connection.create_function, *args, **options))

    async def commit(self) -> None:
        if self._connection.in_transaction:
            await self._run(self._connection.commit)

    async def rollback(self) -> None:
        if self._connection.in_transaction:
            await self._run(self._connection.rollback)

    async def close(self) -> None:
        await self._run(self._connection.close)
        self._thread.shutdown(wait=False)

    def stop(self) -> None:
        """Close without waiting, after whatever still runs."""
        self._thread.submit(self._connection.close)
        self._thread.shutdown(wait=False)

    async def run(self, sql: str, work: Callable[[], T]) -> T:
        if self._inline and not sql.startswith(_MAY_WAIT):
            return work()
        return await self._run(work)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


class Cursor:
    """Fetches with the execution, so that rows cost no second crossing."""

    arraysize = 1

    def __init__(self, connection: Connection, raw: sqlite3.Cursor) -> None:
        self._connection = connection
        self._raw = raw
        self._rows: list[Any] = []

    @property
    def description(self) -> Any:
        return self._raw.description

    @property
    def rowcount(self) -> int:
        return self._raw.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._raw.lastrowid

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        def work() -> list[Any]:
            self._raw.execute(sql, parameters)
            return self._raw.fetchall() if self._raw.description else []

        self._rows = await self._connection.run(sql, work)

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        await self._connection.run(sql, partial(self._raw.executemany, sql, parameters))

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._raw.close()


def backup(path: str, target: str) -> None:
    """A consistent copy of a database that is in use."""
    connection = sqlite3.connect(path)
    try:
        connection.execute("VACUUM INTO ?", (target,))
    finally:
        connection.close()


async def connect(path: str, *, pragmas: Sequence[str], inline: bool) -> Connection:
    """`inline`: statements run in place, except those that may wait."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")

    def work() -> sqlite3.Connection:
        # The driver would begin transactions by itself, and late; each thread takes its turn.
        raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in pragmas:
            raw.execute(f"PRAGMA {pragma}")
        return raw

    raw = await asyncio.get_running_loop().run_in_executor(thread, work)
    return Connection(raw, thread, inline=inline)
