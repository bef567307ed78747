"""How long it takes to notice that many promises ran out or broke, among very many that run."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sqlalchemy import text

from contact_center.batching import Batcher
from contact_center.bus import Bus
from contact_center.clock import utcnow
from contact_center.db import Database
from contact_center.runtime import Runtime
from contact_center.settings import Settings, config_directory
from contact_center.storage import LocalStorage
from contact_center.texts import load_texts
from scheduler import sweeps
from tests.bench.figures import Figure
from tests.bench.outbox import _nobody
from tests.bench.seed import seed
from tests.bench.stages import Stage
from tests.support.calendars import POLICIES, SHIPPED
from tests.support.databases import run_sql

EACH = 100  # clocks of one ticket, of which one is overdue, and of another half has passed
CLOCKS = """
INSERT INTO clocks (ticket_id, kind, ref_id, state, target, started_at, running_since, due_at,
    next_rung_at)
SELECT tickets.id, 'status_update', refs.n, 'running', 86400, {past}, {past},
    CASE WHEN refs.n = 1 THEN {past} ELSE {future} END,
    CASE WHEN refs.n = 1 THEN NULL WHEN refs.n = 2 THEN {past} ELSE {future} END
FROM tickets, (WITH RECURSIVE refs(n) AS
    (SELECT 1 UNION ALL SELECT n + 1 FROM refs WHERE n < {each}) SELECT n FROM refs) AS refs
"""


async def measure(stage: Stage, *, tickets: int) -> list[Figure]:
    url = await stage.database("sweep")
    await seed(url, tickets=tickets)
    db = Database(url)
    now = utcnow()
    past, future = (_moment(db, now + timedelta(hours=hours)) for hours in (-13, 11))
    async with db.begin() as session:
        await session.execute(text(CLOCKS.format(past=past, future=future, each=EACH)))
    if not db.is_sqlite:  # a table that has grown for a month is not as raw as one just filled
        await run_sql(url.replace("+asyncpg", ""), "VACUUM ANALYZE clocks")
    runtime = _runtime(stage, db)
    told = await _seconds(sweeps.climb_ladder, runtime, number=tickets)
    noted = await _seconds(sweeps.note_breaches, runtime, number=tickets)
    await db.dispose()
    await stage.drop("sweep")
    among = f"among {tickets * EACH:,}"
    return [
        Figure(what=f"{what} {among}", on=stage.name, value=took, unit="s", goal=5)
        for what, took in (
            (f"telling of {tickets:,} clocks at a rung", told),
            (f"noting {tickets:,} broken promises", noted),
        )
    ]


async def _seconds(
    sweep: Callable[[Runtime], Awaitable[int]], runtime: Runtime, *, number: int
) -> float:
    start = time.perf_counter()
    done = await sweep(runtime)
    took = time.perf_counter() - start
    assert done == number, done
    return took


def _moment(db: Database, at: datetime) -> str:
    if db.is_sqlite:
        return f"'{at:%Y-%m-%d %H:%M:%S.%f}'"
    return f"TIMESTAMPTZ '{at.isoformat()}'"


def _runtime(stage: Stage, db: Database) -> Runtime:
    return Runtime(
        settings=Settings(),
        db=db,
        bus=Bus(),
        storage=LocalStorage(stage.directory / "files"),
        texts=load_texts(config_directory() / "texts"),
        calendars=SHIPPED,
        policies=POLICIES,
        inbox=Batcher(_nobody),
        channels={},
    )
