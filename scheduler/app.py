"""Turns the timetable into running jobs, and ends them in good order."""

import asyncio
import functools
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from contact_center.jobs import actions as slots
from contact_center.runtime import Runtime
from scheduler.jobs import JOBS, Job

logger = logging.getLogger(__name__)

DRAIN_WITHIN = 20.0  # seconds that running jobs get to finish when the process stops

Observe = Callable[[str, float, bool], None]  # job, seconds, whether it succeeded


@asynccontextmanager
async def scheduling(
    runtime: Runtime,
    *,
    owner: str | None = None,
    jobs: Sequence[Job] = JOBS,
    observe: Observe | None = None,
) -> AsyncIterator["Runner"]:
    """Run the timetable as long as this is open; `owner` names this node in slots."""
    runner = Runner(runtime, owner=owner or _node(), observe=observe)
    scheduler = build_scheduler(runner, jobs)
    scheduler.start()
    try:
        yield runner
    finally:
        scheduler.shutdown(wait=False)
        await runner.drain()


def build_scheduler(runner: "Runner", jobs: Sequence[Job]) -> AsyncIOScheduler:
    """Times live in memory only: what is due is written in the database."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    for job in jobs:
        scheduler.add_job(
            functools.partial(runner.tick, job),
            job.trigger,
            id=job.name,
            name=job.name,
            coalesce=True,
            max_instances=1,
            # The library's default drops a tick that comes a second late.
            misfire_grace_time=job.late,
        )
    return scheduler


class Runner:
    """The one way a job is run: measured, logged, in a task of our own.

    APScheduler cancels running coroutines when it shuts down, even when told to wait. Ours go on
    in tasks that are drained.
    """

    def __init__(self, runtime: Runtime, *, owner: str, observe: Observe | None = None) -> None:
        self._runtime = runtime
        self._owner = owner
        self._observe = observe
        self._running: set[asyncio.Task[int | None]] = set()

    async def tick(self, job: Job) -> int | None:
        """Run a job once; how much it did, None when it failed or its slot was taken."""
        task = asyncio.create_task(self._run(job), name=f"job: {job.name}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def drain(self, *, within: float = DRAIN_WITHIN) -> None:
        """Let running jobs finish; those that take too long are cancelled."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=within)
        for task in late:
            logger.warning("job cancelled", extra={"job": task.get_name()})
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _run(self, job: Job) -> int | None:
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            done = await (self._once(job) if job.slot else job.run(self._runtime))
        except Exception:
            logger.exception("job failed", extra={"job": job.name})
            self._note(job, clock() - started, succeeded=False)
            return None
        if done is None:
            return None
        seconds = clock() - started
        level = logging.INFO if done else logging.DEBUG
        fields = {"job": job.name, "done": done, "seconds": round(seconds, 3)}
        logger.log(level, "job done", extra=fields)
        self._note(job, seconds, succeeded=True)
        return done

    async def _once(self, job: Job) -> int | None:
        """Run the job if this node gets its slot."""
        assert job.slot is not None
        slot = job.slot(self._runtime.now())
        async with self._runtime.db.begin() as session:
            mine = await slots.claim_slot(
                session,
                job=job.name,
                slot=slot,
                owner=self._owner,
                now=self._runtime.now(),
                lease_seconds=job.lease,
            )
        if not mine:
            return None
        done = await job.run(self._runtime)
        async with self._runtime.db.begin() as session:
            await slots.finish_slot(
                session, job=job.name, slot=slot, owner=self._owner, now=self._runtime.now()
            )
        return done

    def _note(self, job: Job, seconds: float, *, succeeded: bool) -> None:
        if self._observe is not None:
            self._observe(job.name, seconds, succeeded)


def _node() -> str:
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(3)}"
