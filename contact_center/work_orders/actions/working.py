"""What the team does that was asked. Callers own the transaction."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.alerts.queries import leads_of
from contact_center.errors import Conflict, Invalid
from contact_center.events.rules import Actor, agent_id
from contact_center.supervision import actions as supervision
from contact_center.tickets.actions import hold_acting_agent
from contact_center.tickets.models import Ticket
from contact_center.work_orders import rules
from contact_center.work_orders.actions import timing
from contact_center.work_orders.actions.approving import who_may_extend
from contact_center.work_orders.actions.holding import (
    lock,
    lock_as_member,
    say,
    take_stock,
    tell,
    write_down,
)
from contact_center.work_orders.models import (
    EntryKind,
    IllegalStep,
    WorkOrder,
    WorkOrderState,
)
from contact_center.work_orders.rules import check_text

_S = WorkOrderState
_BEFORE_WORK = frozenset({_S.SIGNED, _S.REDO, _S.EXTENSION_REQUESTED})


async def sign(
    session: AsyncSession, order_id: int, *, by: Actor, now: datetime, as_lead: bool = False
) -> WorkOrder:
    """Take the work on; exactly one does."""
    order, ticket = await lock_as_member(session, order_id, by=by, as_lead=as_lead)
    agent = await hold_acting_agent(session, by)
    if order.state is WorkOrderState.SIGNED and order.assignee_id not in (None, agent.id):
        raise IllegalStep(code="work_order.signed_already", reference=order.reference)
    order.move(WorkOrderState.SIGNED)
    order.assignee_id, order.signed_at = agent.id, now
    said = await timing.done(session, ticket, order, timing.SIGN_FOR, now=now)
    await say(session, ticket, order, "signed", by=by, now=now, clocks=said)
    return order


async def start(
    session: AsyncSession, order_id: int, *, by: Actor, now: datetime, as_lead: bool = False
) -> WorkOrder:
    order, ticket = await lock_as_member(session, order_id, by=by, as_lead=as_lead)
    await _start(session, order, ticket, by=by, now=now)
    return order


async def arrive(
    session: AsyncSession, order_id: int, *, by: Actor, now: datetime, as_lead: bool = False
) -> WorkOrder:
    """Whoever visits the customer is there: the work begins."""
    order, ticket = await lock_as_member(session, order_id, by=by, as_lead=as_lead)
    if not order.is_visit:
        raise Conflict(code="work_order.no_visit", reference=order.reference)
    if order.arrived_at is not None:
        raise Conflict(code="work_order.arrived_already", reference=order.reference)
    if order.state is not WorkOrderState.IN_PROGRESS:
        await _start(session, order, ticket, by=by, now=now)
    order.arrived_at = now
    await say(session, ticket, order, "arrived", by=by, now=now)
    return order


async def ask_extension(
    session: AsyncSession,
    order_id: int,
    *,
    until: datetime,
    lead_extends: timedelta,
    text: str,
    by: Actor,
    now: datetime,
    as_lead: bool = False,
) -> WorkOrder:
    """Ask for more time: once, and before it has run out. A lead of the owner decides.

    More than `lead_extends` beyond when it is due only a manager grants.
    Raises Conflict, Invalid.
    """
    order, ticket = await lock_as_member(session, order_id, by=by, as_lead=as_lead)
    text = check_text(text, missing="work_order.say_why_longer")
    rules.check_extension(order, until=until, now=now)
    order.move(WorkOrderState.EXTENSION_REQUESTED)
    order.extension_until = until
    write_down(session, order, EntryKind.EXTENSION_REQUESTED, text, by=by, now=now)
    facts = {"until": until.isoformat()}
    await say(session, ticket, order, "extension_requested", by=by, now=now, **facts)
    long = rules.is_long(order, lead_extends=lead_extends)
    deciders = await who_may_extend(session, ticket, asked_by=agent_id(by), long=long)
    to = {ticket.owner_id, *deciders}
    await tell(session, ticket, order, "extension_requested", to=to, by=by, now=now)
    return order


async def finish(
    session: AsyncSession,
    order_id: int,
    *,
    text: str,
    by: Actor,
    now: datetime,
    as_lead: bool = False,
) -> WorkOrder:
    """The team is done. The owner looks at it, and answers the customer: nothing is resolved."""
    order, ticket = await lock_as_member(session, order_id, by=by, as_lead=as_lead)
    text = check_text(text, missing="work_order.say_done")
    if order.is_visit and order.arrived_at is None:
        raise Conflict(code="work_order.arrive_first", reference=order.reference)
    if order.state in _BEFORE_WORK:
        await _start(session, order, ticket, by=by, now=now)
    order.move(WorkOrderState.FINISHED)
    order.finished_at = now
    write_down(session, order, EntryKind.FINISHED, text, by=by, now=now)
    said = await timing.done(session, ticket, order, timing.FINISH, now=now)
    await say(session, ticket, order, "finished", by=by, now=now, clocks=said, team=order.team_id)
    to = {ticket.owner_id, order.issued_by_id}
    await tell(session, ticket, order, "finished", to=to, by=by, now=now)
    await take_stock(session, ticket, by=by, now=now)
    return order


async def give_back(
    session: AsyncSession,
    order_id: int,
    *,
    text: str,
    by: Actor,
    now: datetime,
    suggested_team_id: int | None = None,
    as_lead: bool = False,
) -> WorkOrder:
    """Not for this team. Who asked sends it elsewhere; from the second time on a lead does."""
    order, ticket = await lock_as_member(session, order_id, by=by, as_lead=as_lead)
    text = check_text(text, missing="work_order.say_why_returned")
    if suggested_team_id == order.team_id:
        raise Invalid(code="work_order.suggest_another")
    if suggested_team_id is not None:
        await agents.get_team(session, suggested_team_id)
    rules.check_return(order, now=now)
    order.move(WorkOrderState.RETURNED)
    order.assignee_id = None  # nobody has to hand over what is with nobody
    order.return_count += 1
    order.suggested_team_id = suggested_team_id
    facts = {"team": order.team_id, "suggested": suggested_team_id, "count": order.return_count}
    write_down(session, order, EntryKind.RETURNED, text, by=by, now=now, team_id=suggested_team_id)
    said = await timing.drop(session, ticket, order, now=now)
    await say(session, ticket, order, "returned", by=by, now=now, clocks=said, **facts)
    await tell(
        session,
        ticket,
        order,
        "returned",
        to=await _deciding(session, ticket, order),
        by=by,
        now=now,
    )
    if order.return_count >= rules.SUPERVISED:
        facts = {"work_order": order.id}
        await supervision.order(session, ticket, cause="returns", now=now, facts=facts)
    await take_stock(session, ticket, by=by, now=now)
    return order


async def comment(
    session: AsyncSession, order_id: int, *, text: str, by: Actor, now: datetime
) -> WorkOrder:
    """Who asked and who works on it tell each other something. Callers check who may."""
    order, ticket = await lock(session, order_id)
    text = check_text(text, missing="work_order.say_something")
    write_down(session, order, EntryKind.COMMENT, text, by=by, now=now)
    order.version += 1
    await say(session, ticket, order, "commented", by=by, now=now)
    return order


async def _deciding(session: AsyncSession, ticket: Ticket, order: WorkOrder) -> set[int | None]:
    """Who says where returned work goes: first who asked for it, then the leads."""
    asked: set[int | None] = {ticket.owner_id, order.issued_by_id}
    if order.return_count < rules.LEAD_DECIDES:
        return asked
    leads = await leads_of(session, ticket.team_id, about=ticket.about_agent_id)
    return asked | {lead.id for lead in leads}


async def _start(
    session: AsyncSession, order: WorkOrder, ticket: Ticket, *, by: Actor, now: datetime
) -> None:
    if order.state is WorkOrderState.EXTENSION_REQUESTED:
        order.extension_granted = False  # what they asked for is no longer needed
    order.move(WorkOrderState.IN_PROGRESS)
    order.started_at = order.started_at or now
    if order.assignee_id is None and agent_id(by) is not None:
        order.assignee_id = (await hold_acting_agent(session, by)).id
    await say(session, ticket, order, "started", by=by, now=now)
