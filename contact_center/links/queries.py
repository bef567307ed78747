"""Every SQL statement about links between tickets."""

from collections.abc import Sequence

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.links.models import TicketLink


async def links_of(session: AsyncSession, ticket_id: int) -> Sequence[TicketLink]:
    """Links of a ticket in both directions."""
    found = select(TicketLink).where(
        or_(TicketLink.ticket_id == ticket_id, TicketLink.other_id == ticket_id)
    )
    return (await session.scalars(found)).all()


async def find_link(session: AsyncSession, one: int, other: int) -> TicketLink | None:
    """The link between two tickets, whichever of them it was made from."""
    found = select(TicketLink).where(
        or_(
            and_(TicketLink.ticket_id == one, TicketLink.other_id == other),
            and_(TicketLink.ticket_id == other, TicketLink.other_id == one),
        )
    )
    return await session.scalar(found)
