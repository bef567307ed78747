"""Every SQL statement about arrivals and quarantine."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from contact_center.bulk import fetch, insert_many, one_of
from contact_center.db import Table
from contact_center.errors import NotFound
from contact_center.ledger.models import Arrival, Outcome, Quarantined

ARRIVALS = Table.metadata.tables["arrivals"]
QUARANTINE = Table.metadata.tables["quarantine"]
_KNOWN = select(
    ARRIVALS.c.external_id, ARRIVALS.c.outcome, ARRIVALS.c.message_id, ARRIVALS.c.ticket_id
).where(ARRIVALS.c.channel == bindparam("channel"), one_of(ARRIVALS.c.external_id, "external_ids"))


async def known_arrivals(
    session: AsyncSession, *, channel: str, external_ids: Collection[str]
) -> dict[str, Any]:
    """Rows of messages that have arrived before, by external id."""
    found = await fetch(session, _KNOWN, {"channel": channel, "external_ids": external_ids})
    return {row.external_id: row for row in found}


async def insert_arrivals(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await insert_many(session, ARRIVALS, rows)


async def insert_quarantined(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await session.execute(insert(QUARANTINE), list(rows))


async def quarantined(
    session: AsyncSession, *, before: int | None = None, limit: int = 50
) -> Sequence[Quarantined]:
    """What is kept aside and not released, the newest first."""
    found = select(Quarantined).where(Quarantined.released_at.is_(None))
    if before is not None:
        found = found.where(Quarantined.id < before)
    return (await session.scalars(found.order_by(Quarantined.id.desc()).limit(limit))).all()


async def quarantine_size(session: AsyncSession, *, most: int) -> int:
    """How many messages are kept aside; counting stops at `most`."""
    inner = select(Quarantined.id).where(Quarantined.released_at.is_(None)).limit(most)
    return await session.scalar(select(func.count()).select_from(inner.subquery())) or 0


async def get_quarantined(session: AsyncSession, quarantined_id: int) -> Quarantined:
    row = await session.get(Quarantined, quarantined_id, options=[undefer(Quarantined.payload)])
    if row is None:
        raise NotFound(code="quarantine.unknown", quarantined_id=quarantined_id)
    return row


async def files_in_quarantine(session: AsyncSession) -> set[str]:
    """Keys of the files of messages that may still be released."""
    waiting = select(Quarantined.files).where(Quarantined.released_at.is_(None))
    return {key for keys in await session.scalars(waiting) for key in keys}


async def forget_quarantined_arrival(
    session: AsyncSession, *, channel: str, external_id: str
) -> None:
    """So that the message may arrive again; one that has become part of a ticket stays known."""
    await session.execute(
        delete(ARRIVALS).where(
            ARRIVALS.c.channel == channel,
            ARRIVALS.c.external_id == external_id,
            ARRIVALS.c.outcome == Outcome.QUARANTINED.value,
        )
    )


async def arrivals_by_outcome(
    session: AsyncSession, *, since: datetime | None = None
) -> dict[Outcome, int]:
    """How many messages were received, by what became of them."""
    counted = select(Arrival.outcome, func.count()).group_by(Arrival.outcome)
    if since is not None:
        counted = counted.where(Arrival.received_at >= since)
    return {row[0]: row[1] for row in await session.execute(counted)}
