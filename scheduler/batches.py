"""Works off what is due in small transactions, past whatever fails."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from contact_center.runtime import Runtime

logger = logging.getLogger(__name__)

BATCH = 50

Due = Callable[..., Awaitable[Sequence[int]]]  # (session, *, after, limit) → ids, ascending
Do = Callable[..., Awaitable[object]]  # (session, id)


async def work_off(
    runtime: Runtime, name: str, *, due: Due, do: Do, put_off: Do | None = None
) -> int:
    """Do what is due until nothing is; returns how much was done.

    Every batch is a transaction, everything in it a savepoint. What fails is logged, put off, and
    not looked at again in this run, so it neither stops the others nor spins.
    """
    async with runtime.db.read() as session:
        if not await due(session, after=0, limit=1):
            return 0  # without a turn at writing, of which SQLite has one at a time
    done, after = 0, 0
    while True:
        async with runtime.db.begin() as session:
            ids = await due(session, after=after, limit=BATCH)
            for number in ids:
                try:
                    async with session.begin_nested():
                        await do(session, number)
                    done += 1
                except Exception:
                    logger.exception("sweep failed", extra={"sweep": name, "id": number})
                    if put_off is not None:
                        await put_off(session, number)
        if not ids:  # fewer than a batch may mean that others hold some of them
            return done
        after = ids[-1]
