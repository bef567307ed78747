"""Leads look after messages that could not become part of a ticket."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from contact_center.channels.base import LONGEST_TEXT
from contact_center.events.rules import Actor
from contact_center.ledger import actions, queries
from contact_center.ledger.models import Outcome, Quarantined
from contact_center.web.arguments import Id
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("quarantine")


class QuarantinedView(BaseModel):
    id: int
    channel: str
    external_id: str
    reason: str
    received_at: datetime
    released_at: datetime | None
    discard_reason: str | None


class QuarantinedMessage(QuarantinedView):
    payload: dict[str, Any] = Field(description="the message, or what there was of it")


class Release(BaseModel):
    """What the message lacked, where it lacked something."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)] | None = None
    address: Annotated[str, Field(min_length=1, max_length=320)] | None = None


class Discard(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class Released(BaseModel):
    outcome: Outcome
    ticket_id: int | None
    reason: str | None = Field(description="why it is in quarantine again, under a new id")


@routes.get("/quarantine", permission=Permission.QUARANTINE)
async def list_quarantined_messages(
    call: Call, after: Cursor | None = None, limit: Limit = 50
) -> Page[QuarantinedView]:
    """List messages in quarantine, the newest first."""
    (before,) = read_cursor(after, int) or (None,)
    found = await queries.quarantined(call.session, before=before, limit=limit + 1)
    return page_of(found, limit=limit, key=lambda kept: (kept.id,), show=_view)


@routes.get("/quarantine/{quarantined_id}", permission=Permission.QUARANTINE)
async def show_quarantined_message(call: Call, quarantined_id: Id) -> QuarantinedMessage:
    """Show a message in quarantine with all that came."""
    kept = await queries.get_quarantined(call.session, quarantined_id)
    return QuarantinedMessage(**_view(kept).model_dump(), payload=kept.payload)


@routes.post(
    "/quarantine/{quarantined_id}/release",
    permission=Permission.QUARANTINE,
    transaction=False,
    status=200,
    errors=(409, 503),
)
async def release_quarantined_message(call: Call, quarantined_id: Id, body: Release) -> Released:
    """Hand a message in again, with what it lacked."""
    runtime, by = call.runtime, Actor(call.principal.actor)
    async with runtime.db.begin() as session:
        inbound = await actions.take_out(
            session, quarantined_id, text=body.text, address=body.address
        )
    receipt = await runtime.inbox.submit(inbound)
    async with runtime.db.begin() as session:
        await actions.finish_release(session, quarantined_id, receipt, by=by, now=call.now)
    return Released(
        outcome=Outcome(receipt.outcome), ticket_id=receipt.ticket_id, reason=receipt.reason
    )


@routes.post(
    "/quarantine/{quarantined_id}/discard",
    permission=Permission.QUARANTINE,
    status=204,
    errors=(409,),
)
async def discard_quarantined_message(call: Call, quarantined_id: Id, body: Discard) -> None:
    """Take a message out of quarantine without a ticket, and say why."""
    await actions.discard(
        call.session,
        quarantined_id,
        reason=body.reason,
        by=Actor(call.principal.actor),
        now=call.now,
    )


def _view(kept: Quarantined) -> QuarantinedView:
    return QuarantinedView.model_validate(kept, from_attributes=True)
