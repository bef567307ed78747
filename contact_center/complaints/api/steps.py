"""The stages of a complaint over HTTP. What a complaint has reached is a resource."""

from typing import Annotated

from pydantic import Field, StringConstraints

from contact_center.channels.base import LONGEST_TEXT
from contact_center.complaints.actions import answers, deciding, early, filing, handling
from contact_center.complaints.api.views import ComplaintView, show, turn_of
from contact_center.complaints.models import Outcome
from contact_center.tickets.api.views import TicketView, lock
from contact_center.tickets.api.views import show as show_ticket
from contact_center.tickets.models import TicketKind
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Options, Routes
from contact_center.web.timestamps import Timestamp

routes = Routes("complaints")
READ, WRITE = Permission.TICKETS_READ, Permission.TICKETS_WRITE
STEP: Options = {"permission": WRITE, "errors": (409,), "if_match": "optional"}
# Steps of people whose ticket it need not be: approving, reviewing.
ANYBODY: Options = {"permission": WRITE, "errors": (409,)}

Long = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
Answer = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)
]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Score = Annotated[int, Field(ge=0, le=3)]


class Acknowledgement(Body):
    next_step: Long = Field(description="what happens next; the customer reads it")
    next_at: Timestamp = Field(description="when the customer hears from us")


class Assessment(Body):
    severity: Score
    safety: Score = Field(description="2 and 3 are urgent, and a supervisor is told")
    complexity: Score
    impact: Score
    urgency: Score


class Investigation(Body):
    handler_id: Id | None = Field(None, description="who investigates; the caller if left out")


class Cause(Body):
    root_cause: Word = Field(description='a code of complaints.toml, or "not_established"')
    findings: Annotated[str, Field(max_length=10_000)] = ""


class NewDecision(Body):
    outcome: Outcome
    reasons: Long


class Response(Body):
    text: Answer = Field(description="the reply that is sent")
    contents: list[Word] = Field([], max_length=50, description="what it contains, ticked")


class Summary(Body):
    text: Answer = Field(description="the letter that is sent as a reply")
    contents: list[Word] = Field([], max_length=50, description="what it contains, ticked")


class CustomerAnswer(Body):
    accepted: bool
    channel: Word = Field(description="where the customer said so")
    quote: Long = Field(description="in the customer's words")


class Alternatives(Body):
    text: Answer = Field(description="the message that is sent")
    internal: bool = Field(description="it names a review by somebody else here")
    external: bool = Field(description="it names bodies outside")


class Review(Body):
    handler_id: Id = Field(description="somebody who had no part in the first decision")


class Why(Body):
    reason: Long


class Kind(Body):
    kind: TicketKind
    reason: Annotated[str, Field(max_length=1000)] = ""


@routes.get("/tickets/{ticket_id}/complaint", permission=READ)
async def show_complaint(call: Call, ticket_id: Id) -> ComplaintView:
    """Show the file of a complaint: where it stands, and what its next steps lack."""
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/kind", **STEP)
async def reclassify_ticket(call: Call, ticket_id: Id, body: Kind) -> TicketView:
    """Say what a ticket is. That a complaint is none only a lead decides, with a reason."""
    await lock(call, ticket_id)
    ticket = await filing.reclassify(
        call.session, ticket_id, kind=body.kind, reason=body.reason, turn=turn_of(call)
    )
    return await show_ticket(call, ticket)


@routes.put("/tickets/{ticket_id}/complaint/acknowledgement", **STEP)
async def acknowledge_complaint(call: Call, ticket_id: Id, body: Acknowledgement) -> ComplaintView:
    """Tell the customer who answers for it, what happens next, and when they hear from us."""
    await lock(call, ticket_id)
    await handling.acknowledge(
        call.session, ticket_id, next_step=body.next_step, next_at=body.next_at, turn=turn_of(call)
    )
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/assessment", **STEP)
async def assess_complaint(call: Call, ticket_id: Id, body: Assessment) -> ComplaintView:
    """Assess a complaint; the priority of the ticket follows."""
    await lock(call, ticket_id)
    await handling.assess(call.session, ticket_id, scores=body.model_dump(), turn=turn_of(call))
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/investigation", **STEP)
async def investigate_complaint(call: Call, ticket_id: Id, body: Investigation) -> ComplaintView:
    """Have somebody investigate a complaint."""
    await lock(call, ticket_id)
    await handling.investigate(
        call.session, ticket_id, handler_id=body.handler_id, turn=turn_of(call)
    )
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/cause", **STEP)
async def name_root_cause(call: Call, ticket_id: Id, body: Cause) -> ComplaintView:
    """Name the root cause, or that none could be established."""
    await lock(call, ticket_id)
    await handling.find_cause(
        call.session,
        ticket_id,
        root_cause=body.root_cause,
        findings=body.findings,
        turn=turn_of(call),
    )
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/decision", **STEP)
async def decide_complaint(call: Call, ticket_id: Id, body: NewDecision) -> ComplaintView:
    """Decide a complaint; a rejection, and redress above the limit, need a second person."""
    await lock(call, ticket_id)
    await deciding.decide(
        call.session, ticket_id, outcome=body.outcome, reasons=body.reasons, turn=turn_of(call)
    )
    return await show(call, ticket_id)


@routes.post(
    "/tickets/{ticket_id}/complaint/decision/return", status=200, permission=WRITE, errors=(409,)
)
async def send_decision_back(call: Call, ticket_id: Id, body: Why) -> ComplaintView:
    """Send a decision back to be looked into again."""
    await deciding.send_back(call.session, ticket_id, reason=body.reason, turn=turn_of(call))
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/decision/approval", **ANYBODY)
async def approve_decision(call: Call, ticket_id: Id) -> ComplaintView:
    """Approve a decision somebody else has made, with the redress that is proposed."""
    await deciding.approve(call.session, ticket_id, turn=turn_of(call))
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/response", **STEP)
async def respond_to_complaint(call: Call, ticket_id: Id, body: Response) -> ComplaintView:
    """Send the decision to the customer, with all that its preset asks for."""
    await lock(call, ticket_id)
    await deciding.respond(
        call.session, ticket_id, text=body.text, contents=body.contents, turn=turn_of(call)
    )
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/answer", **STEP)
async def record_answer(call: Call, ticket_id: Id, body: CustomerAnswer) -> ComplaintView:
    """Write down whether the customer accepts the response, where they said so, and how.

    Some presets know an early way: until `summary_due_at` the customer may accept without a
    response; then a summary letter is owed instead, and the time for the response never applied.
    """
    await lock(call, ticket_id)
    await answers.record_answer(call.session, ticket_id, **body.model_dump(), turn=turn_of(call))
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/summary-letter", **STEP)
async def send_summary_letter(call: Call, ticket_id: Id, body: Summary) -> ComplaintView:
    """Tell a customer who accepted early that it is settled, with all that the preset asks for."""
    await lock(call, ticket_id)
    await early.send_summary(call.session, ticket_id, **body.model_dump(), turn=turn_of(call))
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/silence", **STEP)
async def record_silence(call: Call, ticket_id: Id) -> ComplaintView:
    """Say that the customer did not answer; that is not acceptance."""
    await lock(call, ticket_id)
    await answers.record_silence(call.session, ticket_id, turn=turn_of(call))
    return await show(call, ticket_id)


@routes.post(
    "/tickets/{ticket_id}/complaint/alternatives",
    status=200,
    idempotent=True,
    permission=WRITE,
    errors=(409,),
    if_match="optional",
)
async def inform_of_alternatives(call: Call, ticket_id: Id, body: Alternatives) -> ComplaintView:
    """Tell the customer what else they can do."""
    await lock(call, ticket_id)
    await answers.inform(call.session, ticket_id, **body.model_dump(), turn=turn_of(call))
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/review", **ANYBODY)
async def review_complaint(call: Call, ticket_id: Id, body: Review) -> ComplaintView:
    """Have a complaint reviewed, once, by somebody who had no part in the first decision."""
    await answers.review(call.session, ticket_id, handler_id=body.handler_id, turn=turn_of(call))
    return await show(call, ticket_id)


@routes.delete(
    "/tickets/{ticket_id}/complaint/review",
    status=200,
    permission=WRITE,
    errors=(409,),
    if_match="optional",
)
async def decline_review(call: Call, ticket_id: Id) -> ComplaintView:
    """Write down that the customer knows of the review and does not want it."""
    await lock(call, ticket_id)
    await answers.decline_review(call.session, ticket_id, turn=turn_of(call))
    return await show(call, ticket_id)


@routes.put("/tickets/{ticket_id}/complaint/closure", **STEP)
async def close_complaint(call: Call, ticket_id: Id) -> ComplaintView:
    """Close the file, and the ticket with it, when all is done; a bot or a timer never can."""
    await lock(call, ticket_id)
    await answers.close(call.session, ticket_id, turn=turn_of(call))
    return await show(call, ticket_id)
