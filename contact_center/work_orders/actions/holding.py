"""What every step of a work order begins and ends with."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.alerts.actions import alert
from contact_center.errors import Stale
from contact_center.events.rules import Actor, agent_id
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import Status, Ticket
from contact_center.work_orders import queries, rules
from contact_center.work_orders.models import (
    WITH_TEAM,
    EntryKind,
    WorkOrder,
    WorkOrderEntry,
)


async def lock(session: AsyncSession, order_id: int) -> tuple[WorkOrder, Ticket]:
    """A work order and its ticket as they are now; nobody else changes either."""
    order = await queries.get_work_order(session, order_id)
    ticket = await ticket_queries.lock_ticket(session, order.ticket_id)
    order = await queries.get_work_order(session, order_id)
    if order.ticket_id != ticket.id:
        raise Stale(code="work_order.moved", reference=order.reference)
    return order, ticket


async def lock_as_member(
    session: AsyncSession, order_id: int, *, by: Actor, as_lead: bool
) -> tuple[WorkOrder, Ticket]:
    """For somebody of the team it was given to, or a lead. Raises Forbidden."""
    order, ticket = await lock(session, order_id)
    members = {agent.id for agent in await agents.members_of(session, order.team_id)}
    rules.check_is_member(order, by=by, members=members, lead=as_lead)
    return order, ticket


async def take_stock(session: AsyncSession, ticket: Ticket, *, by: Actor, now: datetime) -> None:
    """Count what blocks a locked ticket; it waits as long as a team has to do something."""
    orders = await queries.open_work_orders_of(session, ticket.id)
    blocking = [order for order in orders if order.blocks]
    ticket.open_work_orders = len(blocking)
    waits = any(order.state in WITH_TEAM for order in blocking)
    if waits and ticket.status is Status.OPEN:
        status = Status.WAITING_DEPARTMENT
        await tickets.wait(session, ticket.id, status=status, by=by, now=now)
    elif not waits and ticket.status is Status.WAITING_DEPARTMENT:
        await tickets.resume(session, ticket.id, by=by, now=now)


async def say(
    session: AsyncSession,
    ticket: Ticket,
    order: WorkOrder,
    kind: str,
    *,
    by: Actor,
    now: datetime,
    **facts: Any,
) -> None:
    tickets.touch(ticket, now=now)
    facts = {"work_order": order.id, **facts}
    await tickets.say(session, ticket, f"work_order.{kind}", by=by, now=now, **facts)


def write_down(
    session: AsyncSession,
    order: WorkOrder,
    kind: EntryKind,
    text: str,
    *,
    by: Actor,
    now: datetime,
    team_id: int | None = None,
) -> None:
    session.add(
        WorkOrderEntry(
            work_order_id=order.id,
            kind=kind,
            text=text,
            author_id=agent_id(by),
            team_id=team_id,
            at=now,
        )
    )


async def tell(
    session: AsyncSession,
    ticket: Ticket,
    order: WorkOrder,
    kind: str,
    *,
    to: Collection[int | None],
    by: Actor,
    now: datetime,
    **facts: Any,
) -> None:
    """Alert those whom a step concerns, and who stands in for them; whoever took it knows."""
    team = await agents.get_team(session, order.team_id)
    facts = {"work_order": order.reference, "team": team.name, "by": agent_id(by), **facts}
    told = await agents.who_hears(session, to, about=ticket.about_agent_id, now=now)
    await alert(
        session,
        to=told - {agent_id(by)},
        kind=f"work_order.{kind}",
        facts=facts,
        ticket_id=ticket.id,
        key=f"work_order.{kind}:{order.id}:{order.version}",
        now=now,
    )


async def tell_team(
    session: AsyncSession,
    ticket: Ticket,
    order: WorkOrder,
    kind: str,
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Whoever has signed, else everybody in the team."""
    members = [agent.id for agent in await agents.members_of(session, order.team_id)]
    to = [order.assignee_id] if order.assignee_id in members else members
    await tell(session, ticket, order, kind, to=to, by=by, now=now)
