"""What the interface shows of complaints."""

from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, Field

from contact_center.agents.queries import agent_names
from contact_center.complaints import queries
from contact_center.complaints.actions.turns import Turn
from contact_center.complaints.models import (
    ActionState,
    Case,
    CorrectiveAction,
    EvidenceKind,
    Outcome,
    RedressEnd,
    RedressKind,
    RedressState,
    Stage,
)
from contact_center.complaints.rules.stages import following, missing
from contact_center.events.rules import Actor
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.queries import all_clocks
from contact_center.tickets.api.views import Person
from contact_center.web.call import Call


class EvidenceView(BaseModel):
    id: int
    kind: EvidenceKind
    text: str
    message_id: int | None
    added_by: int
    created_at: datetime


class DecisionView(BaseModel):
    level: int = Field(description="2 for the review")
    outcome: Outcome
    reasons: str
    decided_by: int
    decided_at: datetime
    approved_by: int | None = Field(description="the second pair of eyes")
    approved_at: datetime | None
    contents: list[str] = Field(description="what was ticked before it was sent")
    message_id: int | None = Field(description="the response")
    sent_at: datetime | None


class RedressView(BaseModel):
    id: int
    kind: RedressKind
    amount: int = Field(description="hundredths of the currency's unit")
    description: str
    state: RedressState
    proposed_by: int
    decided_by: int | None
    created_at: datetime
    decided_at: datetime | None
    provided_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_cause: RedressEnd | None = Field(description="why it is not given")
    withdrawn_reason: str = Field(description="in the words of who decided that")


class ActionView(BaseModel):
    """A corrective action."""

    id: int
    ticket_id: int
    follows_id: int | None = Field(description="the cycle before, that was not effective")
    cycle: int
    state: ActionState
    cause: str
    plan: str
    measure: str = Field(description="by what it is checked")
    owner_id: int
    due_at: datetime
    proposed_by: str
    created_at: datetime
    approved_by: int | None
    approved_at: datetime | None
    done_by: int | None
    done_at: datetime | None
    done_note: str
    checked_by: int | None
    checked_at: datetime | None
    effective: bool | None
    result: str
    closed_by: int | None
    closed_at: datetime | None


class ComplaintClock(BaseModel):
    kind: ClockKind
    state: ClockState
    due_at: datetime | None = Field(description="when we want to be done")
    legal_due_at: datetime | None = Field(description="when we must be done")
    stopped_at: datetime | None


class ComplaintView(BaseModel):
    ticket_id: int
    reference: str
    stage: Stage
    level: int
    preset: str
    remedy_requested: str
    received_at: datetime
    acknowledged_at: datetime | None
    next_step: str
    next_at: datetime | None
    severity: int | None
    safety: int | None
    complexity: int | None
    impact: int | None
    urgency: int | None
    handler: Person | None
    root_cause: str | None
    findings: str
    evidence: list[EvidenceView]
    decisions: list[DecisionView]
    redress: list[RedressView]
    corrective_actions: list[ActionView]
    clocks: list[ComplaintClock]
    answer_channel: str | None
    answer_quote: str
    answered_at: datetime | None
    informed_internal_at: datetime | None
    informed_external_at: datetime | None
    external_body: str | None
    external_reference: str | None
    external_at: datetime | None
    extended_to: datetime | None
    summary: bool = Field(description="accepted so early that a summary letter is enough")
    summary_due_at: datetime | None = Field(description="until when that may be")
    summary_contents: list[str] = Field(description="what that letter must say; none: not owed")
    summary_sent_at: datetime | None
    withdrawn_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None
    keep_until: datetime | None
    legal_hold_at: datetime | None = Field(description="since when it is kept beyond that")
    legal_hold_reason: str
    next_stages: dict[Stage, list[str]] = Field(description="and what each of them lacks")


V = TypeVar("V", bound=BaseModel)
OURS = (ClockKind.ACKNOWLEDGEMENT, ClockKind.STATUS_UPDATE, ClockKind.FINAL_RESPONSE)


def turn_of(call: Call) -> Turn:
    """Only people take steps; another system's token is refused by each of them."""
    runtime = call.runtime
    return Turn(
        by=Actor(call.principal.actor),
        now=call.now,
        procedure=runtime.procedure,
        policies=runtime.policies,
        settings=runtime.settings,
        texts=runtime.texts,
    )


async def show(call: Call, ticket_id: int, *, put_away: bool = False) -> ComplaintView:
    session, procedure = call.session, call.runtime.procedure
    case = await queries.view_case(session, ticket_id, procedure=procedure, put_away=put_away)
    preset = call.runtime.policies.presets.get(case.complaint.preset)
    case.asked = preset.required_contents if preset else ()
    call.show_version(case.ticket.version)
    complaint = case.complaint
    names = await agent_names(session, [complaint.handler_id])
    special: dict[str, Any] = {
        "reference": case.ticket.reference,
        "handler": _person(complaint.handler_id, names),
        "evidence": [_read(EvidenceView, e) for e in await queries.evidence_of(session, ticket_id)],
        "decisions": [_read(DecisionView, d) for _, d in sorted(case.decisions.items())],
        "redress": [_read(RedressView, item) for item in case.redress],
        "corrective_actions": [
            show_action(action) for action in await queries.actions_of(session, ticket_id)
        ],
        "clocks": [
            _read(ComplaintClock, clock)
            for clock in await all_clocks(session, ticket_id)
            if clock.kind in OURS
        ],
        "summary": complaint.is_summary,
        "summary_contents": complaint.summary_contents or [],
        "next_stages": _next(case, call),
    }
    plain = ComplaintView.model_fields.keys() - special.keys()
    return ComplaintView(**{name: getattr(complaint, name) for name in plain}, **special)


def show_action(action: CorrectiveAction) -> ActionView:
    return _read(ActionView, action)


def _next(case: Case, call: Call) -> dict[Stage, list[str]]:
    procedure = call.runtime.procedure
    return {
        stage: missing(case, stage, procedure=procedure)
        for stage in sorted(following(case, now=call.now))
    }


def _person(number: int | None, names: dict[int, str]) -> Person | None:
    return Person(id=number, name=names[number]) if number in names and number else None


def _read(view: type[V], row: object) -> V:
    return view.model_validate(row, from_attributes=True)
