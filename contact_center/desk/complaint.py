"""The file of one complaint: where it stands, what its next step lacks, and each step's form."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.agents.queries import all_agents
from contact_center.channels.base import LONGEST_TEXT
from contact_center.complaints import queries
from contact_center.complaints.actions import answers, handling, letters, redress, special
from contact_center.complaints.models import (
    MOVES,
    Case,
    EvidenceKind,
    Outcome,
    RedressKind,
    Stage,
)
from contact_center.complaints.rules.authority import shown
from contact_center.complaints.rules.letters import LetterKind
from contact_center.complaints.rules.stages import SCORES, missing, needs_two
from contact_center.desk.login import Nothing
from contact_center.desk.render import go_to, page
from contact_center.desk.shell import surroundings
from contact_center.desk.steps import check_is_theirs
from contact_center.desk.story import Story, story_of
from contact_center.desk.times import local_time
from contact_center.desk.turns import turn_of
from contact_center.errors import Invalid
from contact_center.messages.actions import conversation_to_answer
from contact_center.procedure import NOT_ESTABLISHED
from contact_center.sla.models import Clock, ClockKind
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

routes = Routes("desk", prefix="/desk", documented=False)

_READ, _WRITE = Permission.TICKETS_READ, Permission.TICKETS_WRITE
# The way of most complaints; what ends it stands for its last part.
WAY = (
    Stage.RECEIVED,
    Stage.ACKNOWLEDGED,
    Stage.ASSESSED,
    Stage.INVESTIGATING,
    Stage.DECISION_READY,
    Stage.RESPONDED,
    Stage.ACCEPTED,
    Stage.CLOSED,
)
_INSTEAD = {Stage.REJECTED_BY_CUSTOMER, Stage.SILENT, Stage.WITHDRAWN}  # of ACCEPTED
OURS = frozenset({ClockKind.ACKNOWLEDGEMENT, ClockKind.STATUS_UPDATE, ClockKind.FINAL_RESPONSE})

Text = Annotated[str, Field(max_length=10_000)]
Short = Annotated[str, Field(max_length=200)]
Local = Annotated[str, Field(max_length=40)]  # as a browser's field gives it


class AcknowledgeForm(BaseModel):
    next_step: Text = ""
    next_at: Local = ""


class AssessForm(BaseModel):
    severity: int
    safety: int
    complexity: int
    impact: int
    urgency: int


class HandlerForm(BaseModel):
    handler: Id | None = None


class EvidenceForm(BaseModel):
    kind: EvidenceKind
    text: Text = ""


class CauseForm(BaseModel):
    root_cause: Short
    findings: Text = ""


class DecideForm(BaseModel):
    outcome: Outcome
    reasons: Text = ""


class ReasonForm(BaseModel):
    reason: Text = ""


class RespondForm(BaseModel):
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    contents: list[Short] = []


class AnswerForm(BaseModel):
    accepted: bool
    channel: Short = ""
    quote: Text = ""


class InformForm(BaseModel):
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    internal: bool = False
    external: bool = False


class WithdrawForm(BaseModel):
    channel: Short = ""
    quote: Text = ""


class ExtendForm(BaseModel):
    until: Local = ""
    reason: Text = ""


class EscalateForm(BaseModel):
    body: Short = ""
    reference: Short = ""


class RedressForm(BaseModel):
    kind: RedressKind
    amount: Annotated[str, Field(max_length=20)] = ""
    description: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that the page of a complaint shows beside its ticket."""

    case: Case
    lacks: dict[str, list[str]]  # by the stages that may follow
    clocks: list[Clock]
    needed: list[str]  # contents of the response
    two_people: bool
    way: list[tuple[Stage, str]]  # with "done", "now" or "ahead"
    draft: str  # of the response
    alternatives: str


@routes.get("/tickets/{ticket_id}/complaint", permission=_READ)
async def show_complaint(call: Call, ticket_id: Id) -> web.Response:
    session = call.session
    story = await story_of(session, ticket_id, reader=call.agent.id, now=call.now)
    sheet = await _sheet(call, session, ticket_id, story)
    shell = await surroundings(call, session, active="")
    return page(
        call,
        "complaint.html",
        story=story,
        sheet=sheet,
        evidence=await queries.evidence_of(session, ticket_id),
        actions=await queries.actions_of(session, ticket_id),
        colleagues=await all_agents(session, active_only=True),
        procedure=call.runtime.procedure,
        choices=CHOICES,
        money=shown,
        **shell,
    )


CHOICES: dict[str, Any] = {
    "scores": SCORES,
    "evidence": list(EvidenceKind),
    "outcomes": list(Outcome),
    "redress": list(RedressKind),
    "letters": list(LetterKind),
    "not_established": NOT_ESTABLISHED,
}


async def _sheet(call: Call, session: "AsyncSession", ticket_id: int, story: Story) -> Sheet:
    turn = turn_of(call)
    case = await queries.view_case(session, ticket_id, procedure=turn.procedure)
    preset = turn.policies.presets.get(case.complaint.preset)
    case.asked = preset.required_contents if preset else ()
    procedure, decision = turn.procedure, case.decision
    language = (await conversation_to_answer(session, case.ticket)).language
    draft = ""
    if case.complaint.stage is Stage.DECISION_READY:
        final = LetterKind.FINAL
        found = await letters.letter(session, case, final, language=language, turn=turn)
        draft = found.text
    names = {"reference": case.ticket.reference, "company": turn.settings.company}
    return Sheet(
        case=case,
        lacks={
            stage.value: missing(case, stage, procedure=procedure)
            for stage in sorted(MOVES[case.complaint.stage])
        },
        clocks=[clock for clock in story.clocks if clock.kind in OURS],
        needed=procedure.needed(case.asked, decision.outcome) if decision else [],
        two_people=needs_two(case, procedure),
        way=_way(case.complaint.stage),
        draft=draft,
        alternatives=turn.texts.say(language, "complaints.alternatives", **names),
    )


def _way(stage: Stage) -> list[tuple[Stage, str]]:
    """The stepper: an end that is not acceptance stands in its place."""
    way = [stage if step is Stage.ACCEPTED and stage in _INSTEAD else step for step in WAY]
    here = way.index(stage)
    return [
        (step, "done" if number < here else "now" if number == here else "ahead")
        for number, step in enumerate(way)
    ]


# The steps


@routes.post("/tickets/{ticket_id}/complaint/acknowledge", permission=_WRITE, transaction=False)
async def acknowledge(call: Call, ticket_id: Id, form: Form[AcknowledgeForm]) -> web.Response:
    next_at = _moment(call, form.next_at)
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
    return await _do(call, ticket_id, handling.decide, **form.model_dump())


@routes.post("/tickets/{ticket_id}/complaint/approve", permission=_WRITE, transaction=False)
async def approve(call: Call, ticket_id: Id, form: Form[Nothing]) -> web.Response:
    return await _do(call, ticket_id, handling.approve, anybody=True)


@routes.post("/tickets/{ticket_id}/complaint/send-back", permission=_WRITE, transaction=False)
async def send_back(call: Call, ticket_id: Id, form: Form[ReasonForm]) -> web.Response:
    return await _do(call, ticket_id, handling.send_back, anybody=True, reason=form.reason)


@routes.post("/tickets/{ticket_id}/complaint/respond", permission=_WRITE, transaction=False)
async def respond(call: Call, ticket_id: Id, form: Form[RespondForm]) -> web.Response:
    return await _do(call, ticket_id, handling.respond, text=form.text, contents=set(form.contents))


@routes.post("/tickets/{ticket_id}/complaint/answer", permission=_WRITE, transaction=False)
async def record_answer(call: Call, ticket_id: Id, form: Form[AnswerForm]) -> web.Response:
    return await _do(call, ticket_id, answers.record_answer, **form.model_dump())


@routes.post("/tickets/{ticket_id}/complaint/silence", permission=_WRITE, transaction=False)
async def record_silence(call: Call, ticket_id: Id, form: Form[Nothing]) -> web.Response:
    return await _do(call, ticket_id, answers.record_silence)


@routes.post("/tickets/{ticket_id}/complaint/inform", permission=_WRITE, transaction=False)
async def inform(call: Call, ticket_id: Id, form: Form[InformForm]) -> web.Response:
    return await _do(call, ticket_id, answers.inform, **form.model_dump())


@routes.post("/tickets/{ticket_id}/complaint/review", permission=_WRITE, transaction=False)
async def review(call: Call, ticket_id: Id, form: Form[HandlerForm]) -> web.Response:
    if form.handler is None:
        raise Invalid("choose who reviews it")
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
    until = _moment(call, form.until)
    return await _do(call, ticket_id, special.extend, anybody=True, until=until, reason=form.reason)


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
        amount=_hundredths(form.amount),
        description=form.description,
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
        raise Invalid(f"{step!r} is nothing that can be done with redress")
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


def _moment(call: Call, text: str) -> datetime:
    moment = local_time(text, zone=call.agent.time_zone)
    if moment is None:
        raise Invalid("give a date and a time")
    return moment


def _hundredths(text: str) -> int:
    try:
        amount = Decimal(text.strip().replace(",", "") or "0") * 100
    except InvalidOperation:
        raise Invalid(f"{text!r} is no amount") from None
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise Invalid(f"{text!r} is no amount: write it like 12.50")
    return int(amount)
