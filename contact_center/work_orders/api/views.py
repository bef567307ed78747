"""What callers are shown of work orders, and what all these routes share."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contact_center.tickets.api.views import actor, reader_of
from contact_center.tickets.queries import check_may_see
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.work_orders import queries
from contact_center.work_orders.models import EntryKind, WorkOrder, WorkOrderState
from contact_center.work_orders.rules import LONGEST_TEXT

READ, WRITE = Permission.TICKETS_READ, Permission.TICKETS_WRITE
OVERRIDE = Permission.TICKETS_OVERRIDE
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)
]
Rest = Annotated[str, Field(max_length=LONGEST_TEXT)]


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


class Why(Body):
    text: Text


def by_caller(call: Call) -> dict[str, Any]:
    return {"by": actor(call), "now": call.now}


async def seen(call: Call, order_id: int) -> WorkOrder:
    """Raises Forbidden where it is for a complaint the caller may not see."""
    order = await queries.get_work_order(call.session, order_id)
    await check_may_see(call.session, order.ticket_id, reader=reader_of(call))
    return order


async def show(call: Call, order: WorkOrder) -> WorkOrderView:
    [view] = await show_all(call, [order])
    return view


async def show_all(call: Call, orders: Sequence[WorkOrder]) -> list[WorkOrderView]:
    entries = await queries.entries_of(call.session, [order.id for order in orders])
    plain = WorkOrderView.model_fields.keys() - {"entries"}
    return [
        WorkOrderView(
            **{name: getattr(order, name) for name in plain},
            entries=[EntryView.model_validate(entry) for entry in entries[order.id]],
        )
        for order in orders
    ]
