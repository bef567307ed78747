"""Every SQL statement about work orders.

Whoever changes a work order has locked its ticket: that lock guards both rows.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, case, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.errors import NotFound
from contact_center.sla.models import Clock, ClockKind
from contact_center.tickets.queries import seen_by
from contact_center.work_orders.models import (
    IS_OPEN,
    OPEN,
    WITH_TEAM,
    EntryKind,
    WorkOrder,
    WorkOrderEntry,
    WorkOrderState,
    reference,
)

_RUNNING = text("clocks.state = 'running'")


async def get_work_order(session: AsyncSession, order_id: int) -> WorkOrder:
    """As it is now, whatever the session has seen before."""
    order = await session.get(WorkOrder, order_id, populate_existing=True)
    if order is None:
        raise NotFound(code="work_order.unknown", reference=reference(order_id))
    return order


async def work_orders_of(session: AsyncSession, ticket_id: int) -> Sequence[WorkOrder]:
    found = select(WorkOrder).where(WorkOrder.ticket_id == ticket_id).order_by(WorkOrder.id)
    return (await session.scalars(found)).all()


async def open_work_orders_of(session: AsyncSession, ticket_id: int) -> Sequence[WorkOrder]:
    found = select(WorkOrder).where(WorkOrder.ticket_id == ticket_id, text(IS_OPEN))
    return (await session.scalars(found.order_by(WorkOrder.id))).all()


async def behind_their_clocks(session: AsyncSession, *, after: int, limit: int) -> Sequence[int]:
    """Open work orders that show another date than their clocks: a calendar has been edited."""
    shown = case((Clock.kind == ClockKind.SIGN_FOR, WorkOrder.sign_due_at))
    shown = case((Clock.kind == ClockKind.FINISH, WorkOrder.finish_due_at), else_=shown)
    of_it = and_(Clock.ticket_id == WorkOrder.ticket_id, Clock.ref_id == WorkOrder.id)
    found = select(WorkOrder.id).join(Clock, of_it)
    found = found.where(
        WorkOrder.state.in_(OPEN), _RUNNING, Clock.due_at != shown, WorkOrder.id > after
    )
    return (await session.scalars(found.distinct().order_by(WorkOrder.id).limit(limit))).all()


async def entries_of(
    session: AsyncSession, order_ids: Collection[int]
) -> dict[int, list[WorkOrderEntry]]:
    """What was written at each step, oldest first, by work order."""
    entries: dict[int, list[WorkOrderEntry]] = {number: [] for number in order_ids}
    found = select(WorkOrderEntry).where(WorkOrderEntry.work_order_id.in_(order_ids))
    for entry in await session.scalars(found.order_by(WorkOrderEntry.id)):
        entries[entry.work_order_id].append(entry)
    return entries


async def last_author(session: AsyncSession, order_id: int, kind: EntryKind) -> int | None:
    """Who was the last to write something of a kind."""
    found = select(WorkOrderEntry.author_id).where(
        WorkOrderEntry.work_order_id == order_id, WorkOrderEntry.kind == kind
    )
    return await session.scalar(found.order_by(WorkOrderEntry.id.desc()).limit(1))


async def last_finished_at(session: AsyncSession, ticket_id: int) -> datetime | None:
    """When the last department whose work counts has finished it."""
    found = select(func.max(WorkOrder.finished_at)).where(
        WorkOrder.ticket_id == ticket_id,
        WorkOrder.is_blocking.is_(True),
        WorkOrder.waived_at.is_(None),
        WorkOrder.state != WorkOrderState.CANCELLED,
    )
    return await session.scalar(found)


async def page_of_work_orders(
    session: AsyncSession,
    *,
    team_ids: Collection[int] | None = None,
    state: WorkOrderState | None = None,
    open_only: bool = False,
    reader: int = 0,
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> Sequence[WorkOrder]:
    """The first due first, beyond the `(finish_due_at, id)` of the last one seen.

    What is done for a complaint about the `reader`, or about who leads them, is left out.
    """
    found = select(WorkOrder).where(seen_by(reader, WorkOrder.ticket_id))
    if team_ids is not None:
        found = found.where(WorkOrder.team_id.in_(team_ids))
    if state is not None:
        found = found.where(WorkOrder.state == state)
    if open_only:
        found = found.where(text(IS_OPEN))
    if after is not None:
        found = found.where(tuple_(WorkOrder.finish_due_at, WorkOrder.id) > tuple_(*after))
    found = found.order_by(WorkOrder.finish_due_at, WorkOrder.id).limit(limit)
    return (await session.scalars(found)).all()


async def count_with_teams(session: AsyncSession, *, team_ids: Collection[int]) -> int:
    """What some teams have to do."""
    found = select(func.count()).where(
        WorkOrder.team_id.in_(team_ids), WorkOrder.state.in_(WITH_TEAM), text(IS_OPEN)
    )
    return await session.scalar(found) or 0


async def signed_by(session: AsyncSession, agent_id: int) -> Sequence[WorkOrder]:
    """Open work that somebody has taken on."""
    found = select(WorkOrder).where(WorkOrder.assignee_id == agent_id, text(IS_OPEN))
    return (await session.scalars(found.order_by(WorkOrder.id))).all()


async def move_work_orders(session: AsyncSession, *, old: int, new: int) -> list[int]:
    """All of one ticket become another's; returns their ids."""
    statement = update(WorkOrder).where(WorkOrder.ticket_id == old)
    moved = statement.values(ticket_id=new, version=WorkOrder.version + 1)
    moved = moved.returning(WorkOrder.id).execution_options(synchronize_session=False)
    return sorted((await session.scalars(moved)).all())
