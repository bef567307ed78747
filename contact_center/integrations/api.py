"""Administrators set up webhooks here."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool

from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.events.rules import Actor
from contact_center.integrations import actions
from contact_center.web.arguments import Id
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes
from contact_center.webhooks import queries, rules
from contact_center.webhooks.models import Endpoint

routes = Routes("webhooks")
ADMIN = Permission.WEBHOOKS_ADMIN

Url = Annotated[str, Field(min_length=1, max_length=2000, examples=["https://shop.example/hook"])]
Kind = Annotated[str, Field(max_length=64, pattern=rules.PATTERN)]
Kinds = Annotated[list[Kind], Field(min_length=1, max_length=50, examples=[["ticket.*"]])]
Description = Annotated[str, Field(max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewEndpoint(_Body):
    url: Url
    event_kinds: Kinds
    description: Description = ""


class EndpointChange(_Body):
    """What is left out stays."""

    url: Url | None = None
    event_kinds: Kinds | None = None
    description: Description | None = None
    active: StrictBool | None = None


class Replay(_Body):
    since: Annotated[AwareDatetime, Field(strict=True)]
    everything: StrictBool = False  # also what was taken


class EndpointView(BaseModel):
    id: int
    url: str
    description: str
    event_kinds: list[str]
    active: bool
    disabled_reason: str
    secrets_signing: int = Field(description="2 or more while a secret is being rotated")
    created_at: datetime


class EndpointWithSecret(EndpointView):
    secret: str = Field(description="signs from now on; shown only here")


class DeliveryView(BaseModel):
    id: int
    webhook_id: str
    type: str
    status: DeliveryStatus
    attempts: int
    max_attempts: int
    next_attempt_at: datetime | None
    answer: str | None = Field(description="to the call that was taken")
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None


class Replayed(BaseModel):
    deliveries: int


@routes.get("/webhook-endpoints", permission=ADMIN)
async def list_webhook_endpoints(call: Call) -> list[EndpointView]:
    """List webhook endpoints."""
    return [_view(call, endpoint) for endpoint in await queries.all_endpoints(call.session)]


@routes.post("/webhook-endpoints", permission=ADMIN)
async def create_webhook_endpoint(call: Call, body: NewEndpoint) -> EndpointWithSecret:
    """Have events sent to an address.

    The answer shows the secret that signs the calls: it is not shown again.
    """
    endpoint = await actions.create_endpoint(
        call.session,
        **body.model_dump(),
        by=_caller(call),
        now=call.now,
        random=call.runtime.random,
        settings=call.runtime.settings.webhooks,
    )
    return _with_secret(call, endpoint)


@routes.get("/webhook-endpoints/{endpoint_id}", permission=ADMIN)
async def show_webhook_endpoint(call: Call, endpoint_id: Id) -> EndpointView:
    """Show a webhook endpoint."""
    return _view(call, await queries.get_endpoint(call.session, endpoint_id))


@routes.patch("/webhook-endpoints/{endpoint_id}", permission=ADMIN)
async def edit_webhook_endpoint(call: Call, endpoint_id: Id, body: EndpointChange) -> EndpointView:
    """Change, disable or enable a webhook endpoint."""
    endpoint = await actions.edit_endpoint(
        call.session,
        endpoint_id,
        **body.model_dump(),
        by=_caller(call),
        now=call.now,
        settings=call.runtime.settings.webhooks,
    )
    return _view(call, endpoint)


@routes.delete("/webhook-endpoints/{endpoint_id}", permission=ADMIN)
async def delete_webhook_endpoint(call: Call, endpoint_id: Id) -> None:
    """Delete a webhook endpoint and its log."""
    await actions.delete_endpoint(call.session, endpoint_id, by=_caller(call), now=call.now)


@routes.post("/webhook-endpoints/{endpoint_id}/rotate", permission=ADMIN)
async def rotate_webhook_secret(call: Call, endpoint_id: Id) -> EndpointWithSecret:
    """Replace the secret.

    Calls carry signatures of both for 24 hours, so that the receiver can change over in peace.
    """
    endpoint = await actions.rotate_secret(
        call.session, endpoint_id, by=_caller(call), now=call.now, random=call.runtime.random
    )
    return _with_secret(call, endpoint)


@routes.post("/webhook-endpoints/{endpoint_id}/test", permission=ADMIN, status=202, errors=(409,))
async def call_webhook_endpoint(call: Call, endpoint_id: Id) -> None:
    """Send a call of type webhook.test; how it fared is in the log of deliveries."""
    await actions.send_test(
        call.session, endpoint_id, by=_caller(call), now=call.now, random=call.runtime.random
    )


@routes.get("/webhook-endpoints/{endpoint_id}/deliveries", permission=ADMIN)
async def list_webhook_deliveries(
    call: Call,
    endpoint_id: Id,
    status: DeliveryStatus | None = None,
    after: Cursor | None = None,
    limit: Limit = 50,
) -> Page[DeliveryView]:
    """List calls of an endpoint, the newest first."""
    await queries.get_endpoint(call.session, endpoint_id)
    (before,) = read_cursor(after, int) or (None,)
    found = await queries.deliveries_to(
        call.session, endpoint_id, status=status, before=before, limit=limit + 1
    )
    return page_of(found, limit=limit, key=lambda row: (row.id,), show=_delivery_view)


@routes.post(
    "/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/retry",
    permission=ADMIN,
    status=202,
    errors=(409,),
)
async def retry_webhook_delivery(call: Call, endpoint_id: Id, delivery_id: Id) -> None:
    """Make a call again, whether it had been taken or given up on."""
    await actions.retry(call.session, endpoint_id, delivery_id, by=_caller(call), now=call.now)


@routes.post("/webhook-endpoints/{endpoint_id}/replay", permission=ADMIN, status=202)
async def replay_webhook_deliveries(call: Call, endpoint_id: Id, body: Replay) -> Replayed:
    """Make calls again that were given up on, or with `everything` all since a time."""
    number = await actions.replay(
        call.session, endpoint_id, **body.model_dump(), by=_caller(call), now=call.now
    )
    return Replayed(deliveries=number)


def _caller(call: Call) -> Actor:
    return Actor(call.principal.actor)


def _view(call: Call, endpoint: Endpoint) -> EndpointView:
    return EndpointView(**_fields(call, endpoint))


def _with_secret(call: Call, endpoint: Endpoint) -> EndpointWithSecret:
    newest = rules.signing(endpoint.secrets, now=call.now)[0]
    return EndpointWithSecret(**_fields(call, endpoint), secret=newest)


def _fields(call: Call, endpoint: Endpoint) -> dict[str, object]:
    named = EndpointView.model_fields.keys() - {"secrets_signing"}
    signing = len(rules.signing(endpoint.secrets, now=call.now))
    return {name: getattr(endpoint, name) for name in named} | {"secrets_signing": signing}


def _delivery_view(delivery: Delivery) -> DeliveryView:
    waits = delivery.status in (DeliveryStatus.PENDING, DeliveryStatus.LEASED)
    return DeliveryView(
        id=delivery.id,
        webhook_id=delivery.idempotency_key,
        type=rules.kind_of(delivery.payload["text"]),
        status=delivery.status,
        attempts=delivery.attempts,
        max_attempts=delivery.max_attempts,
        next_attempt_at=delivery.available_at if waits else None,
        answer=delivery.network_id,
        last_error=delivery.last_error,
        created_at=delivery.created_at,
        sent_at=delivery.sent_at,
    )
