"""Tickets over HTTP: who works on them, and where they stand. A state is a resource."""

from typing import Annotated

from pydantic import Field, StringConstraints

from contact_center.events.rules import agent
from contact_center.tickets import actions
from contact_center.tickets.api.views import (
    TicketLine,
    TicketView,
    actor,
    lock,
    show,
    show_lines,
)
from contact_center.tickets.models import Status
from contact_center.tickets.queries import owned_tickets
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes
from contact_center.web.timestamps import Timestamp

routes = Routes("tickets")
WRITE = Permission.TICKETS_WRITE

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class ClaimedTicket(TicketView):
    earlier: list[TicketLine] = Field(
        description="what the same customer has open, and somebody answers for already"
    )


class Waiting(Body):
    status: Status = Field(description="one of waiting_… or on_hold")
    reason: Annotated[str, Field(max_length=1000)] = Field(
        "", description="needed for on_hold and waiting_third_party"
    )
    review_at: Timestamp | None = Field(
        None,
        description="needed for on_hold and waiting_third_party: at most 10 business days ahead; "
        "then it is open again, and whoever has it is told",
    )


@routes.put("/tickets/{ticket_id}/claim", permission=WRITE, errors=(409,))
async def claim_ticket(call: Call, ticket_id: Id) -> ClaimedTicket:
    """Claim a ticket from the queue.

    Of all who try exactly one gets it; the others are told who (already-claimed). Where the
    customer has something open already, link or merge what belongs together.
    """
    by = agent(call.agent.id)
    ticket = await actions.claim(call.session, ticket_id, by=by, now=call.now)
    view = await show(call, ticket)
    others = await owned_tickets(call.session, ticket.customer_id, reader=call.agent.id)
    earlier = [other for other in others if other.id != ticket.id]
    return ClaimedTicket(**dict(view), earlier=await show_lines(call, earlier))


@routes.put("/tickets/{ticket_id}/waiting", permission=WRITE, errors=(409,), if_match="optional")
async def begin_waiting(call: Call, ticket_id: Id, body: Waiting) -> TicketView:
    """Wait for the customer, a third party, until an agreed date, or for a department.

    A ticket waits for a department while a work order is open, and by itself: issue one.
    """
    await lock(call, ticket_id)
    ticket = await actions.wait(
        call.session,
        ticket_id,
        status=body.status,
        reason=body.reason,
        review_at=body.review_at,
        by=actor(call),
        now=call.now,
    )
    return await show(call, ticket)


@routes.delete(
    "/tickets/{ticket_id}/waiting", permission=WRITE, status=200, errors=(409,), if_match="optional"
)
async def end_waiting(call: Call, ticket_id: Id) -> TicketView:
    """Work on a ticket that waited."""
    await lock(call, ticket_id)
    return await show(
        call, await actions.resume(call.session, ticket_id, by=actor(call), now=call.now)
    )


@routes.put(
    "/tickets/{ticket_id}/no-reply-needed", permission=WRITE, errors=(409,), if_match="optional"
)
async def need_no_reply(call: Call, ticket_id: Id) -> TicketView:
    """Say that what the customer wrote last asks for nothing, "thanks" perhaps.

    The promise of a next answer is then counted neither as kept nor as broken. Not for the first
    answer.
    """
    await lock(call, ticket_id)
    return await show(
        call, await actions.need_no_reply(call.session, ticket_id, by=actor(call), now=call.now)
    )


@routes.delete(
    "/tickets/{ticket_id}/resolution",
    permission=WRITE,
    status=200,
    errors=(409,),
    if_match="optional",
)
async def reopen_ticket(call: Call, ticket_id: Id, reason: Reason) -> TicketView:
    """Reopen a resolved ticket: it goes back to its owner."""
    await lock(call, ticket_id)
    ticket = await actions.reopen(
        call.session, ticket_id, reason=reason, by=actor(call), now=call.now
    )
    return await show(call, ticket)
