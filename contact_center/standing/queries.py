"""Every SQL statement about where requests stand."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.promises.models import IS_OPEN, Promise
from contact_center.sla.models import Clock
from contact_center.tickets.models import Ticket

LONGEST_CHAIN = 10  # tickets merged into tickets


async def ticket_of_token(session: AsyncSession, token: str) -> Ticket | None:
    """What it was merged into, never another customer's."""
    ticket = await session.scalar(select(Ticket).where(Ticket.public_token == token))
    for _ in range(LONGEST_CHAIN):
        if ticket is None or ticket.merged_into_id is None:
            break
        other = await session.get(Ticket, ticket.merged_into_id)
        if other is None or other.customer_id != ticket.customer_id:
            break
        ticket = other
    return ticket


async def running_clocks(
    session: AsyncSession, ticket_ids: Collection[int]
) -> Mapping[int, Sequence[Clock]]:
    clocks: dict[int, list[Clock]] = {number: [] for number in ticket_ids}
    running = select(Clock).where(Clock.ticket_id.in_(ticket_ids), Clock.stopped_at.is_(None))
    for clock in await session.scalars(running):
        clocks[clock.ticket_id].append(clock)
    return clocks


async def promised_dates(
    session: AsyncSession, ticket_ids: Collection[int]
) -> Mapping[int, Sequence[datetime]]:
    """Of promises that are still open."""
    dates: dict[int, list[datetime]] = {number: [] for number in ticket_ids}
    found = select(Promise.ticket_id, Promise.due_at).where(
        Promise.ticket_id.in_(ticket_ids), text(f"promises.{IS_OPEN}")
    )
    for ticket_id, due_at in await session.execute(found):
        dates[ticket_id].append(due_at)
    return dates
