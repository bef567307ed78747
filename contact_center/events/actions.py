"""Appends to the log. Callers own the transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.db import hint
from contact_center.events import queries
from contact_center.events.rules import Actor


class Numbered(Protocol):
    """A ticket whose row the caller has locked."""

    id: Any
    event_count: Any


async def record(
    session: AsyncSession,
    kind: str,
    *,
    actor: Actor,
    now: datetime,
    ticket: Numbered | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Say in the log what the same transaction changes; `data` holds identifiers and codes."""
    row: dict[str, Any] = {"ticket_id": None, "seq": None}
    if ticket is not None:
        ticket.event_count += 1
        row = {"ticket_id": ticket.id, "seq": ticket.event_count}
        hint(session, f"ticket:{ticket.id}")
    await record_all(
        session, [{**row, "kind": kind, "actor": actor, "data": data or {}, "at": now}]
    )


async def record_all(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Many events at once; tickets' numbers have been given out by the caller."""
    if rows:
        await queries.insert_events(session, rows)
        hint(session, "events")
