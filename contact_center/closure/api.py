"""Resolving, signing off and closing tickets over HTTP. A state is a resource."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from contact_center.closure import actions, rules
from contact_center.closure.models import Missing, Need
from contact_center.events.rules import agent
from contact_center.messages import actions as messages
from contact_center.messages.api.talking import Text, Uploads
from contact_center.tickets.api.views import TicketView, actor, lock, show
from contact_center.tickets.models import ResolutionCode
from contact_center.tickets.queries import get_ticket
from contact_center.uploads.actions import take
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("closure")
READ, WRITE = Permission.TICKETS_READ, Permission.TICKETS_WRITE
OVERRIDE = Permission.TICKETS_OVERRIDE

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class MissingView(BaseModel):
    need: Need
    detail: str
    href: str = Field(description="where it can be done")
    facts: dict[str, Any] = Field(description="which work order, which promise")


class Gate(BaseModel):
    """What a ticket lacks; where a list is empty nothing stands in the way."""

    to_resolve: list[MissingView]
    to_close: list[MissingView]


class Resolution(Body):
    code: ResolutionCode
    text: Text = Field("", description="answers the customer first")
    uploads: Uploads = []


class Confirmation(Body):
    quote: Annotated[Reason, Field(description="what the customer said; kept as a note")]
    channel: Annotated[Word, Field(examples=["phone", "visit"])] = "phone"


class Why(Body):
    reason: Reason


@routes.get("/tickets/{ticket_id}/closure", permission=READ)
async def show_what_is_missing(call: Call, ticket_id: Id) -> Gate:
    """Say what a ticket lacks before it can be resolved, and before it can be closed."""
    ticket = await get_ticket(call.session, ticket_id)
    missing = await actions.missing_to_resolve(call.session, ticket, now=call.now)
    return Gate(
        to_resolve=[_view(one) for one in missing],
        to_close=[_view(one) for one in rules.to_close(ticket)],
    )


@routes.put("/tickets/{ticket_id}/resolution", permission=WRITE, errors=(409,), if_match="optional")
async def resolve_ticket(call: Call, ticket_id: Id, body: Resolution) -> TicketView:
    """Say that it is done; the customer will be asked.

    Needs an answer the customer got, an earlier one or the text sent along, and that no work order
    and no promise is open. Else `not-ready` lists what is missing in `facts.missing`.
    """
    await lock(call, ticket_id)
    if body.text or body.uploads:
        by = agent(call.agent.id)
        files = await take(call.session, body.uploads, by=by)
        await messages.reply(
            call.session, ticket_id, text=body.text, files=files, by=by, now=call.now
        )
    ticket = await actions.resolve(
        call.session, ticket_id, code=body.code, by=actor(call), now=call.now
    )
    return await show(call, ticket)


@routes.put("/tickets/{ticket_id}/sign-off", permission=WRITE, errors=(409,), if_match="optional")
async def sign_off_ticket(call: Call, ticket_id: Id) -> TicketView:
    """Agree, as who answers for the ticket, that it is over.

    It closes once its customer has confirmed it, or was silent for long enough.
    """
    await lock(call, ticket_id)
    by = agent(call.agent.id)
    return await show(call, await actions.sign_off(call.session, ticket_id, by=by, now=call.now))


@routes.put(
    "/tickets/{ticket_id}/confirmation", permission=WRITE, errors=(409,), if_match="optional"
)
async def confirm_solution(call: Call, ticket_id: Id, body: Confirmation) -> TicketView:
    """Note that the customer has confirmed elsewhere, by telephone perhaps, that it is solved."""
    await lock(call, ticket_id)
    ticket = await actions.confirm(
        call.session,
        ticket_id,
        quote=body.quote,
        channel=body.channel,
        by=agent(call.agent.id),
        now=call.now,
    )
    return await show(call, ticket)


@routes.put("/tickets/{ticket_id}/closure", permission=OVERRIDE, errors=(409,), if_match="optional")
async def close_ticket(call: Call, ticket_id: Id, body: Why) -> TicketView:
    """Close a resolved ticket that its customer has confirmed and its owner has signed off.

    Else `not-ready` lists what is missing in `facts.missing`.
    """
    await lock(call, ticket_id)
    ticket = await actions.close(
        call.session, ticket_id, reason=body.reason, by=actor(call), now=call.now
    )
    return await show(call, ticket)


def _view(missing: Missing) -> MissingView:
    return MissingView.model_validate(missing, from_attributes=True)
