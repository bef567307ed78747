"""Supervision orders over HTTP: taken, instructed, ended by a lead or a manager."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from contact_center.events.rules import agent
from contact_center.supervision import actions, queries
from contact_center.supervision.models import Cause, SupervisionOrder
from contact_center.tickets.api.views import reader_of
from contact_center.tickets.queries import get_ticket
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("supervision")
OVERRIDE = Permission.TICKETS_OVERRIDE

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class OrderView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    ticket_id: int
    cause: Cause
    facts: dict[str, Any]
    opened_at: datetime
    supervisor_id: int | None
    taken_at: datetime | None
    instruction: str | None
    instructed_at: datetime | None
    explanation: str | None
    ended_by_id: int | None
    ended_at: datetime | None


class Instruction(Body):
    text: Words


class Ending(Body):
    explanation: Words


@routes.get("/supervision", permission=OVERRIDE)
async def list_supervision_orders(
    call: Call, ended: bool = False, after: Cursor | None = None, limit: Limit = 50
) -> Page[OrderView]:
    """List orders to supervise tickets, the oldest first; with `ended` those too that are over."""
    (last,) = read_cursor(after, int) or (0,)
    rows = await queries.page_of_orders(
        call.session,
        reader=reader_of(call),
        only_open=not ended,
        after=last,
        limit=limit + 1,
    )
    return page_of(rows, limit=limit, key=lambda order: (order.id,), show=_view)


@routes.get("/tickets/{ticket_id}/supervision", permission=Permission.TICKETS_READ)
async def list_supervision_of_ticket(call: Call, ticket_id: Id) -> list[OrderView]:
    """List the orders to supervise a ticket, the oldest first."""
    await get_ticket(call.session, ticket_id)
    return [_view(order) for order in await queries.orders_of(call.session, ticket_id)]


@routes.put("/supervision/{order_id}/taking", permission=OVERRIDE, errors=(409,))
async def take_supervision_order(call: Call, order_id: Id) -> OrderView:
    """Look after a ticket from now on."""
    by = agent(call.agent.id)
    return _view(await actions.take(call.session, order_id, by=by, now=call.now))


@routes.put("/supervision/{order_id}/instruction", permission=OVERRIDE, errors=(409,))
async def instruct_supervised(call: Call, order_id: Id, body: Instruction) -> OrderView:
    """Say what is to be done; owner and assignee are told."""
    by = agent(call.agent.id)
    return _view(
        await actions.instruct(call.session, order_id, text=body.text, by=by, now=call.now)
    )


@routes.put("/supervision/{order_id}/ending", permission=OVERRIDE, errors=(409,))
async def end_supervision(call: Call, order_id: Id, body: Ending) -> OrderView:
    """End it with an explanation of what became of it."""
    by = agent(call.agent.id)
    return _view(
        await actions.end(call.session, order_id, explanation=body.explanation, by=by, now=call.now)
    )


def _view(order: SupervisionOrder) -> OrderView:
    return OrderView.model_validate(order)
