"""Every SQL statement about clocks, and about the versions of what they run by."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.bulk import insert_many
from contact_center.db import Table, among, insert_for
from contact_center.sla.models import (
    OF_WORK_ORDERS,
    CalendarVersion,
    Clock,
    ClockKind,
    PolicyVersion,
)

CLOCKS = Table.metadata.tables["clocks"]


async def insert_clocks(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await insert_many(session, CLOCKS, rows)


async def clocks_of(session: AsyncSession, ticket_id: int) -> dict[ClockKind, Clock]:
    """Of every kind of promise to the customer the latest; not those of work orders."""
    every = await all_clocks(session, ticket_id)
    return {clock.kind: clock for clock in every if clock.kind not in OF_WORK_ORDERS}


async def all_clocks(session: AsyncSession, ticket_id: int) -> Sequence[Clock]:
    """In the order in which they were started."""
    found = select(Clock).where(Clock.ticket_id == ticket_id).order_by(Clock.id)
    return (await session.scalars(found)).all()


async def clocks_of_many(
    session: AsyncSession, ticket_ids: Collection[int]
) -> dict[int, list[Clock]]:
    found = select(Clock).where(among(session, Clock.ticket_id, ticket_ids))
    found = found.order_by(Clock.ticket_id, Clock.id)
    clocks: dict[int, list[Clock]] = {}
    for clock in await session.scalars(found):
        clocks.setdefault(clock.ticket_id, []).append(clock)
    return clocks


async def late_clocks(
    session: AsyncSession, clock_ids: Collection[int], *, now: datetime
) -> Sequence[Clock]:
    """Those of some that broke and are not marked yet."""
    late = text("clocks.state = 'running'"), Clock.due_at < now
    found = select(Clock).where(among(session, Clock.id, clock_ids), *late).order_by(Clock.id)
    return (await session.scalars(found.execution_options(populate_existing=True))).all()


async def find_clock(
    session: AsyncSession, ticket_id: int, *, kind: ClockKind, ref_id: int
) -> Clock | None:
    """The latest attempt."""
    found = select(Clock).where(
        Clock.ticket_id == ticket_id, Clock.kind == kind, Clock.ref_id == ref_id
    )
    return await session.scalar(found.order_by(Clock.attempt.desc()).limit(1))


# Calendars and policies as they were


async def calendar_versions(
    session: AsyncSession, names: Collection[str] | None = None
) -> Sequence[CalendarVersion]:
    """The oldest first."""
    found = select(CalendarVersion).order_by(CalendarVersion.effective_from)
    if names is not None:
        found = found.where(CalendarVersion.name.in_(tuple(names)))
    return (await session.scalars(found)).all()


async def edited_calendars(session: AsyncSession) -> list[CalendarVersion]:
    """As they are now, where they were something else before."""
    latest: dict[str, CalendarVersion] = {}
    edited: dict[str, CalendarVersion] = {}
    for version in await calendar_versions(session):
        if version.name in latest:
            edited[version.name] = version
        latest[version.name] = version
    return list(edited.values())


async def keep_calendar(
    session: AsyncSession, *, name: str, digest: str, definition: str, now: datetime
) -> None:
    """From now on this is the calendar of that name."""
    row = {"name": name, "digest": digest, "definition": definition, "effective_from": now}
    kept = insert_for(session, CalendarVersion).values(**row)
    await session.execute(
        kept.on_conflict_do_update(
            index_elements=["name", "effective_from"],
            set_={"digest": digest, "definition": definition},
        )
    )


async def policy_digest(session: AsyncSession, digest: str | None) -> str | None:
    """Of that version, or else of the latest."""
    found = select(PolicyVersion.digest).order_by(
        PolicyVersion.digest != digest, PolicyVersion.effective_from.desc()
    )
    return await session.scalar(found.limit(1))


async def policy_definition(session: AsyncSession, digest: str) -> str:
    found = select(PolicyVersion.definition).where(PolicyVersion.digest == digest)
    return (await session.scalars(found)).one()


async def calendar_digests(session: AsyncSession) -> dict[str, str]:
    """By name, as they are now."""
    found = select(CalendarVersion.name, CalendarVersion.digest)
    rows = await session.execute(found.order_by(CalendarVersion.effective_from))
    return {row.name: row.digest for row in rows}


async def keep_policies(
    session: AsyncSession, *, digest: str, definition: str, now: datetime
) -> None:
    kept = insert_for(session, PolicyVersion).values(
        digest=digest, definition=definition, effective_from=now
    )
    await session.execute(kept.on_conflict_do_nothing())


async def outdated_tickets(
    session: AsyncSession, *, edited: CalendarVersion, after: int, limit: int
) -> Sequence[int]:
    """Tickets with a clock that ticks by an earlier version of a calendar.

    One that has run since before an edit that was taken back has not seen that edit either.
    """
    ticking = text("clocks.state IN ('running', 'paused')")
    behind = or_(
        Clock.calendar_version != edited.digest, Clock.running_since < edited.effective_from
    )
    found = select(Clock.ticket_id).where(
        ticking, Clock.calendar == edited.name, behind, Clock.ticket_id > after
    )
    found = found.distinct().order_by(Clock.ticket_id).limit(limit)
    return (await session.scalars(found)).all()
