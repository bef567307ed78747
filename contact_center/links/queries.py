"""Every SQL statement about links between tickets."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.links.models import TicketLink


async def links_of(session: AsyncSession, ticket_id: int) -> Sequence[TicketLink]:
    """Links of a ticket in both directions."""
    found = select(TicketLink).where(
        or_(TicketLink.ticket_id == ticket_id, TicketLink.other_id == ticket_id)
    )
    return (await session.scalars(found)).all()
