"""What leaves, over HTTP: what was given up on, and trying again."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from contact_center.deliveries.models import DeliveryStatus
from contact_center.deliveries.queries import count_waiting, dead_deliveries, get_delivery
from contact_center.messages.actions import retry_delivery
from contact_center.tickets.api.views import actor
from contact_center.web.arguments import Id
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("deliveries")
READ = Permission.DELIVERIES_READ


class DeliveryView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    channel: str
    kind: str = Field(examples=["reply", "notice", "survey", "digest", "webhook"])
    status: DeliveryStatus
    ticket_id: int | None
    message_id: int | None
    attempts: int
    max_attempts: int
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None


class Outbox(BaseModel):
    pending: int
    leased: int = Field(description="being sent at this moment")
    dead: int = Field(description="given up on")


@routes.get("/deliveries", permission=READ)
async def count_deliveries(call: Call) -> Outbox:
    """Count what waits to be sent and what was given up on."""
    return Outbox(**dict.fromkeys(Outbox.model_fields, 0) | await count_waiting(call.session))


@routes.get("/deliveries/dead", permission=READ)
async def list_dead_deliveries(
    call: Call, after: Cursor | None = None, limit: Limit = 50
) -> Page[DeliveryView]:
    """List what was given up on, the newest first."""
    (last,) = read_cursor(after, int) or (None,)
    rows = await dead_deliveries(call.session, before=last, limit=limit + 1)
    return page_of(rows, limit=limit, key=lambda row: (row.id,), show=DeliveryView.model_validate)


@routes.get("/deliveries/{delivery_id}", permission=READ)
async def show_delivery(call: Call, delivery_id: Id) -> DeliveryView:
    """Show how something fares on its way out."""
    return DeliveryView.model_validate(await get_delivery(call.session, delivery_id))


@routes.post(
    "/deliveries/{delivery_id}/retries",
    permission=Permission.DELIVERIES_RETRY,
    status=202,
    errors=(409,),
)
async def retry_dead_delivery(call: Call, delivery_id: Id) -> DeliveryView:
    """Try again to send what was given up on."""
    delivery = await retry_delivery(call.session, delivery_id, by=actor(call), now=call.now)
    return DeliveryView.model_validate(delivery)
