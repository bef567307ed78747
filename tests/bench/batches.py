"""The intake transaction against the raw driver writing the same rows in the same batches."""

import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import select

from bots.dialogs.talk import build_dialogue
from contact_center.channels.base import Inbound
from contact_center.db import Database, Table
from contact_center.intake.actions import Intake
from contact_center.routing.rules import load_routes
from contact_center.settings import Settings, config_directory
from contact_center.texts import load_texts
from tests.support.factories import inbound

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
# Tables the transaction writes, in the order their keys allow, with the column that tells when.
WRITTEN = {
    "customers": "created_at",
    "identities": "created_at",
    "conversations": "created_at",
    "tickets": "created_at",
    "messages": "created_at",
    "events": "at",
    "clocks": "started_at",
    "arrivals": "received_at",
}


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


async def ours(url: str, work: Sequence[list[Inbound]]) -> tuple[float, float]:
    """Seconds by the clock and of CPU for all batches."""
    db = Database(url)
    directory = config_directory()
    texts = load_texts(directory / "texts")
    moments = iter([START + timedelta(seconds=n) for n in range(len(work))])
    intake = Intake(
        db=db,
        settings=Settings(),
        texts=texts,
        routes=load_routes(directory / "routing.toml"),
        dialogue=build_dialogue(texts, company="Bench"),
        now=lambda: next(moments),
    )
    await intake.handle(work[0])  # warm: statements are compiled once
    wall, cpu = time.perf_counter(), time.process_time()
    for batch in work[1:]:
        await intake.handle(batch)
    result = time.perf_counter() - wall, time.process_time() - cpu
    await db.dispose()
    return result


async def written_rows(url: str) -> list[dict[str, list[tuple[Any, ...]]]]:
    """What the batches have written, by batch and table, as the raw driver takes it."""
    db = Database(url)
    by_batch: dict[int, dict[str, list[tuple[Any, ...]]]] = {}
    async with db.reader.connect() as connection:
        for name, moment in WRITTEN.items():
            table = Table.metadata.tables[name]
            processors = [
                column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
                for column in table.columns
            ]
            for row in await connection.execute(select(table)):
                number = int((row._mapping[moment] - START).total_seconds())
                raw = tuple(
                    process(value) if process else value
                    for process, value in zip(processors, row, strict=True)
                )
                by_batch.setdefault(number, {}).setdefault(name, []).append(raw)
    await db.dispose()
    return [by_batch[number] for number in sorted(by_batch)]


def raw_sqlite(path: Path, rows: Sequence[dict[str, list[tuple[Any, ...]]]]) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -32000"):
        connection.execute(f"PRAGMA {pragma}")
    start = time.perf_counter()
    for batch in rows:
        connection.execute("BEGIN IMMEDIATE")
        for name, values in batch.items():
            marks = ", ".join("?" * len(values[0]))
            connection.executemany(f"INSERT INTO {name} VALUES ({marks})", values)  # noqa: S608
        words = [(row[0], "some words") for row in batch["messages"]]
        connection.executemany("INSERT INTO message_search (rowid, tokens) VALUES (?, ?)", words)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - start
    connection.close()
    return seconds


async def raw_postgres(url: str, rows: Sequence[dict[str, list[tuple[Any, ...]]]]) -> float:
    connection = await asyncpg.connect(url)
    start = time.perf_counter()
    for batch in rows:
        async with connection.transaction():
            for name, values in batch.items():
                marks = ", ".join(f"${n}" for n in range(1, len(values[0]) + 1))
                await connection.executemany(
                    f"INSERT INTO {name} VALUES ({marks})",  # noqa: S608
                    values,
                )
            words = [(row[0], ["some", "words"]) for row in batch["messages"]]
            await connection.executemany(
                "INSERT INTO message_search VALUES ($1, array_to_tsvector($2::text[]))", words
            )
    seconds = time.perf_counter() - start
    await connection.close()
    return seconds
