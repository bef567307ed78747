"""What becomes of work orders when something happens to their ticket."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.db import hint
from contact_center.events.rules import SYSTEM, Actor
from contact_center.sla.actions import legs
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.queries import all_clocks
from contact_center.tickets.models import Ticket
from contact_center.work_orders import queries
from contact_center.work_orders.actions.holding import lock, say, take_stock
from contact_center.work_orders.actions.issuing import Calendars, end, send_back
from contact_center.work_orders.models import WorkOrder, WorkOrderState


async def cancel_all(
    session: AsyncSession, ticket: Ticket, *, by: Actor, now: datetime, reason: str
) -> None:
    """The locked ticket is cancelled: nobody has to do anything for it any more."""
    for order in await queries.open_work_orders_of(session, ticket.id):
        await end(session, order, ticket, text=reason, by=by, now=now)
    ticket.open_work_orders = 0


async def move_all(
    session: AsyncSession, old: Ticket, new: Ticket, *, by: Actor, now: datetime
) -> None:
    """Both tickets are locked; the work goes on for the one that stays."""
    moved = await queries.move_work_orders(session, old=old.id, new=new.id)
    old.open_work_orders = 0
    clocks = await legs.copy(session, old, new, ref_ids=moved)
    for order_id in moved:
        order = await queries.get_work_order(session, order_id)
        facts = {"other": old.id, "clocks": clocks.get(order_id)}
        await say(session, new, order, "moved", by=by, now=now, **facts)
    if moved:
        await take_stock(session, new, by=by, now=now)


async def show_its_dates(session: AsyncSession, order_id: int) -> None:
    """The dates that boards are sorted by are those of its clocks again."""
    order, ticket = await lock(session, order_id)
    for clock in await all_clocks(session, ticket.id):
        if clock.ref_id != order.id or clock.state is not ClockState.RUNNING:
            continue
        assert clock.due_at is not None
        if clock.kind is ClockKind.SIGN_FOR:
            order.sign_due_at = clock.due_at
        elif clock.kind is ClockKind.FINISH:
            order.finish_due_at = clock.due_at
    order.version += 1
    hint(session, f"ticket:{ticket.id}")


async def not_solved(
    session: AsyncSession, ticket: Ticket, *, calendars: Calendars, now: datetime
) -> WorkOrder | None:
    """The customer says that it is not solved: the team's work is to be done again.

    Where several teams have worked on it the owner decides who does it again.
    """
    done = [
        order
        for order in await queries.work_orders_of(session, ticket.id)
        if order.state is WorkOrderState.VERIFIED and order.is_blocking
    ]
    if len(done) != 1 or done[0].calendar not in calendars:
        return None
    await send_back(session, done[0], ticket, text="", calendars=calendars, by=SYSTEM, now=now)
    return done[0]
