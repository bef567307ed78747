"""Every SQL statement about clocks."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.bulk import insert_many
from contact_center.db import Table
from contact_center.sla.models import Clock, ClockKind

CLOCKS = Table.metadata.tables["clocks"]


async def insert_clocks(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await insert_many(session, CLOCKS, rows)


async def clocks_of(session: AsyncSession, ticket_id: int) -> dict[ClockKind, Clock]:
    found = await session.scalars(select(Clock).where(Clock.ticket_id == ticket_id))
    return {clock.kind: clock for clock in found}
