"""Every SQL statement about clocks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.db import Table
from contact_center.sla.models import Clock, ClockKind, ClockState

CLOCKS = Table.metadata.tables["clocks"]


async def insert_clocks(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await session.execute(insert(CLOCKS), list(rows))


async def clocks_of(session: AsyncSession, ticket_id: int) -> dict[ClockKind, Clock]:
    found = await session.scalars(select(Clock).where(Clock.ticket_id == ticket_id))
    return {clock.kind: clock for clock in found}


async def claim_breached(
    session: AsyncSession, *, now: datetime, limit: int
) -> Sequence[tuple[int, ClockKind, datetime]]:
    """Mark running clocks whose due instant has passed; each is returned once, to one caller.

    The breach is dated to the due instant, however late it is noticed.
    """
    due = (
        select(Clock.id)
        .where(Clock.state == ClockState.RUNNING, Clock.due_at < now)
        .order_by(Clock.due_at, Clock.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    claim = (
        update(Clock)
        .where(Clock.id == due.c.id)
        .values(state=ClockState.BREACHED, breached_at=Clock.due_at)
        .returning(Clock.ticket_id, Clock.kind, Clock.due_at)
        .execution_options(synchronize_session=False)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(claim)]
