"""What has come due: locked, and what others have locked is left to them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, TextClause, or_, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.customers.models import Customer, Identity
from contact_center.db import among
from contact_center.sla.models import Clock
from contact_center.tickets.models import AGREED_WAITING, Ticket

ANONYMOUS = "webchat"  # the channel whose addresses end with the visit


class Late(NamedTuple):
    """A promise that broke and is not marked yet."""

    due_at: datetime
    id: int  # of its clock
    ticket_id: int


async def overdue(
    session: AsyncSession, *, now: datetime, after: Late | None, limit: int
) -> Sequence[Late]:
    """The oldest first, beyond `after`."""
    found = select(Clock.due_at, Clock.id, Clock.ticket_id)
    found = found.where(text("clocks.state = 'running'"), Clock.due_at < now)
    if after is not None:
        found = found.where(tuple_(Clock.due_at, Clock.id) > tuple_(after.due_at, after.id))
    found = found.order_by(Clock.due_at, Clock.id).limit(limit)
    rows = await session.execute(found)
    return [Late(at, number, ticket) for at, number, ticket in rows if at is not None]


async def lock_free_tickets(session: AsyncSession, ticket_ids: Collection[int]) -> Sequence[Ticket]:
    """Those that nobody else holds at the moment."""
    found = select(Ticket).where(among(session, Ticket.id, ticket_ids)).order_by(Ticket.id)
    found = found.with_for_update(of=Ticket, skip_locked=True, key_share=True)
    return (await session.scalars(found.execution_options(populate_existing=True))).all()


async def lock_due_for_review(
    session: AsyncSession, *, now: datetime, after: int, limit: int
) -> Sequence[int]:
    """Tickets whose agreed waiting is over."""
    agreed = text(f"tickets.{AGREED_WAITING}")
    return await _lock_due(session, agreed, Ticket.review_at <= now, after=after, limit=limit)


async def lock_abandoned(
    session: AsyncSession, *, idle_since: datetime, after: int, limit: int
) -> Sequence[int]:
    """Talks with the bot that have gone quiet, of people we could never write to again."""
    reachable = select(Identity.customer_id).where(
        Identity.customer_id == Ticket.customer_id, Identity.channel != ANONYMOUS
    )
    named = select(Customer.id).where(
        Customer.id == Ticket.customer_id,
        or_(Customer.email.is_not(None), Customer.phone.is_not(None)),
    )
    return await _lock_due(
        session,
        text("tickets.status = 'bot'"),
        Ticket.updated_at <= idle_since,
        ~reachable.exists(),
        ~named.exists(),
        after=after,
        limit=limit,
    )


async def put_off_review(session: AsyncSession, ticket_id: int, *, until: datetime) -> None:
    await session.execute(
        update(Ticket)
        .where(Ticket.id == ticket_id)
        .values(review_at=until)
        .execution_options(synchronize_session=False)
    )


async def _lock_due(
    session: AsyncSession, *conditions: ColumnElement[bool] | TextClause, after: int, limit: int
) -> Sequence[int]:
    # An expression, so that no planner walks the whole table in the order of its key.
    number = Ticket.id + 0
    found = select(Ticket.id).where(*conditions, number > after).order_by(number)
    found = found.limit(limit).with_for_update(of=Ticket, skip_locked=True, key_share=True)
    return (await session.scalars(found)).all()
