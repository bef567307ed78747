"""Asking a team for work over HTTP, and what those who asked decide about it."""

from typing import Annotated

from pydantic import BaseModel, Field

from contact_center.tickets.api.views import actor, lock
from contact_center.tickets.queries import get_ticket
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.routes import Routes
from contact_center.web.timestamps import Timestamp
from contact_center.work_orders import queries
from contact_center.work_orders.actions import asking, issuing
from contact_center.work_orders.api.views import (
    OVERRIDE,
    READ,
    WRITE,
    Rest,
    Text,
    Why,
    WorkOrderView,
    by_caller,
    seen,
    show,
    show_all,
)
from contact_center.work_orders.rules import Visit

routes = Routes("work-orders")
Kind = Annotated[str, Field(min_length=1, max_length=64)]


class TypeView(BaseModel):
    id: str
    title: dict[str, str] = Field(description="by language")
    sign_for: str = Field(examples=["4bh"])
    finish: str
    is_visit: bool = Field(description="needs a place and an appointment")


class VisitBody(Body):
    location: Annotated[str, Field(min_length=1, max_length=998)]
    appointment_from: Timestamp
    appointment_until: Timestamp
    skill: Annotated[str, Field(max_length=64)] | None = None


class NewWorkOrder(Body):
    kind: Kind
    team_id: Id
    task: Text
    is_blocking: bool = True
    visit: VisitBody | None = None


class Redirection(Body):
    team_id: Id
    text: Rest = ""


class Decision(Body):
    granted: bool
    text: Rest = ""


class Verification(Body):
    rating: Annotated[int, Field(ge=1, le=5)] | None = None
    text: Rest = ""


@routes.get("/work-order-types", permission=READ)
async def list_work_order_types(call: Call) -> list[TypeView]:
    """List the kinds of work that departments have promised times for."""
    return [
        TypeView(
            id=one.id,
            title=dict(one.title),
            sign_for=str(one.sign_for),
            finish=str(one.finish),
            is_visit=one.visit,
        )
        for one in call.runtime.policies.work_order_types.values()
    ]


@routes.get("/tickets/{ticket_id}/work-orders", permission=READ)
async def list_work_orders_of_ticket(call: Call, ticket_id: Id) -> list[WorkOrderView]:
    """List what was asked of teams for a ticket, the oldest first."""
    await get_ticket(call.session, ticket_id)
    return await show_all(call, await queries.work_orders_of(call.session, ticket_id))


@routes.post("/tickets/{ticket_id}/work-orders", permission=WRITE, errors=(409,), idempotent=True)
async def issue_work_order(call: Call, ticket_id: Id, body: NewWorkOrder) -> WorkOrderView:
    """Ask a team for work; its own promises, to sign for it and to finish it, run from now on.

    While it is blocking and open the ticket waits for the department and cannot be resolved.
    """
    ticket = await lock(call, ticket_id)
    asked = await asking.ask(
        call.session,
        ticket,
        call.runtime.policies,
        kind=body.kind,
        team_id=body.team_id,
        task=body.task,
        is_blocking=body.is_blocking,
        visit=Visit(**body.visit.model_dump()) if body.visit else None,
    )
    order = await issuing.issue(call.session, ticket_id, asked, by=actor(call), now=call.now)
    call.headers["Location"] = f"/api/v1/work-orders/{order.id}"
    return await show(call, order)


@routes.put("/work-orders/{order_id}/team", permission=WRITE, errors=(409,))
async def redirect_work_order(call: Call, order_id: Id, body: Redirection) -> WorkOrderView:
    """Send returned work to a team; after two returns only a lead may."""
    await _lock_ticket(call, order_id)
    order = await issuing.redirect(
        call.session,
        order_id,
        team_id=body.team_id,
        calendars=call.runtime.policies.calendars,
        text=body.text,
        as_lead=call.principal.may(OVERRIDE),
        **by_caller(call),
    )
    return await show(call, order)


@routes.put("/work-orders/{order_id}/extension/decision", permission=WRITE, errors=(409,))
async def decide_on_more_time(call: Call, order_id: Id, body: Decision) -> WorkOrderView:
    """Grant or decline more time, as a lead of who answers for the ticket.

    Leads decide neither what they have asked for nor on their own tickets: managers do. So they do
    on more than `[work_orders] lead_extends_days` beyond when the work is due.
    """
    order = await issuing.decide_extension(
        call.session,
        order_id,
        granted=body.granted,
        lead_extends=call.runtime.settings.work_orders.lead_extends,
        text=body.text,
        as_lead=call.principal.may(OVERRIDE),
        **by_caller(call),
    )
    return await show(call, order)


@routes.put("/work-orders/{order_id}/verification", permission=WRITE, errors=(409,))
async def verify_work(call: Call, order_id: Id, body: Verification) -> WorkOrderView:
    """Say that the work is good, as who answers for the ticket, and how it was to work together."""
    order = await issuing.verify(
        call.session, order_id, rating=body.rating, text=body.text, **by_caller(call)
    )
    return await show(call, order)


@routes.post("/work-orders/{order_id}/redos", permission=WRITE, errors=(409,), idempotent=True)
async def send_work_back(call: Call, order_id: Id, body: Why) -> WorkOrderView:
    """Have it done again, in half of the first time; the third time a supervisor looks after it."""
    order = await issuing.redo(
        call.session,
        order_id,
        text=body.text,
        calendars=call.runtime.policies.calendars,
        **by_caller(call),
    )
    return await show(call, order)


@routes.put("/work-orders/{order_id}/waiver", permission=WRITE, errors=(409,))
async def waive_work_order(call: Call, order_id: Id, body: Why) -> WorkOrderView:
    """Let the ticket go on without it, as who answers for the ticket."""
    order = await issuing.waive(call.session, order_id, text=body.text, **by_caller(call))
    return await show(call, order)


@routes.put("/work-orders/{order_id}/cancellation", permission=WRITE, errors=(409,))
async def withdraw_work_order(call: Call, order_id: Id, body: Why) -> WorkOrderView:
    """Withdraw work that is no longer needed."""
    await _lock_ticket(call, order_id)
    order = await issuing.withdraw(call.session, order_id, text=body.text, **by_caller(call))
    return await show(call, order)


async def _lock_ticket(call: Call, order_id: int) -> None:
    """Whoever works on the ticket, or a lead. Raises Forbidden."""
    await lock(call, (await seen(call, order_id)).ticket_id)
