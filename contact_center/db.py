"""Engines, transactions and column types shared by every table.

SQLite: WAL, `synchronous=FULL`, one writer connection and a few read-only ones. PostgreSQL:
asyncpg. The same code runs on both; what differs is here and, where SQL must, in `queries.py`.
"""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic_core import from_json, to_json
from sqlalchemy import (
    JSON,
    URL,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Insert,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    any_,
    bindparam,
    event,
    make_url,
)
from sqlalchemy import Enum as EnumType
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_sql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeEngine

from contact_center import sqlite

HINTS = "hints"
_ENGINE: dict[str, Any] = {
    "hide_parameters": True,  # what customers write is not repeated in errors and logs
    "json_serializer": lambda value: to_json(value).decode(),
    "json_deserializer": from_json,
}
READERS = 4  # connections
# Lost connection, lock conflict, out of resources, shutting down, disk trouble, timed out.
_PASSING_SQLSTATES = ("08", "40", "53", "57", "58", "55P03", "25006")
_PASSING_ON_SQLITE = (
    "is locked",
    "disk is full",
    "disk I/O error",
    "readonly database",
    "unable to open database file",
)
BUSY_TIMEOUT = 10_000  # milliseconds one process waits for another's write on SQLite


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes in Python; on SQLite text of one width, which sorts like the time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return String(32) if dialect.name == "sqlite" else self.impl_instance

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: give it a time zone")
        return _sortable(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if isinstance(value, str):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        return cast("datetime | None", value)


@lru_cache(maxsize=256)  # a batch writes the same few instants many times
def _sortable(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:26]


Json = JSON().with_variant(postgresql.JSONB(), "postgresql")
BigInt = BigInteger().with_variant(Integer(), "sqlite")  # SQLite's rowid is an INTEGER

Key = Annotated[int, mapped_column(BigInt, primary_key=True)]
Short = Annotated[str, mapped_column(String(64))]
Name = Annotated[str, mapped_column(String(200))]
Line = Annotated[str, mapped_column(String(998))]  # the longest line a mail header may have


class Table(DeclarativeBase):
    type_annotation_map = {
        datetime: UtcDateTime,
        int: BigInt,
        dict[str, Any]: Json,
        list[str]: Json,
        list[int]: Json,
        list[dict[str, Any]]: Json,
        Enum: EnumType(
            Enum,
            native_enum=False,
            create_constraint=False,
            length=32,
            values_callable=lambda kind: [member.value for member in kind],
        ),
    }
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Database:
    """The only way to a session. Whoever calls `begin` owns the transaction and commits it."""

    def __init__(self, url: str, *, on_commit: Callable[[set[str]], None] | None = None) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._on_commit = on_commit
        if self.is_sqlite:
            if self.url.database:
                Path(self.url.database).parent.mkdir(0o700, parents=True, exist_ok=True)
            self.writer = _sqlite_engine(self.url, size=1, read_only=False)
            self.reader = _sqlite_engine(self.url, size=READERS, read_only=True)
        else:
            self.writer = create_async_engine(url, pool_size=10, max_overflow=10, **_ENGINE)
            self.reader = self.writer
        self._writers = async_sessionmaker(self.writer, expire_on_commit=False)
        self._readers = async_sessionmaker(self.reader, expire_on_commit=False)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """One transaction; on SQLite it waits for its turn. Hints go out after the commit."""
        async with self._writers.begin() as session:
            yield session
        hints: set[str] = session.info.get(HINTS, set())
        if hints and self._on_commit is not None:
            self._on_commit(hints)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """For looking only: changes are rolled back (SQLite refuses them outright)."""
        async with self._readers() as session:
            yield session

    async def dispose(self) -> None:
        await self.writer.dispose()
        await self.reader.dispose()


def hint(session: AsyncSession, topic: str) -> None:
    """After this transaction's commit wake whoever waits for `topic`; lost hints do no harm."""
    session.info.setdefault(HINTS, set()).add(topic)


def is_passing(error: Exception) -> bool:
    """Whether the same may succeed soon: the database is busy or away, the data are good."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, PoolTimeout | ConnectionError)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if error.connection_invalidated or state.startswith(_PASSING_SQLSTATES):
        return True
    return any(words in str(error.orig) for words in _PASSING_ON_SQLITE)


def among(session: AsyncSession, column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """`column` is one of `values`: one statement whatever their number, planned once."""
    if is_postgresql(session):
        array = bindparam(None, list(values), type_=postgresql.ARRAY(column.type), unique=True)
        return cast("ColumnElement[bool]", column == any_(array))
    return cast("ColumnElement[bool]", column.in_(values))


def is_postgresql(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def insert_or_ignore(session: AsyncSession, table: Any) -> Insert:
    """`INSERT … ON CONFLICT DO NOTHING` in the session's dialect."""
    return insert_for(session, table).on_conflict_do_nothing()


def insert_for(session: AsyncSession, table: Any) -> postgresql.Insert | sqlite_sql.Insert:
    if is_postgresql(session):
        return postgresql.insert(table)
    return sqlite_sql.insert(table)


def _sqlite_engine(url: URL, *, size: int, read_only: bool) -> AsyncEngine:
    pragmas = [
        f"busy_timeout = {BUSY_TIMEOUT}",
        "foreign_keys = ON",
        "journal_mode = WAL",
        "synchronous = FULL",
        "cache_size = -32000",
        "query_only = ON" if read_only else "wal_autocheckpoint = 2000",
    ]
    path = url.database or ""
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=60,
        **_ENGINE,
        async_creator=lambda: sqlite.connect(path, pragmas=pragmas, inline=not read_only),
    )

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Connection) -> None:
        # A deferred transaction that reads and then writes fails at once when another has written.
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine
