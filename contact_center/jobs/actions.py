"""Agreeing which node does what. Callers own the transaction and commit before they start work."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.jobs import queries


async def claim_lease(
    session: AsyncSession, *, name: str, owner: str, now: datetime, seconds: float
) -> bool:
    """Become, or stay, the one node that does `name`; False while another node holds it."""
    until = now + timedelta(seconds=seconds)
    return await queries.take_lease(session, name=name, owner=owner, now=now, until=until)


async def release_lease(session: AsyncSession, *, name: str, owner: str) -> bool:
    """Let another node take over at once; False when it was not the owner's any more."""
    return await queries.drop_lease(session, name=name, owner=owner)


async def claim_slot(
    session: AsyncSession,
    *,
    job: str,
    slot: str,
    owner: str,
    now: datetime,
    lease_seconds: float,
) -> bool:
    """Take one slot of a job: once in the fleet, and again only if its taker dies half way."""
    until = now + timedelta(seconds=lease_seconds)
    return await queries.take_slot(session, job=job, slot=slot, owner=owner, now=now, until=until)


async def finish_slot(
    session: AsyncSession, *, job: str, slot: str, owner: str, now: datetime
) -> bool:
    """Never run this slot again; False when the lease had run out and another node took it."""
    return await queries.mark_finished(session, job=job, slot=slot, owner=owner, now=now)
