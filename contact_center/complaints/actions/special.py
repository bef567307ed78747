"""What may happen beside the usual way: withdrawal, more time, and bodies outside."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.closure import actions as closure
from contact_center.complaints import queries
from contact_center.complaints.actions import clocks, redress
from contact_center.complaints.actions.turns import Turn, begin, move, note, phrase, tell
from contact_center.complaints.models import (
    UNDECIDED,
    UNSAFE,
    Case,
    Complaint,
    CorrectiveAction,
    RedressEnd,
    Stage,
)
from contact_center.complaints.rules.extensions import Deadline, check_extension, steps_of
from contact_center.complaints.rules.stages import StepRefused, check_move
from contact_center.errors import Conflict, Invalid
from contact_center.events.rules import SYSTEM
from contact_center.sla.models import Clock
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import FINISHED

SAFETY_WITHIN = timedelta(days=7)  # what stays dangerous is dealt with, withdrawn or not


async def withdraw(
    session: AsyncSession, ticket_id: int, *, channel: str, quote: str, turn: Turn
) -> Case:
    """The complainant does not pursue it: no clock runs any more from today.

    A danger that is known now stays one, and goes on as a corrective action.
    """
    if not quote.strip():
        raise Invalid(code="complaint.say_withdrawal")
    case, agent = await begin(session, ticket_id, turn)
    check_move(case, Stage.WITHDRAWN, now=turn.now)
    complaint = case.complaint
    complaint.withdrawn_at = complaint.answered_at = turn.now
    complaint.answer_channel, complaint.answer_quote = channel.strip()[:64], quote.strip()
    await move(session, case, Stage.WITHDRAWN, turn, channel=complaint.answer_channel)
    cause = RedressEnd.COMPLAINT_WITHDRAWN
    await redress.put_away(session, case, cause, by=turn.by, now=turn.now)
    if (complaint.safety or 0) >= UNSAFE and not await queries.actions_of(session, ticket_id):
        await _go_on_with_safety(
            session, case, owner_id=case.ticket.owner_id or agent.id, turn=turn
        )
    if case.ticket.status not in FINISHED:
        await closure.cancel(session, ticket_id, by=turn.by, now=turn.now, reason="withdrawn")
    return case


async def _go_on_with_safety(
    session: AsyncSession, case: Case, *, owner_id: int, turn: Turn
) -> None:
    say = turn.texts.say
    action = CorrectiveAction(
        ticket_id=case.ticket.id,
        cause=say(turn.settings.language, "complaints.safety_cause"),
        plan=say(turn.settings.language, "complaints.safety_plan"),
        measure=say(turn.settings.language, "complaints.safety_measure"),
        owner_id=owner_id,
        due_at=turn.now + SAFETY_WITHIN,
        proposed_by=SYSTEM,
        created_at=turn.now,
    )
    session.add(action)
    await session.flush()  # its id goes into the log
    await note(session, case, "action_proposed", by=SYSTEM, now=turn.now, action=action.id)


async def extend(
    session: AsyncSession, ticket_id: int, *, until: datetime, reason: str, turn: Turn
) -> Case:
    """More time, asked for before it runs out; the customer is told why, and until when."""
    if not reason.strip():
        raise Invalid(code="complaint.say_why_longer")
    case, agent = await begin(session, ticket_id, turn)
    complaint = case.complaint
    clock = await clocks.final_clock(session, ticket_id)
    step = check_extension(
        complaint,
        steps_of(complaint, await clocks.final_terms(session, case), turn.procedure),
        until=until,
        deadline=_deadline(complaint, clock),
        role=agent.role,
        now=turn.now,
    )
    await clocks.extend(session, case, until=until, now=turn.now)
    complaint.extended_to, complaint.extension_reason = until, reason.strip()
    facts: dict[str, Any] = {"until": until.isoformat()}
    if step.notify:
        values = {"until": turn.day(until), "reason": reason.strip()}
        text = await phrase(session, case, turn, "complaints.extended", **values)
        facts["message"] = (await tell(session, case, turn, text)).id
    await note(session, case, "extended", by=turn.by, now=turn.now, **facts)
    return case


def _deadline(complaint: Complaint, clock: Clock | None) -> Deadline:
    if clock is None:
        return Deadline(complaint.extended_to, complaint.extended_to)
    return Deadline(clock.due_at, clock.legal_due_at or clock.due_at)


async def hold(session: AsyncSession, ticket_id: int, *, text: str, turn: Turn) -> Case:
    """The time is over without a decision: the customer is told why, and who else may help.

    The clock goes on being late: only the final response ends it.
    """
    case, _ = await begin(session, ticket_id, turn)
    complaint = case.complaint
    if complaint.stage not in UNDECIDED:
        raise StepRefused(code="complaint.nothing_to_wait_for")
    if complaint.informed_external_at is not None:
        raise Conflict(code="complaint.told_of_bodies")
    if await clocks.over_since(session, case, now=turn.now) is None:
        raise Conflict(code="complaint.time_not_over")
    message = await tell(session, case, turn, text)
    complaint.informed_external_at = turn.now
    await note(session, case, "held", by=turn.by, now=turn.now, message=message.id)
    return case


async def escalate(
    session: AsyncSession, ticket_id: int, *, body: str, number: str, turn: Turn
) -> Case:
    """The customer has taken it to a regulator, an ombudsman, a court. Clocks go on as they are."""
    if not body.strip():
        raise Invalid(code="complaint.say_body")
    case, _ = await begin(session, ticket_id, turn)
    if case.complaint.downgraded_at is not None:
        raise StepRefused(code="complaint.no_longer", reference=case.ticket.reference)
    complaint = case.complaint
    complaint.external_body, complaint.external_reference = body.strip(), number.strip() or None
    complaint.external_at = complaint.external_at or turn.now
    tickets.touch(case.ticket, now=turn.now)
    await note(session, case, "escalated", by=turn.by, now=turn.now)
    return case
