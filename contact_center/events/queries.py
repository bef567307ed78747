"""Every SQL statement about the log."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, false, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.bulk import insert_numbered
from contact_center.db import Table, is_postgresql
from contact_center.events.models import Event

EVENTS = Table.metadata.tables["events"]


async def insert_events(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Append events, return their ids in the order of the rows."""
    return await insert_numbered(session, EVENTS, rows)


async def ticket_events(
    session: AsyncSession, ticket_id: int, *, after: int = 0, limit: int = 200
) -> Sequence[Event]:
    """What happened to one ticket, oldest first, beyond its `after`th event."""
    found = select(Event).where(Event.ticket_id == ticket_id, Event.seq > after)
    return (await session.scalars(found.order_by(Event.seq).limit(limit))).all()


async def events_since(
    session: AsyncSession, *, after: int, within: timedelta, kinds: str = "", limit: int = 500
) -> Sequence[Event]:
    """Events beyond an id, and doubtful ones once more; "ticket." are some `kinds`.

    Ids become visible out of order when transactions overlap, so a reader of everything looks
    back a little and skips what it has seen.
    """
    found = select(Event).where((Event.id > after) | _doubtful(session, within))
    if kinds:
        found = found.where(Event.kind.startswith(kinds, autoescape=True))
    return (await session.scalars(found.order_by(Event.id).limit(limit))).all()


async def last_event_id(session: AsyncSession) -> int:
    return await session.scalar(select(Event.id).order_by(Event.id.desc()).limit(1)) or 0


async def latest_events(
    session: AsyncSession,
    *,
    kind: str | None = None,
    actor: str | None = None,
    before: int | None = None,
    shown: ColumnElement[bool] | None = None,
    limit: int = 50,
) -> Sequence[Event]:
    """The newest first; only those that are `shown` to who asks."""
    found = select(Event)
    if shown is not None:
        found = found.where(shown)
    if kind is not None:
        found = found.where(Event.kind == kind)
    if actor is not None:
        found = found.where(Event.actor == actor)
    if before is not None:
        found = found.where(Event.id < before)
    return (await session.scalars(found.order_by(Event.id.desc()).limit(limit))).all()


async def events_after(
    session: AsyncSession, event_id: int, *, limit: int = 500
) -> Sequence[Event]:
    found = select(Event).where(Event.id > event_id).order_by(Event.id).limit(limit)
    return (await session.scalars(found)).all()


async def young_event_ids(session: AsyncSession, *, up_to: int, within: timedelta) -> set[int]:
    found = select(Event.id).where(_doubtful(session, within), Event.id <= up_to)
    return set(await session.scalars(found))


async def events_by_id(session: AsyncSession, event_ids: Collection[int]) -> Sequence[Event]:
    """The oldest first."""
    if not event_ids:
        return []
    found = select(Event).where(Event.id.in_(event_ids)).order_by(Event.id)
    return (await session.scalars(found)).all()


def _doubtful(session: AsyncSession, within: timedelta) -> ColumnElement[bool]:
    """Recorded by transactions so young that others, with lower ids, may still be open.

    On SQLite one transaction writes at a time, so ids come to light in their order.
    """
    return Event.recorded_at >= func.now() - within if is_postgresql(session) else false()
