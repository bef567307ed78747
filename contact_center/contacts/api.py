"""Calls and visits over HTTP."""

import secrets
from typing import Annotated

from pydantic import Field, StringConstraints

from contact_center.channels.base import LONGEST_TEXT, Inbound, Sender
from contact_center.channels.media import Medium
from contact_center.contacts import actions
from contact_center.errors import Invalid
from contact_center.events.rules import agent
from contact_center.tickets.api.views import TicketView, show
from contact_center.tickets.models import Priority, TicketKind
from contact_center.tickets.queries import check_may_see, get_ticket
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("contacts")

Said = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)
]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]


class Contact(Body):
    """About a ticket there is, or by a customer who is known, or by somebody who is not."""

    medium: Medium
    text: Said = Field(description="what was asked, and what was answered")
    ticket_id: Id | None = None
    customer_id: Id | None = None
    name: Line = ""
    phone: Phone = Field("", description="needed of somebody who is not known")
    subject: Line = ""
    kind: TicketKind | None = None
    priority: Priority | None = None


@routes.post(
    "/contacts", permission=Permission.TICKETS_WRITE, transaction=False, errors=(404, 409, 503)
)
async def log_contact(call: Call, body: Contact) -> TicketView:
    """Write down a call or a visit.

    Whoever writes it down answers for it from then on, unless somebody does already: what a
    customer asks a second time joins the ticket they have open, and its owner stays.
    """
    ticket_id = await log(call, body)
    async with call.runtime.db.read() as session:
        call.transaction = session
        return await show(call, await get_ticket(session, ticket_id))


async def log(call: Call, body: Contact) -> int:
    """Returns the ticket's id."""
    by, now, runtime = agent(call.agent.id), call.now, call.runtime
    if body.ticket_id is not None:
        async with runtime.db.begin() as session:
            await check_may_see(session, body.ticket_id, reader=call.agent.id)
            await actions.add_to_ticket(
                session, body.ticket_id, medium=body.medium, text=body.text, by=by, now=now
            )
        return body.ticket_id
    receipt = await runtime.inbox.submit(await _inbound(call, body))
    if receipt.ticket_id is None or receipt.message_id is None:
        raise Invalid(code="contact.no_ticket", reason=receipt.reason)
    async with runtime.db.begin() as session:
        await actions.take(
            session,
            receipt.ticket_id,
            message_id=receipt.message_id,
            medium=body.medium,
            by=by,
            now=now,
        )
    return receipt.ticket_id


async def _inbound(call: Call, body: Contact) -> Inbound:
    async with call.runtime.db.begin() as session:
        address = body.phone
        if body.customer_id is not None:
            address = await actions.address_of(
                session, body.customer_id, medium=body.medium, now=call.now
            )
        if not address:
            raise Invalid(code="contact.say_who")
        await actions.check_may_log(
            session,
            medium=body.medium,
            address=address,
            reopen_window=call.runtime.settings.callbacks.reopen_window,
            by=agent(call.agent.id),
            now=call.now,
        )
    return Inbound(
        channel=body.medium.value,
        external_id=f"contact-{secrets.token_hex(12)}",
        sender=Sender(address=address, name=body.name, phone=body.phone or None),
        thread=address,
        text=body.text,
        subject=body.subject or None,
        kind=body.kind.value if body.kind else None,
        priority=body.priority.value if body.priority else None,
    )
