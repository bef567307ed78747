"""Every SQL statement about promises.

Whoever changes a promise has locked its ticket: that lock guards both rows.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import case, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.errors import NotFound
from contact_center.promises.models import IS_OPEN, Promise, PromiseState
from contact_center.tickets.models import Ticket
from contact_center.tickets.queries import seen_by


async def get_promise(session: AsyncSession, promise_id: int) -> Promise:
    """As it is now, whatever the session has seen before."""
    promise = await session.get(Promise, promise_id, populate_existing=True)
    if promise is None:
        raise NotFound(code="promise.unknown", promise_id=promise_id)
    return promise


async def promises_of(session: AsyncSession, ticket_id: int) -> Sequence[Promise]:
    found = select(Promise).where(Promise.ticket_id == ticket_id).order_by(Promise.id)
    return (await session.scalars(found)).all()


async def open_promises_of(session: AsyncSession, ticket_id: int) -> Sequence[Promise]:
    """The next due first."""
    found = select(Promise).where(Promise.ticket_id == ticket_id, text(IS_OPEN))
    return (await session.scalars(found.order_by(Promise.due_at, Promise.id))).all()


async def count_broken(session: AsyncSession, ticket_id: int) -> int:
    found = select(func.count()).where(
        Promise.ticket_id == ticket_id, Promise.state == PromiseState.BROKEN
    )
    return await session.scalar(found) or 0


async def page_of_promises(
    session: AsyncSession,
    *,
    agent_ids: Collection[int] | None = None,
    team_ids: Collection[int] | None = None,
    state: PromiseState | None = PromiseState.OPEN,
    reader: int = 0,
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> Sequence[Promise]:
    """The next due first: of some agents, or on the tickets of some teams.

    What was promised on a complaint about the `reader`, or about who leads them, is left out.
    """
    found = select(Promise).where(seen_by(reader, Promise.ticket_id))
    if agent_ids is not None:
        found = found.where(Promise.promised_by_id.in_(agent_ids))
    if team_ids is not None:
        theirs = select(Ticket.id).where(Ticket.team_id.in_(team_ids))
        found = found.where(Promise.ticket_id.in_(theirs))
    if state is PromiseState.OPEN:
        found = found.where(text(IS_OPEN))
    elif state is not None:
        found = found.where(Promise.state == state)
    if after is not None:
        found = found.where(tuple_(Promise.due_at, Promise.id) > tuple_(*after))
    return (await session.scalars(found.order_by(Promise.due_at, Promise.id).limit(limit))).all()


async def open_promises_by(session: AsyncSession, agent_id: int) -> Sequence[Promise]:
    """What somebody still owes customers."""
    found = select(Promise).where(Promise.promised_by_id == agent_id, text(IS_OPEN))
    return (await session.scalars(found.order_by(Promise.due_at, Promise.id))).all()


async def kept_and_broken(
    session: AsyncSession, *, since: datetime, until: datetime
) -> dict[int, tuple[int, int]]:
    """How many promises that fell due in a period each agent has kept, and how many not."""
    kept = func.sum(case((Promise.state == PromiseState.KEPT, 1), else_=0))
    broken = func.sum(case((Promise.state == PromiseState.BROKEN, 1), else_=0))
    found = (
        select(Promise.promised_by_id, kept, broken)
        .where(
            Promise.due_at >= since,
            Promise.due_at < until,
            Promise.state.in_((PromiseState.KEPT, PromiseState.BROKEN)),
        )
        .group_by(Promise.promised_by_id)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in await session.execute(found)}


async def lock_overdue(
    session: AsyncSession, *, now: datetime, after: int, limit: int
) -> Sequence[int]:
    """Promises that broke and are not marked yet; their tickets are locked."""
    number = Promise.id + 0  # see _lock_due in tickets.queries
    due = select(Promise.id).where(
        text(f"promises.{IS_OPEN}"), Promise.due_at < now, number > after
    )
    found = (
        select(Promise.id)
        .join(Ticket, Ticket.id == Promise.ticket_id)
        .where(Promise.id.in_(due.order_by(number).limit(limit)))
        .order_by(Promise.id)
        .with_for_update(of=Ticket, skip_locked=True, key_share=True)
    )
    return (await session.scalars(found)).all()


async def move_promises(session: AsyncSession, *, old: int, new: int) -> list[int]:
    """All of one ticket become another's; returns the ids of those that are open."""
    statement = update(Promise).where(Promise.ticket_id == old).values(ticket_id=new)
    moved = statement.returning(Promise.id, Promise.state)
    rows = await session.execute(moved.execution_options(synchronize_session=False))
    return sorted(row[0] for row in rows if row[1] is PromiseState.OPEN)


async def give_promises(session: AsyncSession, ticket_id: int, *, old: int, new: int) -> None:
    """What one owes the customer of a ticket another owes from now on."""
    mine = (Promise.ticket_id == ticket_id, Promise.promised_by_id == old, text(IS_OPEN))
    await session.execute(
        update(Promise)
        .where(*mine)
        .values(promised_by_id=new)
        .execution_options(synchronize_session=False)
    )
