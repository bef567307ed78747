"""The clocks of a work order: to sign for it, and to finish it. `ref_id` is the work order's.

Each time it is sent out or back they start anew, as another attempt: what became of the last one
stays. Callers own the transaction, have locked the ticket, and log the changes.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.sla import queries
from contact_center.sla.actions.rows import Changes, Promised, clock_row, run_of, turn
from contact_center.sla.models import OF_WORK_ORDERS, Clock, ClockKind
from contact_center.sla.rules import engine
from contact_center.sla.rules.engine import Run, Terms
from contact_center.sla.rules.history import change


async def begin(
    session: AsyncSession,
    ticket: Promised,
    promises: Mapping[ClockKind, Terms],
    *,
    ref_id: int,
    start: datetime,
) -> tuple[dict[ClockKind, Run], Changes]:
    attempts: dict[ClockKind, int] = {}
    for clock in await _legs(session, ticket, ref_id):
        attempts[clock.kind] = clock.attempt + 1
    runs = {
        kind: engine.start(
            agreed, kind=kind, at=start, ref_id=ref_id, attempt=attempts.get(kind, 0)
        )
        for kind, agreed in promises.items()
    }
    await queries.insert_clocks(session, [clock_row(ticket.id, run) for run in runs.values()])
    return runs, [change("started", None, run) for run in runs.values()]


async def stop(
    session: AsyncSession, ticket: Promised, kind: ClockKind, *, ref_id: int, now: datetime
) -> Changes:
    """Done: met or broken. Where none runs, nothing changes."""
    owed = await _owed(session, ticket, ref_id, kinds={kind})
    return await turn(
        session,
        ticket,
        "stopped",
        lambda run, hours: engine.stop(run, at=now, hours=hours),
        clocks=owed,
    )


async def cancel(session: AsyncSession, ticket: Promised, *, ref_id: int, now: datetime) -> Changes:
    """No longer owed; what is broken stays so."""
    owed = await _owed(session, ticket, ref_id)
    return await turn(
        session, ticket, "cancelled", lambda run, _: engine.cancel(run, at=now), clocks=owed
    )


async def extend(
    session: AsyncSession, ticket: Promised, *, ref_id: int, until: datetime, asked_at: datetime
) -> Changes:
    """More time to finish it. Raises Conflict unless it was asked for in time."""
    owed = await _owed(session, ticket, ref_id, kinds={ClockKind.FINISH})
    return await turn(
        session,
        ticket,
        "extended",
        lambda run, hours: engine.extend(run, until=until, at=asked_at, hours=hours),
        clocks=owed,
    )


async def copy(
    session: AsyncSession, old: Promised, new: Promised, *, ref_ids: Collection[int]
) -> dict[int, Changes]:
    """The work goes on for another ticket, by work order; the old one's end with that ticket."""
    clocks = [
        clock
        for clock in await queries.all_clocks(session, old.id)
        if clock.kind in OF_WORK_ORDERS and clock.ref_id in ref_ids
    ]
    said: dict[int, Changes] = {}
    rows = []
    for clock in clocks:
        run = run_of(clock)
        climbed = {"rung": clock.rung, "next_rung_at": clock.next_rung_at}
        rows.append(clock_row(new.id, run) | climbed)
        said.setdefault(clock.ref_id, []).append(change("moved", None, run))
    if rows:
        await queries.insert_clocks(session, rows)
    return said


async def _legs(session: AsyncSession, ticket: Promised, ref_id: int) -> Sequence[Clock]:
    """The earlier attempts first."""
    every = await queries.all_clocks(session, ticket.id)
    return [c for c in every if c.kind in OF_WORK_ORDERS and c.ref_id == ref_id]


async def _owed(
    session: AsyncSession,
    ticket: Promised,
    ref_id: int,
    *,
    kinds: Collection[ClockKind] = OF_WORK_ORDERS,
) -> Sequence[Clock]:
    legs = await _legs(session, ticket, ref_id)
    return [clock for clock in legs if clock.is_owed and clock.kind in kinds]
