"""Appends to the log. Callers own the transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.db import hint
from contact_center.events import queries
from contact_center.events.rules import Actor
from contact_center.webhooks.actions import fan_out
from contact_center.webhooks.rules import EventRow


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
    """Many events at once; the caller has numbered those of tickets. Listeners are owed a call."""
    if not rows:
        return
    ids = await queries.insert_events(session, rows)
    happened = [
        EventRow(
            id=event_id,
            kind=row["kind"],
            at=row["at"],
            actor=row["actor"],
            ticket_id=row["ticket_id"],
            data=row["data"],
        )
        for event_id, row in zip(ids, rows, strict=True)
    ]
    await fan_out(session, events=happened, now=rows[0]["at"])
    hint(session, "events")
