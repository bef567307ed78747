"""Tickets over HTTP: what they are, and what happened to them."""

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from contact_center.customers.queries import get_customer
from contact_center.events import queries as events
from contact_center.events.api import EventView, show_event
from contact_center.tickets import actions, queries
from contact_center.tickets.api.views import (
    TicketLine,
    TicketView,
    actor,
    reader_of,
    show,
    show_lines,
)
from contact_center.tickets.models import Priority, TicketKind
from contact_center.web.arguments import Id
from contact_center.web.bodies import Edit
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("tickets")
READ = Permission.TICKETS_READ

Subject = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=998)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class TicketEdit(Edit):
    nullable: ClassVar[frozenset[str]] = frozenset({"category", "team_id"})

    kind: TicketKind | None = None
    priority: Priority | None = None
    subject: Subject | None = None
    category: Word | None = None
    tags: Annotated[list[Word], Field(max_length=20)] | None = None
    team_id: Id | None = None


@routes.get("/tickets/{ticket_id}", permission=READ)
async def show_ticket(call: Call, ticket_id: Id) -> TicketView:
    """Show a ticket."""
    return await show(call, await queries.get_ticket(call.session, ticket_id))


@routes.patch("/tickets/{ticket_id}", permission=Permission.TICKETS_WRITE, if_match="required")
async def edit_ticket(call: Call, ticket_id: Id, body: TicketEdit) -> TicketView:
    """Edit a ticket; another priority means other due times."""
    ticket = await actions.edit(
        call.session,
        ticket_id,
        version=call.expected_version,
        changes=body.changes(),
        by=actor(call),
        now=call.now,
    )
    return await show(call, ticket)


@routes.get("/tickets/{ticket_id}/events", permission=READ)
async def list_ticket_events(
    call: Call, ticket_id: Id, after: Cursor | None = None, limit: Limit = 50
) -> Page[EventView]:
    """List what happened to a ticket, oldest first."""
    await queries.get_ticket(call.session, ticket_id)
    (last,) = read_cursor(after, int) or (0,)
    rows = await events.ticket_events(call.session, ticket_id, after=last, limit=limit + 1)
    return page_of(rows, limit=limit, key=lambda event: (event.seq or 0,), show=show_event)


@routes.get("/customers/{customer_id}/tickets", permission=READ)
async def list_tickets_of_customer(
    call: Call, customer_id: Id, after: Cursor | None = None, limit: Limit = 50
) -> Page[TicketLine]:
    """List a customer's tickets, the newest first."""
    await get_customer(call.session, customer_id)
    (last,) = read_cursor(after, int) or (None,)
    rows = await queries.tickets_of_customer(
        call.session, customer_id, reader=reader_of(call), before=last, limit=limit + 1
    )
    shown = await show_lines(call, rows)
    return page_of(shown, limit=limit, key=lambda line: (line.id,), show=lambda line: line)
