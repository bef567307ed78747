"""Who may see which ticket: nobody reads a complaint about themselves."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from contact_center.agents import queries as agents
from contact_center.errors import Forbidden
from contact_center.tickets.models import Ticket, reference


def visible_to(agent_id: int) -> ColumnElement[bool]:
    """Nobody reads a complaint about themselves, or about who leads them; 0 reads everything."""
    if not agent_id:
        return true()
    about = Ticket.about_agent_id
    return or_(about.is_(None), about.not_in(agents.kept_from(agent_id).correlate(None)))


def seen_by(agent_id: int, ticket_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """The same for rows of others that carry a ticket's id."""
    if not agent_id:
        return true()
    ticket = aliased(Ticket)
    about = ticket.about_agent_id
    hidden = select(ticket.id).where(
        ticket.id == ticket_id,
        about.is_not(None),
        about.in_(agents.kept_from(agent_id).correlate(None)),
    )
    return ~hidden.exists()


async def hidden_among(
    session: AsyncSession, ticket_ids: Collection[int], *, reader: int
) -> set[int]:
    """Which of some tickets an agent does not see."""
    if not ticket_ids or not reader:
        return set()
    found = select(Ticket.id).where(Ticket.id.in_(ticket_ids), ~visible_to(reader))
    return set(await session.scalars(found))


async def check_may_see(session: AsyncSession, ticket_id: int, *, reader: int) -> None:
    """Raises Forbidden for whom the complaint is about, and for who works below them."""
    if await hidden_among(session, [ticket_id], reader=reader):
        raise Forbidden(code="ticket.about_you", reference=reference(ticket_id))
