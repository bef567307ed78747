"""Every SQL statement about tickets and their messages."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    TextClause,
    func,
    or_,
    select,
    text,
    true,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from contact_center.agents import queries as agents
from contact_center.customers.models import Customer, Identity
from contact_center.db import among
from contact_center.errors import Forbidden, NotFound
from contact_center.sla.models import Clock
from contact_center.tickets.models import (
    AGREED_WAITING,
    IS_ACTIVE,
    WAITING,
    Owned,
    Status,
    Ticket,
    reference,
)

ANONYMOUS = "webchat"  # the channel whose addresses end with the visit


class Queue(StrEnum):
    UNCLAIMED = "unclaimed"
    MINE = "mine"  # I do the next step, or answer for it
    TEAM = "team"
    WAITING = "waiting"
    BREACHED = "breached"
    ALL = "all"


# One ticket


async def get_ticket(session: AsyncSession, ticket_id: int) -> Ticket:
    ticket = await session.get(Ticket, ticket_id)
    if ticket is None:
        raise NotFound(f"there is no ticket {reference(ticket_id)}")
    return ticket


async def lock_ticket(session: AsyncSession, ticket_id: int) -> Ticket:
    """The ticket as it is now; nobody else changes it until this transaction ends."""
    found = select(Ticket).where(Ticket.id == ticket_id)
    # Rows that refer to the ticket may still be written: nobody ever deletes it.
    found = found.with_for_update(key_share=True)
    ticket = await session.scalar(found.execution_options(populate_existing=True))
    if ticket is None:
        raise NotFound(f"there is no ticket {reference(ticket_id)}")
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


# What has come due: locked, and what others have locked is left to them


async def overdue(
    session: AsyncSession, *, now: datetime, after: tuple[datetime, int] | None, limit: int
) -> Sequence[tuple[datetime, int, int]]:
    """Promises that broke and are not marked yet: due instant, clock, ticket; the oldest first."""
    found = select(Clock.due_at, Clock.id, Clock.ticket_id)
    found = found.where(text("clocks.state = 'running'"), Clock.due_at < now)
    if after is not None:
        found = found.where(tuple_(Clock.due_at, Clock.id) > tuple_(*after))
    found = found.order_by(Clock.due_at, Clock.id).limit(limit)
    rows = await session.execute(found)
    return [(due_at, number, ticket) for due_at, number, ticket in rows if due_at is not None]


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


# Queues


async def queue_page(
    session: AsyncSession,
    queue: Queue,
    *,
    agent_id: int,
    standing_in: Collection[int] = (),
    team_ids: Collection[int] = (),
    after: tuple[datetime | None, int] | None = None,
    limit: int = 50,
) -> Sequence[Ticket]:
    """The most urgent first, beyond the `(next_due_at, id)` of the last ticket seen.

    `standing_in` are those for whom the agent acts: what is theirs is the agent's, too. Tickets
    whose promises are all paused come last.
    """
    found = _in_queue(queue, agent_id=agent_id, standing_in=standing_in, team_ids=team_ids)
    due, number = after or (None, 0)
    tickets: list[Ticket] = []
    if after is None or due is not None:  # each half has its part of the index
        pressing = found.where(Ticket.next_due_at.is_not(None))
        if due is not None:
            pressing = pressing.where(tuple_(Ticket.next_due_at, Ticket.id) > tuple_(due, number))
            number = 0
        pressing = pressing.order_by(Ticket.next_due_at, Ticket.id).limit(limit)
        tickets += (await session.scalars(pressing)).all()
    if len(tickets) < limit:
        paused = found.where(Ticket.next_due_at.is_(None), Ticket.id > number)
        paused = paused.order_by(Ticket.id).limit(limit - len(tickets))
        tickets += (await session.scalars(paused)).all()
    return tickets


async def in_queue(
    session: AsyncSession,
    queue: Queue,
    *,
    ticket_ids: Collection[int],
    agent_id: int,
    standing_in: Collection[int] = (),
    team_ids: Collection[int] = (),
) -> Sequence[Ticket]:
    """Those of the given tickets that are in a queue."""
    found = _in_queue(queue, agent_id=agent_id, standing_in=standing_in, team_ids=team_ids)
    return (await session.scalars(found.where(Ticket.id.in_(ticket_ids)))).all()


async def queue_size(
    session: AsyncSession,
    queue: Queue,
    *,
    agent_id: int,
    standing_in: Collection[int] = (),
    team_ids: Collection[int] = (),
    most: int = 1000,
) -> int:
    """How many tickets a queue holds; counting stops at `most`."""
    found = _in_queue(queue, agent_id=agent_id, standing_in=standing_in, team_ids=team_ids)
    inner = found.with_only_columns(Ticket.id)
    counted = select(func.count()).select_from(inner.limit(most).subquery())
    return await session.scalar(counted) or 0


def _in_queue(
    queue: Queue, *, agent_id: int, standing_in: Collection[int], team_ids: Collection[int]
) -> Select[Ticket]:
    # The conditions repeat those of the partial indexes in models.py, or these are not used.
    active = text(IS_ACTIVE)
    conditions: dict[Queue, ColumnElement[bool]] = {
        Queue.UNCLAIMED: Ticket.status == Status.QUEUED,
        Queue.MINE: _held_by({agent_id, *standing_in}),
        Queue.TEAM: Ticket.team_id.in_(team_ids),
        Queue.BREACHED: Ticket.breached_at.is_not(None),
    }
    if queue is Queue.WAITING:
        waiting = ", ".join(f"'{status}'" for status in _WAITING_ORDER)
        return select(Ticket).where(text(f"status IN ({waiting})"), visible_to(agent_id))
    found = select(Ticket).where(active, visible_to(agent_id))
    return found.where(conditions[queue]) if queue in conditions else found


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
        raise Forbidden(
            f"{reference(ticket_id)} is a complaint about you, or about who leads you: "
            "somebody else handles it"
        )


def _held_by(agent_ids: Collection[int]) -> ColumnElement[bool]:
    """Each look has its index; with OR the queue of everybody would be read through."""
    active = select(Ticket.id).where(text(IS_ACTIVE)).correlate(None)
    held = (active.where(column.in_(agent_ids)) for column in (Ticket.assignee_id, Ticket.owner_id))
    return Ticket.id.in_(union_all(*held))


_WAITING_ORDER = (
    Status.WAITING_CUSTOMER,
    Status.WAITING_DEPARTMENT,
    Status.WAITING_THIRD_PARTY,
    Status.ON_HOLD,
)
assert set(_WAITING_ORDER) == WAITING


async def queued_ticket_ids(
    session: AsyncSession, *, team_ids: Collection[int], limit: int = 500
) -> Sequence[int]:
    """What waits in the queues of some teams, the oldest first."""
    found = select(Ticket.id).where(
        Ticket.status == Status.QUEUED, Ticket.team_id.in_(tuple(team_ids)), text(IS_ACTIVE)
    )
    return (await session.scalars(found.order_by(Ticket.id).limit(limit))).all()


async def unclaimed_before(
    session: AsyncSession, since: datetime, *, limit: int
) -> Sequence[Ticket]:
    """What came before `since` and nobody has taken, the oldest first."""
    found = select(Ticket).where(
        Ticket.status == Status.QUEUED, Ticket.created_at < since, text(IS_ACTIVE)
    )
    return (await session.scalars(found.order_by(Ticket.id).limit(limit))).all()
