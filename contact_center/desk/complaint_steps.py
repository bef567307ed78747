"""Each step of a complaint, as its page asks for it."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from contact_center.complaints.actions import (
    answers,
    deciding,
    early,
    handling,
    keeping,
    redress,
    special,
)
from contact_center.desk.complaint_forms import (
    AcknowledgeForm,
    AnswerForm,
    AssessForm,
    CauseForm,
    DecideForm,
    EscalateForm,
    EvidenceForm,
    ExtendForm,
    HandlerForm,
    HoldForm,
    InformForm,
    ReasonForm,
    RedressForm,
    RespondForm,
    WithdrawForm,
    hundredths_of,
    moment_of,
)
from contact_center.desk.login import Nothing
from contact_center.desk.render import go_to
from contact_center.desk.steps import check_is_theirs
from contact_center.desk.turns import turn_of
from contact_center.errors import Invalid
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("desk", prefix="/desk", documented=False)

_WRITE = Permission.TICKETS_WRITE


@routes.post("/tickets/{ticket_id}/complaint/acknowledge", permission=_WRITE, transaction=False)
async def acknowledge(call: Call, ticket_id: Id, form: Form[AcknowledgeForm]) -> web.Response:
    next_at = moment_of(call, form.next_at)
    return await _do(
        call, ticket_id, handling.acknowledge, next_step=form.next_step, next_at=next_at
    )


@routes.post("/tickets/{ticket_id}/complaint/assess", permission=_WRITE, transaction=False)
async def assess(call: Call, ticket_id: Id, form: Form[AssessForm]) -> web.Response:
    return await _do(call, ticket_id, handling.assess, scores=form.model_dump())


@routes.post("/tickets/{ticket_id}/complaint/investigate", permission=_WRITE, transaction=False)
async def investigate(call: Call, ticket_id: Id, form: Form[HandlerForm]) -> web.Response:
    return await _do(call, ticket_id, handling.investigate, handler_id=form.handler)


@routes.post("/tickets/{ticket_id}/complaint/evidence", permission=_WRITE, transaction=False)
async def add_evidence(call: Call, ticket_id: Id, form: Form[EvidenceForm]) -> web.Response:
    return await _do(call, ticket_id, handling.add_evidence, kind=form.kind, text=form.text)


@routes.post("/tickets/{ticket_id}/complaint/cause", permission=_WRITE, transaction=False)
async def find_cause(call: Call, ticket_id: Id, form: Form[CauseForm]) -> web.Response:
    return await _do(call, ticket_id, handling.find_cause, **form.model_dump())


@routes.post("/tickets/{ticket_id}/complaint/decide", permission=_WRITE, transaction=False)
async def decide(call: Call, ticket_id: Id, form: Form[DecideForm]) -> web.Response:
    return await _do(call, ticket_id, deciding.decide, **form.model_dump())


@routes.post("/tickets/{ticket_id}/complaint/approve", permission=_WRITE, transaction=False)
async def approve(call: Call, ticket_id: Id, form: Form[Nothing]) -> web.Response:
    return await _do(call, ticket_id, deciding.approve, anybody=True)


@routes.post("/tickets/{ticket_id}/complaint/send-back", permission=_WRITE, transaction=False)
async def send_back(call: Call, ticket_id: Id, form: Form[ReasonForm]) -> web.Response:
    return await _do(call, ticket_id, deciding.send_back, anybody=True, reason=form.reason)


@routes.post("/tickets/{ticket_id}/complaint/respond", permission=_WRITE, transaction=False)
async def respond(call: Call, ticket_id: Id, form: Form[RespondForm]) -> web.Response:
    return await _do(call, ticket_id, deciding.respond, text=form.text, contents=set(form.contents))


@routes.post("/tickets/{ticket_id}/complaint/answer", permission=_WRITE, transaction=False)
async def record_answer(call: Call, ticket_id: Id, form: Form[AnswerForm]) -> web.Response:
    return await _do(call, ticket_id, answers.record_answer, **form.model_dump())


@routes.post("/tickets/{ticket_id}/complaint/summary", permission=_WRITE, transaction=False)
async def send_summary(call: Call, ticket_id: Id, form: Form[RespondForm]) -> web.Response:
    contents = set(form.contents)
    return await _do(call, ticket_id, early.send_summary, text=form.text, contents=contents)


@routes.post("/tickets/{ticket_id}/complaint/silence", permission=_WRITE, transaction=False)
async def record_silence(call: Call, ticket_id: Id, form: Form[Nothing]) -> web.Response:
    return await _do(call, ticket_id, answers.record_silence)


@routes.post("/tickets/{ticket_id}/complaint/inform", permission=_WRITE, transaction=False)
async def inform(call: Call, ticket_id: Id, form: Form[InformForm]) -> web.Response:
    return await _do(call, ticket_id, answers.inform, **form.model_dump())


@routes.post("/tickets/{ticket_id}/complaint/review", permission=_WRITE, transaction=False)
async def review(call: Call, ticket_id: Id, form: Form[HandlerForm]) -> web.Response:
    if form.handler is None:
        raise Invalid(code="complaint.choose_reviewer")
    return await _do(call, ticket_id, answers.review, anybody=True, handler_id=form.handler)


@routes.post("/tickets/{ticket_id}/complaint/decline", permission=_WRITE, transaction=False)
async def decline_review(call: Call, ticket_id: Id, form: Form[Nothing]) -> web.Response:
    return await _do(call, ticket_id, answers.decline_review)


@routes.post("/tickets/{ticket_id}/complaint/close", permission=_WRITE, transaction=False)
async def close(call: Call, ticket_id: Id, form: Form[Nothing]) -> web.Response:
    return await _do(call, ticket_id, answers.close)


@routes.post("/tickets/{ticket_id}/complaint/withdraw", permission=_WRITE, transaction=False)
async def withdraw(call: Call, ticket_id: Id, form: Form[WithdrawForm]) -> web.Response:
    return await _do(call, ticket_id, special.withdraw, **form.model_dump())


@routes.post("/tickets/{ticket_id}/complaint/extend", permission=_WRITE, transaction=False)
async def extend(call: Call, ticket_id: Id, form: Form[ExtendForm]) -> web.Response:
    until = moment_of(call, form.until)
    return await _do(call, ticket_id, special.extend, anybody=True, until=until, reason=form.reason)


@routes.post("/tickets/{ticket_id}/complaint/legal-hold", permission=_WRITE, transaction=False)
async def hold_file(call: Call, ticket_id: Id, form: Form[ReasonForm]) -> web.Response:
    return await _do(call, ticket_id, keeping.hold, anybody=True, reason=form.reason)


@routes.post("/tickets/{ticket_id}/complaint/lift-hold", permission=_WRITE, transaction=False)
async def lift_hold(call: Call, ticket_id: Id, form: Form[Nothing]) -> web.Response:
    return await _do(call, ticket_id, keeping.lift_hold, anybody=True)


@routes.post("/tickets/{ticket_id}/complaint/hold", permission=_WRITE, transaction=False)
async def hold(call: Call, ticket_id: Id, form: Form[HoldForm]) -> web.Response:
    return await _do(call, ticket_id, special.hold, text=form.text)


@routes.post("/tickets/{ticket_id}/complaint/escalate", permission=_WRITE, transaction=False)
async def escalate(call: Call, ticket_id: Id, form: Form[EscalateForm]) -> web.Response:
    return await _do(call, ticket_id, special.escalate, body=form.body, number=form.reference)


@routes.post("/tickets/{ticket_id}/complaint/redress", permission=_WRITE, transaction=False)
async def propose_redress(call: Call, ticket_id: Id, form: Form[RedressForm]) -> web.Response:
    return await _do(
        call,
        ticket_id,
        redress.propose,
        kind=form.kind,
        amount=hundredths_of(form.amount),
        description=form.description,
    )


@routes.post(
    "/tickets/{ticket_id}/complaint/redress/{item_id}/withdraw",
    permission=_WRITE,
    transaction=False,
)
async def withdraw_redress(
    call: Call, ticket_id: Id, item_id: Id, form: Form[ReasonForm]
) -> web.Response:
    return await _do(
        call, ticket_id, redress.withdraw, anybody=True, item_id=item_id, reason=form.reason
    )


_REDRESS = {"approve": redress.approve, "refuse": redress.refuse, "provide": redress.provide}


@routes.post(
    "/tickets/{ticket_id}/complaint/redress/{item_id}/{step}",
    permission=_WRITE,
    transaction=False,
)
async def decide_redress(
    call: Call, ticket_id: Id, item_id: Id, step: str, form: Form[Nothing]
) -> web.Response:
    action = _REDRESS.get(step)
    if action is None:
        raise Invalid(code="complaint.no_such_redress_step", step=step)
    async with call.runtime.db.begin() as session:
        await action(session, ticket_id, item_id, turn=turn_of(call))
    return go_to(call, f"/desk/tickets/{ticket_id}/complaint")


async def _do(
    call: Call,
    ticket_id: int,
    action: Callable[..., Awaitable[object]],
    *,
    anybody: bool = False,
    **details: Any,
) -> web.Response:
    """The step in a transaction of its own; then the page is shown anew."""
    async with call.runtime.db.begin() as session:
        if not anybody:
            await check_is_theirs(call, session, ticket_id)
        await action(session, ticket_id, turn=turn_of(call), **details)
    return go_to(call, f"/desk/tickets/{ticket_id}/complaint")
