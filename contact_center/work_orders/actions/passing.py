"""Work that was signed goes to a colleague of the same team. Callers own the transaction."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.errors import Forbidden, Invalid
from contact_center.events.rules import Actor, agent_id
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import Ticket
from contact_center.work_orders import queries
from contact_center.work_orders.actions.holding import (
    lock_as_member,
    say,
    tell,
    tell_team,
    write_down,
)
from contact_center.work_orders.models import (
    WITH_COLLEAGUE,
    EntryKind,
    IllegalStep,
    WorkOrder,
)
from contact_center.work_orders.rules import LONGEST_TEXT


async def give(
    session: AsyncSession,
    order_id: int,
    *,
    to: int,
    by: Actor,
    now: datetime,
    text: str = "",
    as_lead: bool = False,
) -> WorkOrder:
    """Whoever signed it gives it to a colleague, or a lead does; what nobody has may be taken.

    Raises IllegalStep, Forbidden, Invalid, Conflict, and Absent with the deputy.
    """
    order, ticket = await lock_as_member(session, order_id, by=by, as_lead=as_lead)
    if order.state not in WITH_COLLEAGUE:
        raise IllegalStep(
            code="work_order.nobody_has_it", reference=order.reference, state=order.state
        )
    if len(text) > LONGEST_TEXT:
        raise Invalid(code="work_order.text_too_long", most=LONGEST_TEXT)
    if not as_lead:
        await _check_may_give(session, order, by=by, now=now)
    if to == order.assignee_id:
        raise Invalid(code="work_order.same_agent", reference=order.reference)
    receiver = await tickets.hold_receiver(session, ticket, to, now=now)
    if receiver.id not in {one.id for one in await agents.members_of(session, order.team_id)}:
        raise Invalid(code="work_order.not_in_team", name=receiver.name, reference=order.reference)
    before, order.assignee_id = order.assignee_id, receiver.id
    order.version += 1
    write_down(session, order, EntryKind.HANDED_ON, text.strip(), by=by, now=now)
    facts = {"assignee": receiver.id, "before": before}
    await say(session, ticket, order, "handed_on", by=by, now=now, **facts)
    told, new = [before, receiver.id], receiver.id
    await tell(session, ticket, order, "handed_on", to=told, by=by, now=now, assignee=new)
    return order


async def free_recused(
    session: AsyncSession, ticket: Ticket, *, about: int, by: Actor, now: datetime
) -> None:
    """The locked ticket is a complaint about a colleague: who must not handle it loses the work."""
    for order in await queries.open_work_orders_of(session, ticket.id):
        before = order.assignee_id
        if before is None or not await agents.is_recused(session, before, about=about):
            continue
        order.assignee_id = None
        order.version += 1
        await say(session, ticket, order, "freed", by=by, now=now, before=before)
        await tell_team(session, ticket, order, "freed", by=by, now=now)


async def _check_may_give(
    session: AsyncSession, order: WorkOrder, *, by: Actor, now: datetime
) -> None:
    holder = order.assignee_id
    if holder is None or agent_id(by) == holder:
        return
    if (await agents.acting_for(session, [holder], now=now)).get(holder) == holder:
        raise Forbidden(code="work_order.not_yours", reference=order.reference)
