"""From the receipt to the response: each step of the people who handle a complaint."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.closure import actions as closure
from contact_center.complaints.actions import clocks
from contact_center.complaints.actions.turns import (
    Turn,
    begin,
    chosen,
    move,
    note,
    phrase,
    tell,
)
from contact_center.complaints.models import (
    UNSAFE,
    Case,
    Complaint,
    Decision,
    Evidence,
    EvidenceKind,
    Outcome,
    RedressState,
    Stage,
)
from contact_center.complaints.rules.authority import (
    check_may_approve,
    check_may_decide,
    check_may_grant,
)
from contact_center.complaints.rules.stages import (
    StepRefused,
    check_is_open,
    check_move,
    check_scores,
    check_step,
    needs_two,
    priority_for,
)
from contact_center.errors import Forbidden, Invalid, NotFound
from contact_center.messages.queries import get_message
from contact_center.procedure import NOT_ESTABLISHED
from contact_center.sla.models import ClockKind
from contact_center.supervision.actions import order
from contact_center.supervision.models import Cause
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import ResolutionCode, Status

_CODES = {
    Outcome.UPHELD: ResolutionCode.SOLVED,
    Outcome.PARTLY_UPHELD: ResolutionCode.SOLVED,
    Outcome.REJECTED: ResolutionCode.DECLINED,
}


async def acknowledge(
    session: AsyncSession, ticket_id: int, *, next_step: str, next_at: datetime, turn: Turn
) -> Case:
    """Tell the customer who answers for it, what happens next, and when they hear from us."""
    if not next_step.strip():
        raise Invalid("say what happens next")
    if next_at <= turn.now:
        raise Invalid("the customer must hear from us in the future: choose a later time")
    case, agent = await begin(session, ticket_id, turn)
    check_move(case, Stage.ACKNOWLEDGED)
    owner = agent
    if case.ticket.owner_id is not None:
        owner = await chosen(session, case, case.ticket.owner_id)
    case.complaint.next_step, case.complaint.next_at = next_step.strip(), next_at
    case.complaint.acknowledged_at = turn.now
    values = {"owner": owner.name, "next_step": next_step.strip(), "next_at": turn.day(next_at)}
    await tell(session, case, turn, await phrase(session, case, turn, "complaints.ack", **values))
    await clocks.done(session, case, ClockKind.ACKNOWLEDGEMENT, now=turn.now)
    await move(session, case, Stage.ACKNOWLEDGED, turn, next_at=next_at.isoformat())
    return case


async def assess(
    session: AsyncSession, ticket_id: int, *, scores: Mapping[str, int], turn: Turn
) -> Case:
    """Severity, safety, complexity, impact and urgency give the priority; may be done again."""
    check_scores(dict(scores))
    case, _ = await begin(session, ticket_id, turn)
    complaint = case.complaint
    was_safe = (complaint.safety or 0) < UNSAFE
    for name, score in scores.items():
        setattr(complaint, name, score)
    complaint.assessed_at = turn.now
    if complaint.stage in (Stage.ASSESSED, Stage.INVESTIGATING):
        await note(session, case, "reassessed", by=turn.by, now=turn.now, **scores)
    else:
        await move(session, case, Stage.ASSESSED, turn, **scores)
    weighed = {name: scores[name] for name in ("severity", "safety", "impact", "urgency")}
    await tickets.edit(
        session,
        ticket_id,
        version=None,
        changes={"priority": priority_for(**weighed, procedure=turn.procedure)},
        by=turn.by,
        now=turn.now,
    )
    if scores["safety"] >= UNSAFE and was_safe:
        facts = {"safety": scores["safety"]}
        await order(session, case.ticket, cause=Cause.SAFETY, now=turn.now, facts=facts)
    return case


async def investigate(
    session: AsyncSession, ticket_id: int, *, handler_id: int | None, turn: Turn
) -> Case:
    """Somebody looks into it; without a name, who says so."""
    case, agent = await begin(session, ticket_id, turn)
    check_move(case, Stage.INVESTIGATING)
    if case.complaint.stage is not Stage.ASSESSED:
        raise StepRefused("it was investigated before: send the decision back, or have it reviewed")
    handler = await chosen(session, case, handler_id or agent.id)
    case.complaint.handler_id = handler.id
    await move(session, case, Stage.INVESTIGATING, turn, handler=handler.id)
    return case


async def add_evidence(
    session: AsyncSession,
    ticket_id: int,
    *,
    kind: EvidenceKind,
    text: str,
    message_id: int | None = None,
    turn: Turn,
) -> Evidence:
    if not text.strip():
        raise Invalid("say what the evidence shows")
    case, agent = await begin(session, ticket_id, turn)
    check_is_open(case)
    if message_id is not None and (await get_message(session, message_id)).ticket_id != ticket_id:
        raise NotFound(f"message {message_id} is not on {case.ticket.reference}")
    evidence = Evidence(
        ticket_id=ticket_id,
        kind=kind,
        text=text.strip(),
        message_id=message_id,
        added_by=agent.id,
        created_at=turn.now,
    )
    session.add(evidence)
    await session.flush()  # its id is shown
    await note(session, case, "evidence", by=turn.by, now=turn.now, evidence=evidence.id)
    return evidence


async def find_cause(
    session: AsyncSession, ticket_id: int, *, root_cause: str, findings: str, turn: Turn
) -> Case:
    """The root cause by its code, or that none could be established."""
    if not turn.procedure.is_cause(root_cause):
        known = ", ".join([*turn.procedure.root_causes, NOT_ESTABLISHED])
        raise Invalid(f"{root_cause} is no root cause: choose one of {known}")
    case, _ = await begin(session, ticket_id, turn)
    if case.complaint.stage not in (Stage.ASSESSED, Stage.INVESTIGATING):
        raise StepRefused(f"the complaint is {case.complaint.stage}: it is not investigated now")
    case.complaint.root_cause, case.complaint.findings = root_cause, findings.strip()
    tickets.touch(case.ticket, now=turn.now)
    await note(session, case, "cause_found", by=turn.by, now=turn.now, root_cause=root_cause)
    return case


async def decide(
    session: AsyncSession, ticket_id: int, *, outcome: Outcome, reasons: str, turn: Turn
) -> Case:
    """Uphold it, wholly or in part, or reject it; the reasons go into the file."""
    if not reasons.strip():
        raise Invalid("give the reasons for the decision")
    case, agent = await begin(session, ticket_id, turn)
    check_move(case, Stage.DECISION_READY)
    check_may_decide(case, agent.id)
    case.decisions[case.complaint.level] = decision = Decision(
        ticket_id=ticket_id,
        level=case.complaint.level,
        outcome=outcome,
        reasons=reasons.strip(),
        decided_by=agent.id,
        decided_at=turn.now,
        contents=[],
    )
    two = needs_two(case, turn.procedure)
    await move(session, case, Stage.DECISION_READY, turn, outcome=outcome.value, two_people=two)
    session.add(decision)
    return case


async def approve(session: AsyncSession, ticket_id: int, *, turn: Turn) -> Case:
    """The second pair of eyes; the redress that is proposed is granted with it."""
    case, agent = await begin(session, ticket_id, turn)
    if case.complaint.stage is not Stage.DECISION_READY or case.decision is None:
        raise StepRefused(f"the complaint is {case.complaint.stage}: nothing waits for approval")
    check_may_approve(case, agent.id, role=agent.role)
    check_may_grant(case, role=agent.role, name=agent.name, procedure=turn.procedure)
    for item in case.redress:
        if item.state is RedressState.PROPOSED:
            if item.proposed_by == agent.id:
                raise Forbidden("somebody else must approve the redress you proposed")
            item.state, item.decided_by = RedressState.APPROVED, agent.id
            item.decided_at = turn.now
    case.decision.approved_by, case.decision.approved_at = agent.id, turn.now
    tickets.touch(case.ticket, now=turn.now)
    await note(session, case, "approved", by=turn.by, now=turn.now, amount=case.granted)
    return case


async def send_back(session: AsyncSession, ticket_id: int, *, reason: str, turn: Turn) -> Case:
    """The decision is not ready after all."""
    if not reason.strip():
        raise Invalid("say what is to be looked into again")
    case, agent = await begin(session, ticket_id, turn)
    check_move(case, Stage.INVESTIGATING)
    if case.complaint.stage is not Stage.DECISION_READY:
        raise StepRefused("there is no decision to send back")
    case.complaint.handler_id = case.complaint.handler_id or agent.id
    if (decision := case.decisions.pop(case.complaint.level, None)) is not None:
        await session.delete(decision)
    await move(session, case, Stage.INVESTIGATING, turn, reason=reason.strip())
    return case


async def respond(
    session: AsyncSession, ticket_id: int, *, text: str, contents: Collection[str], turn: Turn
) -> Case:
    """Send the decision to the customer, with all that it must contain."""
    case, agent = await begin(session, ticket_id, turn)
    check_move(case, Stage.RESPONDED)
    decision = case.decision
    assert decision is not None
    unknown = set(contents) - turn.procedure.contents.keys()
    if unknown:
        raise Invalid(f"{', '.join(sorted(unknown))}: no such content")
    decision.contents = sorted(contents)
    check_step(case, Stage.RESPONDED, procedure=turn.procedure)
    message = await tell(session, case, turn, text)
    decision.message_id, decision.sent_by, decision.sent_at = message.id, agent.id, turn.now
    _note_told(case.complaint, contents, turn)
    await clocks.done(session, case, ClockKind.FINAL_RESPONSE, now=turn.now)
    await move(session, case, Stage.RESPONDED, turn, message=message.id, level=decision.level)
    if case.ticket.status is not Status.RESOLVED:
        await _resolve(session, case, _CODES[decision.outcome], turn)
    return case


def _note_told(complaint: Complaint, contents: Collection[str], turn: Turn) -> None:
    complaint.responded_at = complaint.responded_at or turn.now
    if "internal_alternatives" in contents:
        complaint.informed_internal_at = complaint.informed_internal_at or turn.now
    if "external_alternatives" in contents:
        complaint.informed_external_at = complaint.informed_external_at or turn.now


async def _resolve(session: AsyncSession, case: Case, code: ResolutionCode, turn: Turn) -> None:
    if case.ticket.status not in (Status.OPEN, Status.WAITING_CUSTOMER):
        await tickets.resume(session, case.ticket.id, by=turn.by, now=turn.now)
    await closure.resolve(session, case.ticket.id, code=code, by=turn.by, now=turn.now)
