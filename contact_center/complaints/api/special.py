"""What may happen beside the usual way, over HTTP: withdrawal, cancellation, more time."""

from typing import Annotated

from pydantic import Field, StringConstraints

from contact_center.complaints.actions import filing, keeping, special
from contact_center.complaints.api.steps import ANYBODY, STEP, Answer, Long, Word
from contact_center.complaints.api.views import ComplaintView, show, turn_of
from contact_center.tickets.api.views import TicketView, actor, lock
from contact_center.tickets.api.views import show as show_ticket
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes
from contact_center.web.timestamps import Timestamp

routes = Routes("complaints")

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Withdrawal(Body):
    channel: Word
    quote: Long = Field(description="how the customer withdrew it")


class Extension(Body):
    until: Timestamp
    reason: Long = Field(description="the customer reads it")


class Escalation(Body):
    body: Line = Field(description="where the customer has taken it")
    reference: Annotated[str, Field(max_length=200)] = ""


class HoldingLetter(Body):
    text: Answer = Field(description="why it takes longer, and who else may help")


class LegalHold(Body):
    reason: Long = Field(description="the dispute or the order it is kept for")


class Cancellation(Body):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


@routes.put(
    "/tickets/{ticket_id}/cancellation",
    permission=Permission.TICKETS_OVERRIDE,
    errors=(409,),
    if_match="optional",
)
async def cancel_ticket(call: Call, ticket_id: Id, body: Cancellation) -> TicketView:
    """End a ticket that is spam, a test, or withdrawn: no promise holds any longer.

    Its work orders and promises to its customer are cancelled, too, and a complaint is put away as
    none; one whose customer has been answered ends by its own process.
    """
    await lock(call, ticket_id)
    ticket = await filing.cancel(
        call.session, ticket_id, reason=body.reason, by=actor(call), now=call.now
    )
    return await show_ticket(call, ticket)


@routes.put("/tickets/{ticket_id}/complaint/withdrawal", **STEP)
async def withdraw_complaint(call: Call, ticket_id: Id, body: Withdrawal) -> ComplaintView:
    """Write down that the complainant does not pursue it: all clocks end."""
    await lock(call, ticket_id)
    await special.withdraw(call.session, ticket_id, **body.model_dump(), turn=turn_of(call))
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/extension", **ANYBODY)
async def extend_complaint(call: Call, ticket_id: Id, body: Extension) -> ComplaintView:
    """Grant more time before it runs out; the customer is told why, and until when."""
    await special.extend(
        call.session, ticket_id, until=body.until, reason=body.reason, turn=turn_of(call)
    )
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/holding-letter", **STEP)
async def send_holding_letter(call: Call, ticket_id: Id, body: HoldingLetter) -> ComplaintView:
    """When the time to answer is over: tell the customer why, and which bodies are open to them."""
    await lock(call, ticket_id)
    await special.hold(call.session, ticket_id, text=body.text, turn=turn_of(call))
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/escalation", **STEP)
async def note_escalation(call: Call, ticket_id: Id, body: Escalation) -> ComplaintView:
    """Write down where the customer has taken the complaint."""
    await lock(call, ticket_id)
    await special.escalate(
        call.session, ticket_id, body=body.body, number=body.reference, turn=turn_of(call)
    )
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/legal-hold", **ANYBODY)
async def hold_file(call: Call, ticket_id: Id, body: LegalHold) -> ComplaintView:
    """Keep the file beyond its date, as a manager, until the hold is lifted."""
    await keeping.hold(call.session, ticket_id, reason=body.reason, turn=turn_of(call))
    return await show(call, ticket_id, put_away=True)


@routes.delete(
    "/tickets/{ticket_id}/complaint/legal-hold",
    status=200,
    permission=Permission.TICKETS_WRITE,
    errors=(409,),
)
async def lift_hold_of_file(call: Call, ticket_id: Id) -> ComplaintView:
    """Lift the hold, as a manager: the file is deleted when its date has passed."""
    await keeping.lift_hold(call.session, ticket_id, turn=turn_of(call))
    return await show(call, ticket_id, put_away=True)
