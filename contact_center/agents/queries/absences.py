"""Who is away, who is planned to be, and whose deputy somebody is."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import IS_UNTOLD, Absence, Agent
from contact_center.errors import NotFound


async def current_absence(session: AsyncSession, agent_id: int, *, now: datetime) -> Absence | None:
    found = select(Absence).where(
        Absence.agent_id == agent_id, Absence.ends_at > now, Absence.starts_at <= now
    )
    return await session.scalar(found.order_by(Absence.ends_at.desc()).limit(1))


async def get_absence(session: AsyncSession, absence_id: int) -> Absence:
    absence = await session.get(Absence, absence_id, populate_existing=True)
    if absence is None:
        raise NotFound(code="absence.unknown", absence_id=absence_id)
    return absence


async def coming_absences(
    session: AsyncSession, *, now: datetime, agent_id: int | None = None, limit: int = 500
) -> Sequence[Absence]:
    """Those that have not ended, the earliest first."""
    found = select(Absence).where(Absence.ends_at > now)
    if agent_id is not None:
        found = found.where(Absence.agent_id == agent_id)
    return (await session.scalars(found.order_by(Absence.starts_at, Absence.id).limit(limit))).all()


async def absences_within(
    session: AsyncSession, *, start: datetime, end: datetime
) -> Sequence[Absence]:
    found = select(Absence).where(Absence.ends_at > start, Absence.starts_at < end)
    return (await session.scalars(found)).all()


async def absences_led_by(
    session: AsyncSession, deputy_id: int, *, now: datetime
) -> Sequence[Absence]:
    """Those that have not ended and name somebody as their deputy."""
    found = select(Absence).where(Absence.deputy_id == deputy_id, Absence.ends_at > now)
    return (await session.scalars(found.order_by(Absence.starts_at))).all()


async def usual_deputies(session: AsyncSession) -> dict[int, int | None]:
    """Of everybody who works here."""
    found = select(Agent.id, Agent.deputy_id).where(Agent.active.is_(True))
    return {row[0]: row[1] for row in await session.execute(found)}


async def lock_planning(session: AsyncSession) -> None:
    """One plans absences and deputies at a time, so that two cannot close a circle together."""
    first = select(Agent.id).order_by(Agent.id).limit(1)
    await session.scalar(first.with_for_update(key_share=True))


async def lock_begun_absences(
    session: AsyncSession, *, now: datetime, after: int, limit: int
) -> Sequence[int]:
    """Absences that have begun and whose deputies have not been told."""
    found = select(Absence.id).where(
        text(f"absences.{IS_UNTOLD}"), Absence.starts_at <= now, Absence.id > after
    )
    found = found.order_by(Absence.id).limit(limit).with_for_update(skip_locked=True)
    return (await session.scalars(found)).all()


async def default_deputy_of(session: AsyncSession, agent_id: int) -> Sequence[Agent]:
    """Those who work here and whose usual deputy the agent is."""
    found = select(Agent).where(Agent.deputy_id == agent_id, Agent.active.is_(True))
    return (await session.scalars(found.order_by(Agent.name))).all()
