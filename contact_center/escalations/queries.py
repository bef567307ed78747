"""Every SQL statement about escalations. Many clocks at a time: whoever was down has a lot due."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.bulk import execute_many, insert_many
from contact_center.db import Table, among
from contact_center.escalations.models import IN_A_DIGEST, Escalation, EscalationState
from contact_center.sla.models import OF_WORK_ORDERS, Clock
from contact_center.tickets.models import Ticket
from contact_center.tickets.queries import visible_to
from contact_center.work_orders.models import WorkOrder

CLOCKS, ESCALATIONS, TICKETS = (
    Table.metadata.tables[name] for name in ("clocks", "escalations", "tickets")
)

_WRITE_CLOCK = (
    update(CLOCKS)
    .where(CLOCKS.c.id == bindparam("clock_id"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "rung",
                "next_rung_at",
                "state",
                "breached_at",
                "breach_cause",
                "met_first",
                "met_final",
            )
        }
    )
)
_WRITE_TICKET = (
    update(TICKETS)
    .where(TICKETS.c.id == bindparam("ticket_id"))
    .values(event_count=bindparam("event_count"), breached_at=bindparam("breached_at"))
)


class Due(NamedTuple):
    """A clock to look at, and where it stands in the line."""

    at: datetime
    id: int


class Held(NamedTuple):
    """A ticket that nobody else changes until this transaction ends."""

    id: int
    customer_id: int
    team_id: int | None
    owner_id: int | None
    assignee_id: int | None
    event_count: int
    breached_at: datetime | None
    about_agent_id: int | None = None


class Task(NamedTuple):
    """A work order, as far as somebody is told of it."""

    id: int
    team_id: int
    assignee_id: int | None


async def due_clocks(
    session: AsyncSession, *, now: datetime, after: Due | None, limit: int
) -> list[Due]:
    """Those that have waited longest first, beyond `after`."""
    found = select(Clock.next_rung_at, Clock.id).where(Clock.next_rung_at < now)
    if after is not None:
        found = found.where(tuple_(Clock.next_rung_at, Clock.id) > tuple_(*after))
    rows = await session.execute(found.order_by(Clock.next_rung_at, Clock.id).limit(limit))
    return [Due._make(row) for row in rows]


async def lock_clocks(
    session: AsyncSession, clock_ids: Collection[int], *, now: datetime
) -> tuple[dict[int, Held], Sequence[Clock]]:
    """What is still due of them, with the tickets; tickets others have locked are left to them."""
    is_due = (among(session, Clock.id, clock_ids), Clock.next_rung_at < now)
    ticket_ids = (await session.scalars(select(Clock.ticket_id).where(*is_due))).all()
    found = select(*(getattr(Ticket, name) for name in Held._fields))
    found = found.where(among(session, Ticket.id, set(ticket_ids))).order_by(Ticket.id)
    rows = await session.execute(found.with_for_update(key_share=True, skip_locked=True))
    held = {row[0]: Held(*row) for row in rows}
    clocks = select(Clock).where(*is_due, among(session, Clock.ticket_id, held))
    return held, (await session.scalars(clocks.order_by(Clock.id))).all()


async def tasks_of(session: AsyncSession, clocks: Collection[Clock]) -> dict[int, Task]:
    """The work orders that some clocks are about."""
    ids = {clock.ref_id for clock in clocks if clock.kind in OF_WORK_ORDERS}
    if not ids:
        return {}
    found = select(WorkOrder.id, WorkOrder.team_id, WorkOrder.assignee_id)
    rows = await session.execute(found.where(among(session, WorkOrder.id, ids)))
    return {row[0]: Task(*row) for row in rows}


async def write_clocks(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await execute_many(session, _WRITE_CLOCK, rows)


async def write_tickets(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await execute_many(session, _WRITE_TICKET, rows)


async def insert_escalations(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """The key refuses a rung that has been told already."""
    if rows:
        await insert_many(session, ESCALATIONS, rows)


async def put_off(session: AsyncSession, clock_id: int, *, until: datetime) -> None:
    statement = update(Clock).where(Clock.id == clock_id, Clock.next_rung_at.is_not(None))
    await session.execute(statement.values(next_rung_at=until))


# Looking


async def escalations_of(session: AsyncSession, ticket_id: int) -> Sequence[Escalation]:
    """The oldest first."""
    found = select(Escalation).where(Escalation.ticket_id == ticket_id)
    return (await session.scalars(found.order_by(Escalation.id))).all()


async def rungs_reached(
    session: AsyncSession, ticket_ids: Collection[int]
) -> dict[int, Escalation]:
    """Of some tickets the highest rung that was told and whose clock is still owed."""
    found = select(Escalation).join(Clock, Clock.id == Escalation.clock_id)
    found = found.where(
        among(session, Escalation.ticket_id, ticket_ids),
        Escalation.state == EscalationState.FIRED,
        Clock.stopped_at.is_(None),
    )
    rows = await session.scalars(found.order_by(Escalation.rung, Escalation.id))
    return {one.ticket_id: one for one in rows}


async def notices(
    session: AsyncSession,
    *,
    start: datetime,
    end: datetime,
    team_ids: Collection[int] | None = None,
    reader: int = 0,
    limit: int = 50,
) -> Sequence[tuple[Escalation, Ticket, Clock]]:
    """What managers were to read of in their digest of some time, the oldest first."""
    found = (
        select(Escalation, Ticket, Clock)
        .join(Ticket, Ticket.id == Escalation.ticket_id)
        .join(Clock, Clock.id == Escalation.clock_id)
        .where(
            text(f"escalations.{IN_A_DIGEST}"),
            Escalation.fired_at >= start,
            Escalation.fired_at < end,
            visible_to(reader),
        )
    )
    if team_ids is not None:
        found = found.where(Ticket.team_id.in_(team_ids))
    rows = await session.execute(found.order_by(Escalation.fired_at, Escalation.id).limit(limit))
    return [(row[0], row[1], row[2]) for row in rows]
