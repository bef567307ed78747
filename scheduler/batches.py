"""Works off what is due in small transactions, past whatever fails."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from contact_center.runtime import Runtime

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

logger = logging.getLogger(__name__)

BATCH = 50
TOGETHER = 500

Due = Callable[..., Awaitable[Sequence[int]]]  # (session, *, after, limit) → ids, ascending
Do = Callable[..., Awaitable[object]]  # (session, id)


class Position(Protocol):
    """In a line of rows that have come due."""

    @property
    def id(self) -> int: ...


P = TypeVar("P", bound=Position)
DoAll = Callable[["AsyncSession", Sequence[P]], Awaitable[int]]  # how many were done


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


async def work_off_together(
    runtime: Runtime,
    name: str,
    *,
    due: Callable[..., Awaitable[Sequence[P]]],
    do: DoAll[P],
    put_off: Do | None = None,
) -> int:
    """Like `work_off`, a batch with one `do`; `due` gives positions in a line, with their `id`.

    Where a batch fails, what is in it is done one by one.
    """
    done, after = 0, None
    while True:
        async with runtime.db.read() as session:
            found = await due(session, after=after, limit=TOGETHER)
        if not found:
            return done
        after = found[-1]
        try:
            async with runtime.db.begin() as session:
                done += await do(session, found)
        except Exception:
            logger.exception("sweep failed", extra={"sweep": name, "ids": len(found)})
            for one in found:
                done += await _do_alone(runtime, name, one, do=do, put_off=put_off)


async def _do_alone(
    runtime: Runtime,
    name: str,
    one: P,
    *,
    do: DoAll[P],
    put_off: Do | None,
) -> int:
    try:
        async with runtime.db.begin() as session:
            return await do(session, [one])
    except Exception:
        logger.exception("sweep failed", extra={"sweep": name, "id": one.id})
        if put_off is not None:
            async with runtime.db.begin() as session:
                await put_off(session, one.id)
        return 0
