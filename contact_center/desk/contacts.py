"""Writing down a call or a visit at the desk."""

import secrets
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field, StringConstraints

from contact_center.channels.base import LONGEST_TEXT, Inbound, Sender
from contact_center.channels.media import Medium
from contact_center.contacts import actions
from contact_center.desk.render import go_to, page
from contact_center.desk.shell import surroundings
from contact_center.errors import Invalid
from contact_center.events.rules import Actor
from contact_center.tickets.models import TicketKind
from contact_center.tickets.queries import check_may_see
from contact_center.tickets.rules import parse_reference
from contact_center.web.arguments import Form
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("desk", prefix="/desk", documented=False)

_WRITE = Permission.TICKETS_WRITE
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class ContactForm(BaseModel):
    medium: Medium
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    ticket: Line = ""
    name: Line = ""
    phone: Line = ""
    subject: Line = ""
    kind: TicketKind = TicketKind.INQUIRY


@routes.get("/contacts", permission=_WRITE)
async def show_form(call: Call, ticket: Line = "") -> web.Response:
    shell = await surroundings(call, call.session, active="contacts")
    return page(
        call, "contacts.html", mediums=list(Medium), kinds=list(TicketKind), ticket=ticket, **shell
    )


@routes.post("/contacts", permission=_WRITE, transaction=False)
async def log_contact(call: Call, form: Form[ContactForm]) -> web.Response:
    """On the ticket named, or as something new: then on to that ticket."""
    if not form.text.strip():
        raise Invalid(code="contact.say_what")
    by, now = Actor(call.agent.actor), call.now
    if form.ticket:
        number = await _named(call, form.ticket)
        async with call.runtime.db.begin() as session:
            await actions.add_to_ticket(
                session, number, medium=form.medium, text=form.text, by=by, now=now
            )
        return go_to(call, f"/desk/tickets/{number}")
    inbound = _inbound(form)
    async with call.runtime.db.read() as session:
        await actions.check_may_log(
            session,
            medium=form.medium,
            address=form.phone,
            reopen_window=call.runtime.settings.callbacks.reopen_window,
            by=by,
            now=now,
        )
    receipt = await call.runtime.inbox.submit(inbound)
    if receipt.ticket_id is None or receipt.message_id is None:
        raise Invalid(code="contact.no_ticket", reason=receipt.reason)
    async with call.runtime.db.begin() as session:
        await actions.take(
            session,
            receipt.ticket_id,
            message_id=receipt.message_id,
            medium=form.medium,
            by=by,
            now=now,
        )
    return go_to(call, f"/desk/tickets/{receipt.ticket_id}")


async def _named(call: Call, text: str) -> int:
    number = parse_reference(text)
    if number is None:
        raise Invalid(code="form.not_a_ticket", text=text)
    async with call.runtime.db.read() as session:
        await check_may_see(session, number, reader=call.agent.id)
    return number


def _inbound(form: ContactForm) -> Inbound:
    if not form.phone:
        raise Invalid(code="contact.say_who")
    return Inbound(
        channel=form.medium.value,
        external_id=f"contact-{secrets.token_hex(12)}",
        sender=Sender(address=form.phone, name=form.name, phone=form.phone),
        thread=form.phone,
        text=form.text.strip(),
        subject=form.subject or None,
        kind=form.kind.value,
    )
