"""Work orders over HTTP: asking a team for work, and what it does. A state is a resource."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contact_center.tickets.api.views import actor, lock, reader_of
from contact_center.tickets.queries import check_may_see, get_ticket
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes
from contact_center.web.timestamps import Timestamp, read_moment
from contact_center.work_orders import queries
from contact_center.work_orders.actions import asking, issuing, passing, working
from contact_center.work_orders.models import EntryKind, WorkOrder, WorkOrderState
from contact_center.work_orders.rules import LONGEST_TEXT, Visit

routes = Routes("work-orders")
READ, WRITE = Permission.TICKETS_READ, Permission.TICKETS_WRITE
OVERRIDE = Permission.TICKETS_OVERRIDE

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)
]
Rest = Annotated[str, Field(max_length=LONGEST_TEXT)]
Kind = Annotated[str, Field(min_length=1, max_length=64)]


class EntryView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    kind: EntryKind
    text: str
    author_id: int | None
    team_id: int | None
    at: datetime


class WorkOrderView(BaseModel):
    id: int
    reference: str = Field(description="what it is called by people")
    ticket_id: int
    kind: str = Field(description="one of GET /work-order-types")
    state: WorkOrderState
    task: str
    team_id: int
    assignee_id: int | None = Field(description="who has signed it")
    issued_by_id: int | None
    is_blocking: bool
    blocks: bool = Field(description="the ticket cannot be resolved because of it")
    waived_at: datetime | None
    calendar: str = Field(description="in whose business time the targets run")
    sign_target: str = Field(examples=["4bh"])
    finish_target: str
    sign_due_at: datetime
    finish_due_at: datetime
    issued_at: datetime
    signed_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    ended_at: datetime | None
    extension_until: datetime | None
    extension_granted: bool | None
    return_count: int
    suggested_team_id: int | None
    redo_count: int
    rating: int | None = Field(description="1 to 5, by the owner for the team")
    is_visit: bool
    location: str | None
    skill: str | None
    appointment_from: datetime | None
    appointment_until: datetime | None
    arrived_at: datetime | None
    version: int
    entries: list[EntryView] = Field(description="what was written at each step")


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


class Why(Body):
    text: Text


class Return(Why):
    suggested_team_id: Id | None = None


class Redirection(Body):
    team_id: Id
    text: Rest = ""


class Extension(Why):
    until: Timestamp


class Colleague(Body):
    agent_id: Id
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
    return await _views(call, await queries.work_orders_of(call.session, ticket_id))


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
    return await _view(call, order)


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
    shown = await _views(call, rows)
    return page_of(
        shown, limit=limit, key=lambda o: (o.finish_due_at.isoformat(), o.id), show=lambda o: o
    )


@routes.get("/work-orders/{order_id}", permission=READ)
async def show_work_order(call: Call, order_id: Id) -> WorkOrderView:
    """Show a work order with what was written at each step."""
    return await _view(call, await _seen(call, order_id))


@routes.put("/work-orders/{order_id}/signature", permission=WRITE, errors=(409,))
async def sign_work_order(call: Call, order_id: Id) -> WorkOrderView:
    """Take the work on, as a member of the team."""
    return await _view(call, await working.sign(call.session, order_id, **_member(call)))


@routes.put("/work-orders/{order_id}/work", permission=WRITE, errors=(409,))
async def start_work(call: Call, order_id: Id) -> WorkOrderView:
    """Begin with the work."""
    return await _view(call, await working.start(call.session, order_id, **_member(call)))


@routes.put("/work-orders/{order_id}/arrival", permission=WRITE, errors=(409,))
async def arrive_at_customer(call: Call, order_id: Id) -> WorkOrderView:
    """Say that whoever visits the customer is there."""
    return await _view(call, await working.arrive(call.session, order_id, **_member(call)))


@routes.put("/work-orders/{order_id}/result", permission=WRITE, errors=(409,))
async def finish_work_order(call: Call, order_id: Id, body: Why) -> WorkOrderView:
    """Say what was done. The ticket's owner verifies it and answers the customer."""
    order = await working.finish(call.session, order_id, text=body.text, **_member(call))
    return await _view(call, order)


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
    return await _view(call, order)


@routes.put("/work-orders/{order_id}/extension", permission=WRITE, errors=(409,))
async def ask_for_more_time(call: Call, order_id: Id, body: Extension) -> WorkOrderView:
    """Ask for more time: once, and before the work is due. A lead of the owner decides."""
    order = await working.ask_extension(
        call.session, order_id, until=body.until, text=body.text, **_member(call)
    )
    return await _view(call, order)


@routes.put("/work-orders/{order_id}/assignee", permission=WRITE, errors=(409,))
async def hand_work_on(call: Call, order_id: Id, body: Colleague) -> WorkOrderView:
    """Give signed work to a colleague in the team, as who has it, or as a lead.

    What nobody has any more, or who has it is absent, anybody in the team may take or give.
    """
    order = await passing.give(
        call.session, order_id, to=body.agent_id, text=body.text, **_member(call)
    )
    return await _view(call, order)


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
        **_by(call),
    )
    return await _view(call, order)


@routes.put("/work-orders/{order_id}/extension/decision", permission=WRITE, errors=(409,))
async def decide_on_more_time(call: Call, order_id: Id, body: Decision) -> WorkOrderView:
    """Grant or decline more time, as a lead of who answers for the ticket.

    Leads decide neither what they have asked for nor on their own tickets: managers do.
    """
    order = await issuing.decide_extension(
        call.session,
        order_id,
        granted=body.granted,
        text=body.text,
        as_lead=call.principal.may(OVERRIDE),
        **_by(call),
    )
    return await _view(call, order)


@routes.put("/work-orders/{order_id}/verification", permission=WRITE, errors=(409,))
async def verify_work(call: Call, order_id: Id, body: Verification) -> WorkOrderView:
    """Say that the work is good, as who answers for the ticket, and how it was to work together."""
    order = await issuing.verify(
        call.session, order_id, rating=body.rating, text=body.text, **_by(call)
    )
    return await _view(call, order)


@routes.post("/work-orders/{order_id}/redos", permission=WRITE, errors=(409,), idempotent=True)
async def send_work_back(call: Call, order_id: Id, body: Why) -> WorkOrderView:
    """Have it done again, in half of the first time; the third time a supervisor looks after it."""
    order = await issuing.redo(
        call.session,
        order_id,
        text=body.text,
        calendars=call.runtime.policies.calendars,
        **_by(call),
    )
    return await _view(call, order)


@routes.put("/work-orders/{order_id}/waiver", permission=WRITE, errors=(409,))
async def waive_work_order(call: Call, order_id: Id, body: Why) -> WorkOrderView:
    """Let the ticket go on without it, as who answers for the ticket."""
    order = await issuing.waive(call.session, order_id, text=body.text, **_by(call))
    return await _view(call, order)


@routes.put("/work-orders/{order_id}/cancellation", permission=WRITE, errors=(409,))
async def withdraw_work_order(call: Call, order_id: Id, body: Why) -> WorkOrderView:
    """Withdraw work that is no longer needed."""
    await _lock_ticket(call, order_id)
    order = await issuing.withdraw(call.session, order_id, text=body.text, **_by(call))
    return await _view(call, order)


@routes.post("/work-orders/{order_id}/comments", permission=WRITE, idempotent=True)
async def comment_on_work_order(call: Call, order_id: Id, body: Why) -> WorkOrderView:
    """Tell those who ask and those who work something."""
    await _seen(call, order_id)
    return await _view(
        call, await working.comment(call.session, order_id, text=body.text, **_by(call))
    )


def _by(call: Call) -> dict[str, Any]:
    return {"by": actor(call), "now": call.now}


def _member(call: Call) -> dict[str, Any]:
    return {**_by(call), "as_lead": call.principal.may(OVERRIDE)}


async def _lock_ticket(call: Call, order_id: int) -> None:
    """Whoever works on the ticket, or a lead. Raises Forbidden."""
    await lock(call, (await _seen(call, order_id)).ticket_id)


async def _seen(call: Call, order_id: int) -> WorkOrder:
    """Raises Forbidden where it is for a complaint the caller may not see."""
    order = await queries.get_work_order(call.session, order_id)
    await check_may_see(call.session, order.ticket_id, reader=reader_of(call))
    return order


async def _view(call: Call, order: WorkOrder) -> WorkOrderView:
    [view] = await _views(call, [order])
    return view


async def _views(call: Call, orders: Sequence[WorkOrder]) -> list[WorkOrderView]:
    entries = await queries.entries_of(call.session, [order.id for order in orders])
    plain = WorkOrderView.model_fields.keys() - {"entries"}
    return [
        WorkOrderView(
            **{name: getattr(order, name) for name in plain},
            entries=[EntryView.model_validate(entry) for entry in entries[order.id]],
        )
        for order in orders
    ]
