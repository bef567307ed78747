"""The decision on a complaint: taken, seen by a second pair of eyes, and sent to the customer."""

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.closure import actions as closure
from contact_center.complaints.actions import clocks
from contact_center.complaints.actions.turns import Turn, begin, move, note, tell
from contact_center.complaints.models import Case, Complaint, Decision, Outcome, RedressState, Stage
from contact_center.complaints.rules.authority import (
    check_may_approve,
    check_may_decide,
    check_may_grant,
)
from contact_center.complaints.rules.stages import StepRefused, check_move, check_step, needs_two
from contact_center.errors import Forbidden, Invalid
from contact_center.sla.models import ClockKind
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import ResolutionCode, Status

_CODES = {
    Outcome.UPHELD: ResolutionCode.SOLVED,
    Outcome.PARTLY_UPHELD: ResolutionCode.SOLVED,
    Outcome.REJECTED: ResolutionCode.DECLINED,
}


async def decide(
    session: AsyncSession, ticket_id: int, *, outcome: Outcome, reasons: str, turn: Turn
) -> Case:
    """Uphold it, wholly or in part, or reject it; the reasons go into the file."""
    if not reasons.strip():
        raise Invalid(code="complaint.say_reasons")
    case, agent = await begin(session, ticket_id, turn)
    check_move(case, Stage.DECISION_READY, now=turn.now)
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
        raise StepRefused(code="complaint.nothing_to_approve", stage=case.complaint.stage)
    check_may_approve(case, agent.id, role=agent.role)
    check_may_grant(case, role=agent.role, name=agent.name, procedure=turn.procedure)
    for item in case.redress:
        if item.state is RedressState.PROPOSED:
            if item.proposed_by == agent.id:
                raise Forbidden(code="complaint.redress_approved_by_another")
            item.state, item.decided_by = RedressState.APPROVED, agent.id
            item.decided_at = turn.now
    case.decision.approved_by, case.decision.approved_at = agent.id, turn.now
    tickets.touch(case.ticket, now=turn.now)
    await note(session, case, "approved", by=turn.by, now=turn.now, amount=case.granted)
    return case


async def send_back(session: AsyncSession, ticket_id: int, *, reason: str, turn: Turn) -> Case:
    """The decision is not ready after all."""
    if not reason.strip():
        raise Invalid(code="complaint.say_what_again")
    case, agent = await begin(session, ticket_id, turn)
    check_move(case, Stage.INVESTIGATING, now=turn.now)
    if case.complaint.stage is not Stage.DECISION_READY:
        raise StepRefused(code="complaint.nothing_to_send_back")
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
    check_move(case, Stage.RESPONDED, now=turn.now)
    decision = case.decision
    assert decision is not None
    unknown = set(contents) - turn.procedure.contents.keys()
    if unknown:
        raise Invalid(code="complaint.no_such_content", contents=sorted(unknown))
    decision.contents = sorted(contents)
    check_step(case, Stage.RESPONDED, now=turn.now, procedure=turn.procedure)
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
    if "external_alternatives" in contents and not complaint.knows_bodies:
        complaint.informed_external_at = turn.now


async def _resolve(session: AsyncSession, case: Case, code: ResolutionCode, turn: Turn) -> None:
    if case.ticket.status not in (Status.OPEN, Status.WAITING_CUSTOMER):
        await tickets.resume(session, case.ticket.id, by=turn.by, now=turn.now)
    await closure.resolve(session, case.ticket.id, code=code, by=turn.by, now=turn.now)
