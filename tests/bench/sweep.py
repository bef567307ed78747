"""How long it takes to notice that many promises broke, among very many that run."""

import time

from sqlalchemy import text

from contact_center.batching import Batcher
from contact_center.bus import Bus
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

EACH = 100  # clocks of one ticket, of which one is overdue
CLOCKS = """
INSERT INTO clocks (ticket_id, kind, ref_id, state, target, started_at, running_since, due_at)
SELECT tickets.id, 'sign_for', refs.n, 'running', 86400, {past}, {past},
    CASE WHEN refs.n = 1 THEN {past} ELSE {future} END
FROM tickets, (WITH RECURSIVE refs(n) AS
    (SELECT 1 UNION ALL SELECT n + 1 FROM refs WHERE n < {each}) SELECT n FROM refs) AS refs
"""
MOMENTS = {
    "sqlite": ("'2026-01-01 00:00:00.000000'", "'2099-01-01 00:00:00.000000'"),
    "postgresql": ("TIMESTAMPTZ '2026-01-01 00:00Z'", "TIMESTAMPTZ '2099-01-01 00:00Z'"),
}


async def measure(stage: Stage, *, tickets: int) -> list[Figure]:
    url = await stage.database("sweep")
    await seed(url, tickets=tickets)
    db = Database(url)
    past, future = MOMENTS["sqlite" if db.is_sqlite else "postgresql"]
    async with db.begin() as session:
        await session.execute(text(CLOCKS.format(past=past, future=future, each=EACH)))
    start = time.perf_counter()
    noted = await sweeps.note_breaches(_runtime(stage, db))
    took = time.perf_counter() - start
    await db.dispose()
    await stage.drop("sweep")
    assert noted == tickets, noted
    return [
        Figure(
            what=f"noting {tickets:,} broken promises among {tickets * EACH:,}",
            on=stage.name,
            value=took,
            unit="s",
            goal=5,
        )
    ]


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
