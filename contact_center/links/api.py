"""Links between tickets over HTTP; merging and splitting them; one customer known as two."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from contact_center.links import actions, queries
from contact_center.links.models import LinkKind, TicketLink
from contact_center.tickets.api.views import TicketView, actor, lock, show
from contact_center.tickets.models import reference
from contact_center.tickets.queries import get_ticket
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("links")
READ, WRITE = Permission.TICKETS_READ, Permission.TICKETS_WRITE
CUSTOMERS = Permission.CUSTOMERS_WRITE


class LinkView(BaseModel):
    """From the newer ticket to the older one."""

    ticket_id: int
    ticket: str
    other_id: int
    other: str
    kind: LinkKind
    created_at: datetime


class NewLink(Body):
    other_id: Id
    kind: LinkKind = Field(LinkKind.RELATED, description="related, duplicate or follow_up")


class Merge(Body):
    into: Id


class Split(Body):
    message_ids: Annotated[list[Id], Field(min_length=1, max_length=1000)]
    subject: Annotated[str, Field(max_length=998, description="empty: the ticket's own")] = ""


@routes.get("/tickets/{ticket_id}/links", permission=READ)
async def list_links(call: Call, ticket_id: Id) -> list[LinkView]:
    """List the links of a ticket in both directions."""
    await get_ticket(call.session, ticket_id)
    return [_view(link) for link in await queries.links_of(call.session, ticket_id)]


@routes.post("/tickets/{ticket_id}/links", permission=WRITE, errors=(409,), idempotent=True)
async def link_tickets(call: Call, ticket_id: Id, body: NewLink) -> list[LinkView]:
    """Link a ticket to another."""
    await actions.link(
        call.session, ticket_id, to=body.other_id, kind=body.kind, by=actor(call), now=call.now
    )
    return [_view(link) for link in await queries.links_of(call.session, ticket_id)]


@routes.delete("/tickets/{ticket_id}/links/{other_id}", permission=WRITE, errors=(409,))
async def unlink_tickets(call: Call, ticket_id: Id, other_id: Id) -> None:
    """Take a link back."""
    await actions.unlink(call.session, ticket_id, other=other_id, by=actor(call), now=call.now)


@routes.put("/tickets/{ticket_id}/merger", permission=WRITE, errors=(409,), if_match="optional")
async def merge_ticket(call: Call, ticket_id: Id, body: Merge) -> TicketView:
    """Merge a ticket into another of the same customer; answers the one that stays.

    The messages move, what the customer writes next joins them, and the older promise stands.
    """
    await actions.lock_pair(call.session, ticket_id, body.into)
    await lock(call, ticket_id)
    survivor = await actions.merge(
        call.session, ticket_id, into=body.into, by=actor(call), now=call.now
    )
    return await show(call, survivor)


@routes.put("/customers/{customer_id}/merger", permission=CUSTOMERS, errors=(409,))
async def merge_customer(call: Call, customer_id: Id, body: Merge) -> None:
    """Merge a customer who is the same person as another into that one.

    Addresses, conversations and tickets move, what the other lacks is filled in, and this
    customer is no more.
    """
    await actions.merge_customer(
        call.session, customer_id, into=body.into, by=actor(call), now=call.now
    )


@routes.post(
    "/tickets/{ticket_id}/splits",
    permission=WRITE,
    errors=(409,),
    if_match="optional",
    idempotent=True,
)
async def split_ticket(call: Call, ticket_id: Id, body: Split) -> TicketView:
    """Make some of a ticket's messages a ticket of their own; answers the new one."""
    await lock(call, ticket_id)
    part = await actions.split(
        call.session,
        ticket_id,
        message_ids=body.message_ids,
        subject=body.subject,
        by=actor(call),
        now=call.now,
    )
    call.headers["Location"] = f"/api/v1/tickets/{part.id}"
    return await show(call, part)


def _view(link: TicketLink) -> LinkView:
    return LinkView(
        ticket_id=link.ticket_id,
        ticket=reference(link.ticket_id),
        other_id=link.other_id,
        other=reference(link.other_id),
        kind=link.kind,
        created_at=link.created_at,
    )
