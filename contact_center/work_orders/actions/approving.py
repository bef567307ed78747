"""Who decides whether a team gets more time: whoever leads who answers for the ticket.

Callers own the transaction.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.agents.models import Agent
from contact_center.alerts.queries import leads_of
from contact_center.errors import Forbidden
from contact_center.events.rules import Actor, agent_id
from contact_center.tickets.actions import acting_agent
from contact_center.tickets.models import Ticket
from contact_center.work_orders import queries
from contact_center.work_orders.models import EntryKind, WorkOrder
from contact_center.work_orders.rules import is_long, may_extend


async def check_may_extend(
    session: AsyncSession,
    order: WorkOrder,
    ticket: Ticket,
    *,
    by: Actor,
    as_lead: bool,
    lead_extends: timedelta | None,
) -> None:
    """Neither the owner nor who asked for it, unless nobody is above them. Raises Forbidden.

    `lead_extends`: how much more time a lead may grant; None where nothing is granted.
    """
    refusal = Forbidden(
        code="work_order.lead_decides_extension", reference=order.reference, ticket=ticket.reference
    )
    if not as_lead:
        raise refusal
    if agent_id(by) is None:
        return  # another system with the permission
    approver = await acting_agent(session, by)
    owner = await _owner(session, ticket)
    asked_by = await queries.last_author(session, order.id, EntryKind.EXTENSION_REQUESTED)
    if not may_extend(approver, owner=owner, asked_by=asked_by):
        raise refusal
    if lead_extends is None or not is_long(order, lead_extends=lead_extends):
        return
    if not may_extend(approver, owner=owner, asked_by=asked_by, long=True):
        code = "work_order.manager_decides_extension"
        raise Forbidden(code=code, reference=order.reference, days=lead_extends.days)


async def who_may_extend(
    session: AsyncSession, ticket: Ticket, *, asked_by: int | None, long: bool
) -> set[int]:
    """Whom to ask: the leads of the ticket's team, or of all, as far as they may decide."""
    owner = await _owner(session, ticket)
    for team_id in (ticket.team_id, None):
        leads = await leads_of(session, team_id, about=ticket.about_agent_id)
        free = {
            one.id for one in leads if may_extend(one, owner=owner, asked_by=asked_by, long=long)
        }
        if free:
            return free
    return set()


async def _owner(session: AsyncSession, ticket: Ticket) -> Agent | None:
    return await agents.get_agent(session, ticket.owner_id) if ticket.owner_id else None
