"""Who may act on a ticket. Callers own the transaction."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.agents.models import Agent
from contact_center.errors import Forbidden
from contact_center.events.rules import Actor, agent_id
from contact_center.tickets import rules
from contact_center.tickets.models import Ticket, reference


async def check_may_act(
    session: AsyncSession, ticket: Ticket, *, by: Actor, override: bool, now: datetime
) -> None:
    """Raises Forbidden, unless the actor has it, or stands in for who has it."""
    number, standing_in = agent_id(by), list[int]()
    if number is not None and not override and not rules.is_theirs(ticket, {number}):
        standing_in = await agents.stood_in_for(
            session, number, now=now, about=ticket.about_agent_id
        )
    rules.check_may_act(ticket, by=by, override=override, standing_in=standing_in)


async def hold_receiver(
    session: AsyncSession, ticket: Ticket, number: int, *, now: datetime
) -> Agent:
    """Somebody who may get the ticket. Raises NotFound, Conflict, Absent, Forbidden."""
    agent = await agents.hold_present_agent(session, number, now=now)
    await check_not_recused(session, ticket, number)
    return agent


async def check_not_recused(session: AsyncSession, ticket: Ticket, number: int) -> None:
    """Nobody handles a complaint about themselves, or about who leads them. Raises Forbidden."""
    await refuse_recused(session, ticket.id, about=ticket.about_agent_id, number=number)


async def refuse_recused(
    session: AsyncSession, ticket_id: int, *, about: int | None, number: int
) -> None:
    if about is not None and await agents.is_recused(session, number, about=about):
        raise Forbidden(code="ticket.about_them", reference=reference(ticket_id))


async def acting_agent(session: AsyncSession, by: Actor) -> Agent:
    return await agents.get_active_agent(session, number_of(by))


async def hold_acting_agent(session: AsyncSession, by: Actor) -> Agent:
    """Somebody who takes work: they cannot be deactivated before this transaction ends."""
    return await agents.hold_active_agent(session, number_of(by))


def number_of(by: Actor) -> int:
    number = agent_id(by)
    if number is None:
        raise Forbidden(code="ticket.agents_only")
    return number
