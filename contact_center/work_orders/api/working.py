"""What a team does with the work it was asked for, over HTTP. A state is a resource."""

from typing import Any

from contact_center.tickets.api.views import reader_of
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.routes import Routes
from contact_center.web.timestamps import Timestamp, read_moment
from contact_center.work_orders import queries
from contact_center.work_orders.actions import passing, working
from contact_center.work_orders.api.views import (
    OVERRIDE,
    READ,
    WRITE,
    Rest,
    Why,
    WorkOrderView,
    by_caller,
    seen,
    show,
    show_all,
)
from contact_center.work_orders.models import WorkOrderState

routes = Routes("work-orders")


class Return(Why):
    suggested_team_id: Id | None = None


class Extension(Why):
    until: Timestamp


class Colleague(Body):
    agent_id: Id
    text: Rest = ""


@routes.get("/work-orders", permission=READ)
async def list_work_orders(
    call: Call,
    team_id: Id | None = None,
    state: WorkOrderState | None = None,
    after: Cursor | None = None,
    limit: Limit = 50,
) -> Page[WorkOrderView]:
    """List work orders, the first due first; without a state those that are open."""
    key = read_cursor(after, str, int)
    rows = await queries.page_of_work_orders(
        call.session,
        team_ids=None if team_id is None else [team_id],
        state=state,
        open_only=state is None,
        reader=reader_of(call),
        after=(read_moment(key[0]), key[1]) if key else None,
        limit=limit + 1,
    )
    shown = await show_all(call, rows)
    return page_of(
        shown, limit=limit, key=lambda o: (o.finish_due_at.isoformat(), o.id), show=lambda o: o
    )


@routes.get("/work-orders/{order_id}", permission=READ)
async def show_work_order(call: Call, order_id: Id) -> WorkOrderView:
    """Show a work order with what was written at each step."""
    return await show(call, await seen(call, order_id))


@routes.put("/work-orders/{order_id}/signature", permission=WRITE, errors=(409,))
async def sign_work_order(call: Call, order_id: Id) -> WorkOrderView:
    """Take the work on, as a member of the team."""
    return await show(call, await working.sign(call.session, order_id, **_member(call)))


@routes.put("/work-orders/{order_id}/work", permission=WRITE, errors=(409,))
async def start_work(call: Call, order_id: Id) -> WorkOrderView:
    """Begin with the work."""
    return await show(call, await working.start(call.session, order_id, **_member(call)))


@routes.put("/work-orders/{order_id}/arrival", permission=WRITE, errors=(409,))
async def arrive_at_customer(call: Call, order_id: Id) -> WorkOrderView:
    """Say that whoever visits the customer is there."""
    return await show(call, await working.arrive(call.session, order_id, **_member(call)))


@routes.put("/work-orders/{order_id}/result", permission=WRITE, errors=(409,))
async def finish_work_order(call: Call, order_id: Id, body: Why) -> WorkOrderView:
    """Say what was done. The ticket's owner verifies it and answers the customer."""
    order = await working.finish(call.session, order_id, text=body.text, **_member(call))
    return await show(call, order)


@routes.post("/work-orders/{order_id}/returns", permission=WRITE, errors=(409,), idempotent=True)
async def return_work_order(call: Call, order_id: Id, body: Return) -> WorkOrderView:
    """Give work back that is not for the team, while it could still be signed in time."""
    order = await working.give_back(
        call.session,
        order_id,
        text=body.text,
        suggested_team_id=body.suggested_team_id,
        **_member(call),
    )
    return await show(call, order)


@routes.put("/work-orders/{order_id}/extension", permission=WRITE, errors=(409,))
async def ask_for_more_time(call: Call, order_id: Id, body: Extension) -> WorkOrderView:
    """Ask for more time: once, and before the work is due.

    A lead of the owner decides; on more than `[work_orders] lead_extends_days`, a manager.
    """
    order = await working.ask_extension(
        call.session,
        order_id,
        until=body.until,
        lead_extends=call.runtime.settings.work_orders.lead_extends,
        text=body.text,
        **_member(call),
    )
    return await show(call, order)


@routes.put("/work-orders/{order_id}/assignee", permission=WRITE, errors=(409,))
async def hand_work_on(call: Call, order_id: Id, body: Colleague) -> WorkOrderView:
    """Give signed work to a colleague in the team, as who has it, or as a lead.

    What nobody has any more, or who has it is absent, anybody in the team may take or give.
    """
    order = await passing.give(
        call.session, order_id, to=body.agent_id, text=body.text, **_member(call)
    )
    return await show(call, order)


@routes.post("/work-orders/{order_id}/comments", permission=WRITE, idempotent=True)
async def comment_on_work_order(call: Call, order_id: Id, body: Why) -> WorkOrderView:
    """Tell those who ask and those who work something."""
    await seen(call, order_id)
    return await show(
        call, await working.comment(call.session, order_id, text=body.text, **by_caller(call))
    )


def _member(call: Call) -> dict[str, Any]:
    return {**by_caller(call), "as_lead": call.principal.may(OVERRIDE)}
