"""The intake transaction against the raw driver, which runs the very same statements.

What the transaction sends to the driver is recorded once, and replayed: the same reads, inserts
and updates in the same batches, with parameters put together from dictionaries. Ours does that,
decides, and crosses the layers between.
"""

import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import event

from bots.dialogs.talk import build_dialogue
from contact_center.channels.base import Inbound
from contact_center.db import Database
from contact_center.intake.actions.taking import Intake
from contact_center.settings import Settings, config_directory
from contact_center.switchboard import load_switchboard
from contact_center.texts import load_texts
from tests.bench.figures import Figure
from tests.bench.stages import Stage
from tests.support.calendars import POLICIES
from tests.support.factories import inbound

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SIZE = 64  # messages in a batch
WARM = 2  # batches before the clock starts


class Statement(NamedTuple):
    sql: str
    rows: list[dict[int, Any]]
    many: bool


class Spent(NamedTuple):
    clock: float  # seconds
    cpu: float  # seconds of this process


async def measure(stage: Stage, *, number: int, rounds: int) -> list[Figure]:
    """Rounds take turns, and the best of each side counts: a busy machine disturbs both."""
    work = batches(number=number + WARM, size=SIZE)
    recorded: list[list[Statement]] = []
    await ours(await stage.database("recorded"), work, record=recorded)
    mine, raws = [], []
    for n in range(rounds):
        mine.append(await ours(await stage.database(f"ours{n}"), work))
        raws.append(await raw(stage, await stage.database(f"raw{n}"), recorded))
        await stage.drop(f"ours{n}")
        await stage.drop(f"raw{n}")
    await stage.drop("recorded")
    micros = 1e6 / (number * SIZE)
    # SQLite works in our process; of PostgreSQL's work only the clock knows.
    by = 1 if stage.server is None else 0
    own, bare = (min(spent[by] for spent in side) for side in (mine, raws))
    kind = "CPU" if stage.server is None else "clock"
    return [
        Figure(
            what=f"batch of {SIZE}: rate against the raw driver ({kind})",
            on=stage.name,
            value=bare / own,
            unit="×",
            goal=0.6,
            higher_is_better=True,
        ),
        Figure(what=f"  ours ({kind})", on=stage.name, value=own * micros, unit="µs/message"),
        Figure(
            what=f"  raw driver ({kind})", on=stage.name, value=bare * micros, unit="µs/message"
        ),
        Figure(
            what="  ours, CPU of our process",
            on=stage.name,
            value=min(spent.cpu for spent in mine) * micros,
            unit="µs/message",
        ),
    ]


def batches(*, number: int, size: int) -> list[list[Inbound]]:
    """Half of the messages come from strangers, half continue a conversation."""
    made = []
    for b in range(number):
        half = size // 2
        new = [inbound(f"Where is order {b}-{i}?", address=f"c{b}-{i}") for i in range(half)]
        old = [
            inbound(f"Any news about {b}-{i}?", address=f"c{max(b - 1, 0)}-{i}")
            for i in range(size - half)
        ]
        made.append(new + old)
    return made


async def ours(
    url: str, work: Sequence[list[Inbound]], *, record: list[list[Statement]] | None = None
) -> Spent:
    db = Database(url)
    if record is not None:
        _listen(db, record)
    directory = config_directory()
    texts = load_texts(directory / "texts")
    moments = iter([START + timedelta(seconds=n) for n in range(len(work))])
    intake = Intake(
        policies=POLICIES,
        db=db,
        settings=Settings(),
        texts=texts,
        routes=load_switchboard(directory / "routing.toml"),
        dialogue=build_dialogue(texts, company="Bench"),
        now=lambda: next(moments),
    )
    clock, cpu = 0.0, 0.0
    for n, batch in enumerate(work):
        if n == WARM:
            clock, cpu = time.perf_counter(), time.process_time()
        if record is not None:
            record.append([])
        await intake.handle(batch)
    spent = Spent(time.perf_counter() - clock, time.process_time() - cpu)
    await db.dispose()
    return spent


def _listen(db: Database, record: list[list[Statement]]) -> None:
    @event.listens_for(db.writer.sync_engine, "before_cursor_execute")
    def executing(_: Any, __: Any, sql: str, values: Any, ___: Any, many: bool) -> None:
        if record and not sql.startswith("BEGIN"):
            rows = values if many else [values]
            record[-1].append(Statement(sql, [dict(enumerate(row)) for row in rows], many))


async def raw(stage: Stage, url: str, recorded: Sequence[list[Statement]]) -> Spent:
    if stage.server is None:
        return _raw_sqlite(url.partition(":///")[2], recorded)
    return await _raw_postgres(url.replace("+asyncpg", ""), recorded)


def _raw_sqlite(path: str, recorded: Sequence[list[Statement]]) -> Spent:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -32000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA foreign_keys = ON")
    clock, cpu = 0.0, 0.0
    for n, batch in enumerate(recorded):
        if n == WARM:
            clock, cpu = time.perf_counter(), time.process_time()
        connection.execute("BEGIN IMMEDIATE")
        for sql, rows, many in batch:
            values = [tuple(row.values()) for row in rows]
            if many:
                connection.executemany(sql, values)
            else:
                connection.execute(sql, values[0]).fetchall()
        connection.execute("COMMIT")
    spent = Spent(time.perf_counter() - clock, time.process_time() - cpu)
    connection.close()
    return spent


async def _raw_postgres(url: str, recorded: Sequence[list[Statement]]) -> Spent:
    connection = await asyncpg.connect(url)
    clock, cpu = 0.0, 0.0
    for n, batch in enumerate(recorded):
        if n == WARM:
            clock, cpu = time.perf_counter(), time.process_time()
        async with connection.transaction():
            for sql, rows, many in batch:
                values = [tuple(row.values()) for row in rows]
                if many:
                    await connection.executemany(sql, values)
                else:
                    await connection.fetch(sql, *values[0])
    spent = Spent(time.perf_counter() - clock, time.process_time() - cpu)
    await connection.close()
    return spent
