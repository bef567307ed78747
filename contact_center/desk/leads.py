"""What leads look after: replies that did not arrive, messages kept aside."""

from datetime import timedelta
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.channels.base import LONGEST_TEXT
from contact_center.deliveries.queries import dead_deliveries, get_delivery
from contact_center.desk.login import Nothing
from contact_center.desk.render import page
from contact_center.desk.shell import surroundings
from contact_center.desk.ticket import state
from contact_center.errors import Forbidden
from contact_center.events.rules import Actor
from contact_center.ledger import actions as ledger
from contact_center.ledger.models import Outcome
from contact_center.ledger.queries import arrivals_by_outcome, quarantined
from contact_center.messages import actions as messages
from contact_center.messages.queries import latest_messages
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("desk", prefix="/desk", documented=False)

PAGE = 50


class ReleaseForm(BaseModel):
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    address: Annotated[str, Field(max_length=320)] = ""


class DiscardForm(BaseModel):
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


@routes.get("/undelivered", permission=Permission.DELIVERIES_READ)
async def show_undelivered(call: Call, before: Id | None = None) -> web.Response:
    found = await dead_deliveries(call.session, before=before, limit=PAGE + 1)
    shell = await surroundings(call, call.session, active="undelivered")
    return page(call, "undelivered.html", deliveries=found[:PAGE], more=_more(found), **shell)


@routes.post(
    "/deliveries/{delivery_id}/retry", permission=Permission.TICKETS_WRITE, transaction=False
)
async def retry_delivery(
    call: Call, delivery_id: Id, form: Form[Nothing], ticket: Id | None = None
) -> web.Response:
    """From the list, which only leads see, or from the ticket the message is on."""
    async with call.runtime.db.begin() as session:
        delivery = await get_delivery(session, delivery_id)
        is_here = ticket is not None and delivery.ticket_id == ticket and delivery.message_id
        if not is_here and not call.agent.may(Permission.DELIVERIES_RETRY):
            raise Forbidden(code="delivery.lead_retries")
        by = Actor(call.agent.actor)
        await messages.retry_delivery(session, delivery_id, by=by, now=call.now)
    if ticket is None:
        return page(call, "done.html", message="undelivered.retried")
    async with call.runtime.db.read() as session:
        found = await latest_messages(session, ticket)
        fresh = [message for message in found if message.id == delivery.message_id]
        return await state(call, session, ticket, fresh=fresh)


@routes.get("/quarantine", permission=Permission.QUARANTINE)
async def show_quarantine(call: Call, before: Id | None = None) -> web.Response:
    session = call.session
    found = await quarantined(session, before=before, limit=PAGE + 1)
    shell = await surroundings(call, session, active="quarantine")
    day = await arrivals_by_outcome(session, since=call.now - timedelta(days=1))
    return page(
        call,
        "quarantine.html",
        messages=found[:PAGE],
        more=_more(found),
        outcomes=[(outcome, day.get(outcome, 0)) for outcome in Outcome],
        received=sum(day.values()),
        **shell,
    )


@routes.post(
    "/quarantine/{quarantined_id}/release", permission=Permission.QUARANTINE, transaction=False
)
async def release_message(call: Call, quarantined_id: Id, form: Form[ReleaseForm]) -> web.Response:
    runtime, by = call.runtime, Actor(call.agent.actor)
    async with runtime.db.begin() as session:
        inbound = await ledger.take_out(
            session, quarantined_id, text=form.text or None, address=form.address or None
        )
    receipt = await runtime.inbox.submit(inbound)
    async with runtime.db.begin() as session:
        await ledger.finish_release(session, quarantined_id, receipt, by=by, now=call.now)
    return page(call, "released.html", receipt=receipt)


@routes.post("/quarantine/{quarantined_id}/discard", permission=Permission.QUARANTINE)
async def discard_message(call: Call, quarantined_id: Id, form: Form[DiscardForm]) -> web.Response:
    await ledger.discard(
        call.session,
        quarantined_id,
        reason=form.reason,
        by=Actor(call.agent.actor),
        now=call.now,
    )
    return page(call, "done.html", message="quarantine.discarded")


def _more(found: Any) -> int | None:
    """The id the next page comes before."""
    return found[PAGE - 1].id if len(found) > PAGE else None
