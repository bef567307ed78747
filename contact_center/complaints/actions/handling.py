"""From the receipt to the response: each step of the people who handle a complaint."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

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
    Evidence,
    EvidenceKind,
    Stage,
)
from contact_center.complaints.rules.stages import (
    StepRefused,
    check_is_open,
    check_move,
    check_scores,
    priority_for,
)
from contact_center.errors import Invalid, NotFound
from contact_center.messages.queries import get_message
from contact_center.procedure import NOT_ESTABLISHED
from contact_center.sla.models import ClockKind
from contact_center.supervision.actions import order
from contact_center.supervision.models import Cause
from contact_center.tickets import actions as tickets


async def acknowledge(
    session: AsyncSession, ticket_id: int, *, next_step: str, next_at: datetime, turn: Turn
) -> Case:
    """Tell the customer who answers for it, what happens next, and when they hear from us."""
    if not next_step.strip():
        raise Invalid(code="complaint.say_next")
    if next_at <= turn.now:
        raise Invalid(code="complaint.next_in_future")
    case, agent = await begin(session, ticket_id, turn)
    if case.complaint.stage is Stage.ACCEPTED:
        raise StepRefused(code="complaint.accepted_no_receipt")
    check_move(case, Stage.ACKNOWLEDGED, now=turn.now)
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
    check_move(case, Stage.INVESTIGATING, now=turn.now)
    if case.complaint.stage is not Stage.ASSESSED:
        raise StepRefused(code="complaint.investigated_before")
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
        raise Invalid(code="complaint.say_evidence")
    case, agent = await begin(session, ticket_id, turn)
    check_is_open(case)
    if message_id is not None and (await get_message(session, message_id)).ticket_id != ticket_id:
        raise NotFound(
            code="message.not_on_ticket", message_id=message_id, reference=case.ticket.reference
        )
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
        raise Invalid(code="complaint.no_such_cause", root_cause=root_cause, known=known)
    case, _ = await begin(session, ticket_id, turn)
    if case.complaint.stage not in (Stage.ASSESSED, Stage.INVESTIGATING):
        raise StepRefused(code="complaint.not_investigated_now", stage=case.complaint.stage)
    case.complaint.root_cause, case.complaint.findings = root_cause, findings.strip()
    tickets.touch(case.ticket, now=turn.now)
    await note(session, case, "cause_found", by=turn.by, now=turn.now, root_cause=root_cause)
    return case
