"""Hand-overs over HTTP: asked for, accepted, declined, taken back."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contact_center.errors import Invalid
from contact_center.events.rules import agent
from contact_center.handovers import queries
from contact_center.handovers.actions import requests
from contact_center.handovers.models import Handover, HandoverKind, HandoverState
from contact_center.tickets.api.views import TicketView, actor, lock, show
from contact_center.tickets.models import TransferReason
from contact_center.tickets.queries import get_ticket
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("handovers")
READ, WRITE = Permission.TICKETS_READ, Permission.TICKETS_WRITE

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class HandoverView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    ticket_id: int
    kind: HandoverKind
    state: HandoverState
    sender_id: int | None = Field(description="has it until it is accepted")
    receiver_id: int
    reason: TransferReason
    note: str
    created_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    answer: str = Field(description="why it was declined")


class Transfer(Body):
    """To one agent, who has to accept, or to the queue of one team."""

    reason: TransferReason
    agent_id: Id | None = None
    team_id: Id | None = None
    note: Note = ""


class NewHandover(Body):
    kind: HandoverKind = HandoverKind.OWNERSHIP
    agent_id: Id = Field(description="who is asked to take over")
    reason: TransferReason
    note: Note = ""


class Refusal(Body):
    reason: Why


class Several(Body):
    ids: Annotated[list[Id], Field(min_length=1, max_length=1000)]


class TransferredTicket(TicketView):
    handover: HandoverView | None = Field(description="the request, where a person was asked")


@routes.post(
    "/tickets/{ticket_id}/transfers",
    permission=WRITE,
    errors=(409,),
    if_match="optional",
    idempotent=True,
)
async def transfer_ticket(call: Call, ticket_id: Id, body: Transfer) -> TransferredTicket:
    """Hand the next step to a colleague or a team; the owner stays accountable.

    A colleague is asked: the ticket stays where it is until they accept. A team's queue accepts
    at once.
    """
    ticket = await lock(call, ticket_id)
    if (body.agent_id is None) == (body.team_id is None):
        raise Invalid(code="ticket.one_receiver")
    handover: Handover | None = None
    if body.team_id is not None:
        ticket = await requests.to_team(
            call.session,
            ticket_id,
            team=body.team_id,
            reason=body.reason,
            by=actor(call),
            now=call.now,
        )
    else:
        assert body.agent_id is not None
        handover = await _request(
            call, ticket_id, HandoverKind.TRANSFER, body.agent_id, body.reason, body.note
        )
    view = await show(call, ticket)
    shown = show_handover(handover) if handover else None
    return TransferredTicket(**dict(view), handover=shown)


@routes.post(
    "/tickets/{ticket_id}/handovers",
    permission=WRITE,
    errors=(409,),
    if_match="optional",
    idempotent=True,
)
async def request_handover(call: Call, ticket_id: Id, body: NewHandover) -> HandoverView:
    """Ask a colleague to answer for a ticket from now on, or to do the next step."""
    await lock(call, ticket_id)
    return show_handover(
        await _request(call, ticket_id, body.kind, body.agent_id, body.reason, body.note)
    )


@routes.get("/tickets/{ticket_id}/handovers", permission=READ)
async def list_handovers(call: Call, ticket_id: Id) -> list[HandoverView]:
    """List who was asked to take a ticket over, the oldest first."""
    await get_ticket(call.session, ticket_id)
    return [show_handover(one) for one in await queries.handovers_of(call.session, ticket_id)]


@routes.get("/me/handovers")
async def list_my_handovers(call: Call) -> list[HandoverView]:
    """List what one is asked to take over, the oldest first."""
    return [show_handover(one) for one in await queries.inbox_of(call.session, call.agent.id)]


@routes.get("/me/handovers/sent")
async def list_sent_handovers(call: Call) -> list[HandoverView]:
    """List what one has asked others to take over, the oldest first."""
    return [show_handover(one) for one in await queries.sent_by(call.session, call.agent.id)]


@routes.post("/me/handovers/acceptance", permission=WRITE, status=200, errors=(404, 409))
async def accept_handovers(call: Call, body: Several) -> list[HandoverView]:
    """Take over several at once: all of them, or none."""
    by = agent(call.agent.id)
    return [
        show_handover(await requests.accept(call.session, number, by=by, now=call.now))
        for number in await requests.in_order(call.session, body.ids)
    ]


@routes.put("/handovers/{handover_id}/acceptance", permission=WRITE, errors=(409,))
async def accept_handover(call: Call, handover_id: Id) -> HandoverView:
    """Take over what one was asked to."""
    by = agent(call.agent.id)
    return show_handover(await requests.accept(call.session, handover_id, by=by, now=call.now))


@routes.put("/handovers/{handover_id}/refusal", permission=WRITE, errors=(409,))
async def decline_handover(call: Call, handover_id: Id, body: Refusal) -> HandoverView:
    """Decline with a reason: it stays with who has it."""
    by = agent(call.agent.id)
    return show_handover(
        await requests.decline(call.session, handover_id, why=body.reason, by=by, now=call.now)
    )


@routes.put("/handovers/{handover_id}/withdrawal", permission=WRITE, errors=(409,))
async def withdraw_handover(call: Call, handover_id: Id) -> HandoverView:
    """Take a request back."""
    as_lead = call.principal.may(Permission.TICKETS_OVERRIDE)
    return show_handover(
        await requests.withdraw(
            call.session, handover_id, by=actor(call), now=call.now, as_lead=as_lead
        )
    )


def show_handover(handover: Handover) -> HandoverView:
    return HandoverView.model_validate(handover)


async def _request(
    call: Call, ticket_id: int, kind: HandoverKind, to: int, reason: TransferReason, note: str
) -> Handover:
    ticket = await get_ticket(call.session, ticket_id)
    settings = call.runtime.settings.handovers
    return await requests.request(
        call.session,
        ticket_id,
        kind=kind,
        to=to,
        reason=reason,
        note=note,
        terms=await requests.terms_for(call.session, ticket, call.runtime.policies, settings),
        by=actor(call),
        now=call.now,
    )
