"""Who works on a ticket, over HTTP: what is asked of others ends when it changes hands."""

from typing import Annotated

from pydantic import Field, StringConstraints

from contact_center.handovers.actions import requests
from contact_center.tickets.api.views import TicketView, actor, lock, show
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("tickets")
WRITE = Permission.TICKETS_WRITE


class Assignment(Body):
    agent_id: Id
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = Field(
        "", description="needed to take it from somebody; both are told"
    )


@routes.delete(
    "/tickets/{ticket_id}/claim", permission=WRITE, status=200, errors=(409,), if_match="optional"
)
async def release_ticket(call: Call, ticket_id: Id) -> TicketView:
    """Put a ticket back into the queue; once it is answered only a lead may."""
    await lock(call, ticket_id)
    as_lead = call.principal.may(Permission.TICKETS_OVERRIDE)
    ticket = await requests.release(
        call.session, ticket_id, by=actor(call), now=call.now, as_lead=as_lead
    )
    return await show(call, ticket)


@routes.put("/tickets/{ticket_id}/assignment", permission=Permission.TICKETS_ASSIGN, errors=(409,))
async def assign_ticket(call: Call, ticket_id: Id, body: Assignment) -> TicketView:
    """Give a ticket to an agent; its owner stays accountable."""
    ticket = await requests.assign(
        call.session,
        ticket_id,
        to=body.agent_id,
        reason=body.reason,
        by=actor(call),
        now=call.now,
    )
    return await show(call, ticket)
