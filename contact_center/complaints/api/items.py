"""What hangs on a complaint over HTTP: evidence, redress, corrective actions."""

from typing import Annotated

from pydantic import Field

from contact_center.complaints import queries
from contact_center.complaints.actions import corrective, handling, redress
from contact_center.complaints.actions.redress import LARGEST
from contact_center.complaints.api.steps import ANYBODY, STEP, WRITE, Long
from contact_center.complaints.api.views import (
    ActionView,
    ComplaintView,
    show,
    show_action,
    turn_of,
)
from contact_center.complaints.models import ActionState, EvidenceKind, RedressKind
from contact_center.tickets.api.views import lock, reader_of
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes
from contact_center.web.timestamps import Timestamp

routes = Routes("complaints")
MOST = 200  # corrective actions in one answer


class NewEvidence(Body):
    kind: EvidenceKind
    text: Long
    message_id: Id | None = None


class NewRedress(Body):
    kind: RedressKind
    amount: Annotated[int, Field(ge=0, le=LARGEST)] = Field(
        0, description="hundredths of the currency's unit"
    )
    description: Annotated[str, Field(max_length=2000)] = ""


class RedressWithdrawal(Body):
    reason: Long = Field(description="why it is not given")


class NewAction(Body):
    cause: Long
    plan: Long
    measure: Long = Field(description="by what it will be checked, and what that is now")
    owner_id: Id
    due_at: Timestamp


class Done(Body):
    note: Annotated[str, Field(max_length=10_000)] = ""


class Check(Body):
    effective: bool
    result: Long = Field(description="what the measure showed")


@routes.post(
    "/tickets/{ticket_id}/complaint/evidence",
    idempotent=True,
    permission=WRITE,
    errors=(409,),
    if_match="optional",
)
async def add_evidence(call: Call, ticket_id: Id, body: NewEvidence) -> ComplaintView:
    """Add a piece of evidence."""
    await lock(call, ticket_id)
    await handling.add_evidence(call.session, ticket_id, **body.model_dump(), turn=turn_of(call))
    return await show(call, ticket_id)


@routes.post(
    "/tickets/{ticket_id}/complaint/redress",
    idempotent=True,
    permission=WRITE,
    errors=(409,),
    if_match="optional",
)
async def propose_redress(call: Call, ticket_id: Id, body: NewRedress) -> ComplaintView:
    """Propose redress; what the caller may grant is granted at once."""
    await lock(call, ticket_id)
    await redress.propose(call.session, ticket_id, **body.model_dump(), turn=turn_of(call))
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/redress/{item_id}/approval", **ANYBODY)
async def approve_redress(call: Call, ticket_id: Id, item_id: Id) -> ComplaintView:
    """Grant what somebody else has proposed, within the caller's authority."""
    await redress.approve(call.session, ticket_id, item_id, turn=turn_of(call))
    return await show(call, ticket_id)


@routes.delete(
    "/tickets/{ticket_id}/complaint/redress/{item_id}/approval",
    status=200,
    permission=WRITE,
    errors=(409,),
)
async def refuse_redress(call: Call, ticket_id: Id, item_id: Id) -> ComplaintView:
    """Refuse what somebody else has proposed."""
    await redress.refuse(call.session, ticket_id, item_id, turn=turn_of(call))
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/redress/{item_id}/provision", **STEP)
async def provide_redress(call: Call, ticket_id: Id, item_id: Id) -> ComplaintView:
    """Say that the customer has got it."""
    await lock(call, ticket_id)
    await redress.provide(call.session, ticket_id, item_id, turn=turn_of(call))
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/redress/{item_id}/withdrawal", **ANYBODY)
async def withdraw_redress(
    call: Call, ticket_id: Id, item_id: Id, body: RedressWithdrawal
) -> ComplaintView:
    """Say that redress is not given after all.

    Once the customer knows of it, only a lead may. What ends a complaint otherwise withdraws
    what is left: its withdrawal, that it was none, a customer who does not accept the response.
    """
    await redress.withdraw(call.session, ticket_id, item_id, reason=body.reason, turn=turn_of(call))
    return await show(call, ticket_id)


@routes.get("/corrective-actions", permission=Permission.TICKETS_READ)
async def list_corrective_actions(call: Call, state: ActionState | None = None) -> list[ActionView]:
    """List corrective actions, those due first come first; closed ones only if asked for."""
    states = [state] if state else [s for s in ActionState if s is not ActionState.CLOSED]
    found = await queries.page_of_actions(
        call.session, states=states, reader=reader_of(call), limit=MOST
    )
    return [show_action(action) for action in found]


@routes.post(
    "/tickets/{ticket_id}/complaint/corrective-actions",
    idempotent=True,
    permission=WRITE,
    errors=(409,),
)
async def propose_corrective_action(call: Call, ticket_id: Id, body: NewAction) -> ActionView:
    """Plan: the cause, what is done about it, by whom, until when, and how it is checked."""
    return show_action(
        await corrective.propose(call.session, ticket_id, **body.model_dump(), turn=turn_of(call))
    )


@routes.put("/corrective-actions/{action_id}/approval", **ANYBODY)
async def approve_corrective_action(call: Call, action_id: Id) -> ActionView:
    """Approve a plan that somebody else has made."""
    return show_action(await corrective.approve(call.session, action_id, turn=turn_of(call)))


@routes.put("/corrective-actions/{action_id}/execution", **ANYBODY)
async def finish_corrective_action(call: Call, action_id: Id, body: Done) -> ActionView:
    """Do: say that it is done."""
    return show_action(
        await corrective.finish(call.session, action_id, note_=body.note, turn=turn_of(call))
    )


@routes.put("/corrective-actions/{action_id}/check", **ANYBODY)
async def check_corrective_action(call: Call, action_id: Id, body: Check) -> ActionView:
    """Check, by somebody else; what was not effective begins a new cycle."""
    return show_action(
        await corrective.check(call.session, action_id, **body.model_dump(), turn=turn_of(call))
    )


@routes.put("/corrective-actions/{action_id}/closure", **ANYBODY)
async def close_corrective_action(call: Call, action_id: Id) -> ActionView:
    """Close what has been checked."""
    return show_action(await corrective.close(call.session, action_id, turn=turn_of(call)))
