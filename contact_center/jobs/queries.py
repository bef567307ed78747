"""Every SQL statement about leases and slots: each claim is one conditional statement."""

from datetime import datetime

from sqlalchemy import delete, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.db import insert_for
from contact_center.jobs.models import JobRun, Lease


async def take_lease(
    session: AsyncSession, *, name: str, owner: str, now: datetime, until: datetime
) -> bool:
    """Take a lease that is free, has run out, or is the owner's own."""
    insert = insert_for(session, Lease).values(name=name, owner=owner, until=until)
    statement = insert.on_conflict_do_update(
        index_elements=[Lease.name],
        set_={"owner": owner, "until": until},
        where=or_(Lease.owner == owner, Lease.until <= now),
    ).returning(Lease.name)
    return await session.scalar(statement) is not None


async def drop_lease(session: AsyncSession, *, name: str, owner: str) -> bool:
    statement = delete(Lease).where(Lease.name == name, Lease.owner == owner)
    return await session.scalar(statement.returning(Lease.name)) is not None


async def take_slot(
    session: AsyncSession, *, job: str, slot: str, owner: str, now: datetime, until: datetime
) -> bool:
    """Take a slot nobody has, or one whose taker did not finish within its lease."""
    insert = insert_for(session, JobRun).values(job=job, slot=slot, owner=owner, lease_until=until)
    statement = insert.on_conflict_do_update(
        index_elements=[JobRun.job, JobRun.slot],
        set_={"owner": owner, "lease_until": until},
        where=JobRun.finished_at.is_(None) & (JobRun.lease_until <= now),
    ).returning(JobRun.job)
    return await session.scalar(statement) is not None


async def delete_old_runs(session: AsyncSession, *, before: datetime) -> int:
    gone = delete(JobRun).where(JobRun.lease_until < before).returning(JobRun.job)
    return len((await session.scalars(gone)).all())


async def mark_finished(
    session: AsyncSession, *, job: str, slot: str, owner: str, now: datetime
) -> bool:
    mine = (JobRun.job == job) & (JobRun.slot == slot) & (JobRun.owner == owner)
    statement = update(JobRun).where(mine, JobRun.finished_at.is_(None)).values(finished_at=now)
    return await session.scalar(statement.returning(JobRun.job)) is not None
