"""Single tickets, who answers for them, and those of one customer."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.errors import NotFound
from contact_center.tickets.models import IS_ACTIVE, Owned, Status, Ticket, reference
from contact_center.tickets.queries.sight import visible_to


async def get_ticket(session: AsyncSession, ticket_id: int) -> Ticket:
    ticket = await session.get(Ticket, ticket_id)
    if ticket is None:
        raise NotFound(code="ticket.unknown", reference=reference(ticket_id))
    return ticket


async def lock_ticket(session: AsyncSession, ticket_id: int) -> Ticket:
    """The ticket as it is now; nobody else changes it until this transaction ends."""
    found = select(Ticket).where(Ticket.id == ticket_id)
    # Rows that refer to the ticket may still be written: nobody ever deletes it.
    found = found.with_for_update(key_share=True)
    ticket = await session.scalar(found.execution_options(populate_existing=True))
    if ticket is None:
        raise NotFound(code="ticket.unknown", reference=reference(ticket_id))
    return ticket


async def answering_for(session: AsyncSession, ticket: Ticket, *, now: datetime) -> int | None:
    """Who answers for a ticket at the moment: its owner, or whoever acts for them.

    None where it has no owner, or the owner is absent and nobody stands in.
    """
    return (await answering_for_each(session, [ticket], now=now)).get(ticket.id)


async def answering_for_each(
    session: AsyncSession, tickets: Sequence[Owned], *, now: datetime
) -> dict[int, int]:
    """By their ids. Nobody acts on a complaint they must not handle."""
    plain = {one.owner_id for one in tickets if one.about_agent_id is None}
    usual = await agents.acting_for(session, plain, now=now)
    found = {one.id: usual.get(one.owner_id) for one in tickets if one.owner_id in plain}
    for one in tickets:
        if (about := one.about_agent_id) is not None:
            acting = await agents.acting_for(session, {one.owner_id}, now=now, about=about)
            found[one.id] = acting.get(one.owner_id)
    return {number: agent_id for number, agent_id in found.items() if agent_id is not None}


async def about_agent(session: AsyncSession, ticket_id: int) -> int | None:
    """Whom it complains about; None too where there is no such ticket."""
    number: int | None = await session.scalar(
        select(Ticket.about_agent_id).where(Ticket.id == ticket_id)
    )
    return number


async def claim_ticket(
    session: AsyncSession, ticket_id: int, *, agent_id: int, now: datetime
) -> Ticket | None:
    """One conditional statement: of all who try at once exactly one gets the ticket."""
    statement = (
        update(Ticket)
        .where(
            Ticket.id == ticket_id,
            Ticket.status == Status.QUEUED,
            Ticket.assignee_id.is_(None),
        )
        .values(
            status=Status.OPEN,
            assignee_id=agent_id,
            owner_id=func.coalesce(Ticket.owner_id, agent_id),
            version=Ticket.version + 1,
            updated_at=now,
        )
        .returning(Ticket)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return await session.scalar(statement)


async def tickets_of_customer(
    session: AsyncSession,
    customer_id: int,
    *,
    reader: int = 0,
    before: int | None = None,
    limit: int = 20,
) -> Sequence[Ticket]:
    """The newest first; not those about the agent who reads."""
    found = select(Ticket).where(Ticket.customer_id == customer_id, visible_to(reader))
    if before is not None:
        found = found.where(Ticket.id < before)
    return (await session.scalars(found.order_by(Ticket.id.desc()).limit(limit))).all()


async def owned_tickets(
    session: AsyncSession, customer_id: int, *, reader: int = 0, limit: int = 5
) -> Sequence[Ticket]:
    """What a customer has open, and somebody answers for: the oldest first."""
    found = select(Ticket).where(
        Ticket.customer_id == customer_id,
        Ticket.owner_id.is_not(None),
        text(IS_ACTIVE),
        visible_to(reader),
    )
    return (await session.scalars(found.order_by(Ticket.id).limit(limit))).all()


async def tickets_by_id(session: AsyncSession, ticket_ids: Collection[int]) -> dict[int, Ticket]:
    found = await session.scalars(select(Ticket).where(Ticket.id.in_(ticket_ids)))
    return {ticket.id: ticket for ticket in found}


async def move_tickets(session: AsyncSession, *, old: int, new: int) -> int:
    """Give one customer's tickets to another; returns how many."""
    moved = await session.scalars(
        update(Ticket)
        .where(Ticket.customer_id == old)
        .values(customer_id=new, version=Ticket.version + 1)
        .returning(Ticket.id)
        .execution_options(synchronize_session=False)
    )
    return len(moved.all())
