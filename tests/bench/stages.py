"""The databases that are measured: both begin empty, durable, and with the current schema."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import text

from contact_center.db import Database
from contact_center.migrations import run as migrations
from tests.support.databases import postgres_server, run_sql, sqlalchemy_url, with_database

TEMPLATE = "bench_template"


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    directory: Path
    server: str | None = None  # the address of PostgreSQL

    async def database(self, name: str) -> str:
        """The address of a new database."""
        if self.server is None:
            shutil.copy(self.directory / f"{TEMPLATE}.db", self.directory / f"{name}.db")
        else:
            await run_sql(self.server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return self.url(name)

    async def drop(self, name: str) -> None:
        if self.server is None:
            for file in self.directory.glob(f"{name}.db*"):
                file.unlink()
        else:
            await run_sql(self.server, f"DROP DATABASE {name} WITH (FORCE)")

    def url(self, name: str) -> str:
        if self.server is None:
            return f"sqlite+aiosqlite:///{self.directory / name}.db"
        return sqlalchemy_url(with_database(self.server, name))

    async def prepare(self) -> None:
        if self.server is not None:
            await run_sql(self.server, f"CREATE DATABASE {TEMPLATE}")
        db = Database(self.url(TEMPLATE))
        await migrations.upgrade(db)
        await db.dispose()


@asynccontextmanager
async def stages(names: Sequence[str], directory: Path) -> AsyncIterator[list[Stage]]:
    with ExitStack() as stack:
        found = []
        if "sqlite" in names:
            found.append(Stage("SQLite", directory))
        if "postgresql" in names:
            server = stack.enter_context(postgres_server(durable=True))
            found.append(Stage("PostgreSQL", directory, server))
        for stage in found:
            await stage.prepare()
        yield found


def cpu(process: psutil.Process) -> float:
    """Seconds so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


async def server_cpu(url: str) -> float:
    """Seconds that PostgreSQL has worked so far, where it runs on this machine."""
    if not url.startswith("postgresql"):
        return 0.0
    db = Database(url)
    async with db.read() as session:
        backend = await session.scalar(text("SELECT pg_backend_pid()"))
        try:
            postmaster = psutil.Process(backend).parent()
        except psutil.Error:  # it runs elsewhere
            postmaster = None
        used = 0.0 if postmaster is None else _with_children(postmaster)
    await db.dispose()
    return used


def _with_children(process: psutil.Process) -> float:
    """What ended children have used stands at their parent; once more if one ends meanwhile."""
    while True:
        before = process.cpu_times()
        try:
            running = sum(cpu(child) for child in process.children())
        except psutil.NoSuchProcess:
            continue
        ended = process.cpu_times()
        if (ended.children_user, ended.children_system) == (
            before.children_user,
            before.children_system,
        ):
            return float(running + cpu(process) + ended.children_user + ended.children_system)
