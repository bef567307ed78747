import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from contact_center.db import Database
from scheduler.app import Runner, build_scheduler, scheduling
from scheduler.jobs import JOBS, Job, daily, weekly
from tests.support.patience import PATIENCE

SOON = IntervalTrigger(seconds=0.01, timezone="UTC")
NEVER = IntervalTrigger(days=1, timezone="UTC")


def job(run, **fields) -> Job:
    return Job(**{"name": "a job", "trigger": NEVER, "run": run} | fields)


async def one(runtime) -> int:
    return 1


def test_every_job_has_a_name_of_its_own() -> None:
    names = [job.name for job in JOBS]

    assert len(set(names)) == len(names)


def test_every_job_is_on_the_scheduler_in_utc(runtime) -> None:
    scheduler = build_scheduler(Runner(runtime, owner="node"), JOBS)

    assert {added.id for added in scheduler.get_jobs()} == {job.name for job in JOBS}
    assert str(scheduler.timezone) == "UTC"
    assert {str(job.trigger.timezone) for job in JOBS} == {"UTC"}


async def test_the_timetable_runs_as_long_as_it_is_open(runtime) -> None:
    ran = asyncio.Event()

    async def run(_) -> int:
        ran.set()
        return 1

    async with scheduling(runtime, jobs=[job(run, trigger=SOON)]):
        await asyncio.wait_for(ran.wait(), PATIENCE)


async def test_a_tick_that_comes_late_is_not_lost(runtime) -> None:
    ran = asyncio.Event()

    async def run(_) -> int:
        ran.set()
        return 1

    an_hour_ago = DateTrigger(datetime.now(UTC) - timedelta(hours=1), timezone=UTC)
    async with scheduling(runtime, jobs=[job(run, trigger=an_hour_ago)]):
        await asyncio.wait_for(ran.wait(), PATIENCE)


async def test_a_running_job_is_finished_before_the_end(runtime, monkeypatch) -> None:
    started, is_shut_down, finished = asyncio.Event(), asyncio.Event(), []
    drain = Runner.drain

    async def drained(runner) -> None:
        is_shut_down.set()
        await drain(runner)

    async def run(_) -> int:
        started.set()
        await is_shut_down.wait()
        finished.append("done")
        return 1

    monkeypatch.setattr(Runner, "drain", drained)
    async with scheduling(runtime, jobs=[job(run, trigger=SOON)]):
        await asyncio.wait_for(started.wait(), PATIENCE)

    assert finished == ["done"]


async def test_a_job_that_never_ends_is_cancelled(runtime) -> None:
    cancelled = asyncio.Event()

    async def run(_) -> int:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return 1

    runner = Runner(runtime, owner="node")
    running = asyncio.create_task(runner.tick(job(run)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    await runner.drain(within=0.01)

    assert cancelled.is_set()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_failing_job_is_logged_and_runs_again(runtime, caplog) -> None:
    async def run(_) -> int:
        raise ValueError("no luck")

    seen: list[tuple[str, bool]] = []
    runner = Runner(runtime, owner="node", observe=lambda name, _, ok: seen.append((name, ok)))

    assert await runner.tick(job(run)) is None
    assert await runner.tick(job(one)) == 1

    assert seen == [("a job", False), ("a job", True)]
    assert "job failed" in caplog.messages


async def test_a_slot_runs_once_in_the_fleet(runtime, database_url) -> None:
    dbs = [Database(database_url) for _ in range(4)]
    runners = [
        Runner(replace(runtime, db=db), owner=f"node {number}") for number, db in enumerate(dbs)
    ]
    nightly = job(one, slot=daily(hour=3))

    done = await asyncio.gather(*(runner.tick(nightly) for runner in runners * 3))

    for db in dbs:
        await db.dispose()
    assert [number for number in done if number is not None] == [1]


async def test_the_next_slot_runs_again(runtime, clock) -> None:
    runner = Runner(runtime, owner="node")
    nightly = job(one, slot=daily(hour=3))
    await runner.tick(nightly)

    clock.advance(hours=14)
    assert await runner.tick(nightly) is None
    clock.advance(hours=1)

    assert await runner.tick(nightly) == 1


async def test_the_slot_of_a_node_that_died_is_taken_over(runtime, clock) -> None:
    async def die(_) -> int:
        raise SystemExit

    nightly = job(one, slot=daily(hour=3), lease=600)
    dying = job(die, slot=daily(hour=3), lease=600)
    with pytest.raises(SystemExit):
        await Runner(runtime, owner="dead")._once(dying)
    runner = Runner(runtime, owner="alive")
    clock.advance(seconds=599)
    assert await runner.tick(nightly) is None

    clock.advance(seconds=1)

    assert await runner.tick(nightly) == 1
    assert await runner.tick(nightly) is None


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        (datetime(2026, 3, 2, 2, 59, tzinfo=UTC), "2026-03-01"),
        (datetime(2026, 3, 2, 3, 0, tzinfo=UTC), "2026-03-02"),
        (datetime(2026, 3, 2, 23, 59, tzinfo=UTC), "2026-03-02"),
    ],
)
def test_a_daily_slot_opens_at_its_hour(now, slot) -> None:
    assert daily(hour=3)(now) == slot


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        (datetime(2026, 3, 7, 3, 59, tzinfo=UTC), "2026-W09"),  # a Saturday
        (datetime(2026, 3, 7, 4, 0, tzinfo=UTC), "2026-W10"),
        (datetime(2026, 3, 14, 3, 59, tzinfo=UTC), "2026-W10"),
        (datetime(2026, 1, 3, 4, 0, tzinfo=UTC), "2026-W01"),
    ],
)
def test_a_weekly_slot_opens_at_its_day_and_hour(now, slot) -> None:
    assert weekly(weekday=5, hour=4)(now) == slot
