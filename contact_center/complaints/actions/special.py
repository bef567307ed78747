"""What may happen beside the usual way: withdrawal, more time, and bodies outside."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.closure import actions as closure
from contact_center.complaints import queries
from contact_center.complaints.actions import clocks
from contact_center.complaints.actions.turns import Turn, begin, move, note, phrase, tell
from contact_center.complaints.models import UNSAFE, Case, CorrectiveAction, Stage
from contact_center.complaints.rules.authority import is_at_least
from contact_center.complaints.rules.stages import StepRefused, check_extension, check_move
from contact_center.errors import Forbidden, Invalid
from contact_center.events.rules import SYSTEM
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
        raise Invalid("quote how the customer withdrew it")
    case, agent = await begin(session, ticket_id, turn)
    check_move(case, Stage.WITHDRAWN)
    complaint = case.complaint
    complaint.withdrawn_at = complaint.answered_at = turn.now
    complaint.answer_channel, complaint.answer_quote = channel.strip()[:64], quote.strip()
    await move(session, case, Stage.WITHDRAWN, turn, channel=complaint.answer_channel)
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
        raise Invalid("say why it takes longer: the customer is told")
    case, agent = await begin(session, ticket_id, turn)
    role = turn.procedure.extension.role
    if not is_at_least(agent.role, role):
        raise Forbidden(f"a {role}, or somebody above, grants more time")
    complaint = case.complaint
    clock = await clocks.final_clock(session, ticket_id)
    due_at = clock.due_at if clock is not None else complaint.extended_to
    check_extension(case, until=until, due_at=due_at, now=turn.now, procedure=turn.procedure)
    await clocks.extend(session, case, until=until, now=turn.now)
    complaint.extended_to, complaint.extension_reason = until, reason.strip()
    values = {"until": turn.day(until), "reason": reason.strip()}
    text = await phrase(session, case, turn, "complaints.extended", **values)
    message = await tell(session, case, turn, text)
    facts = {"until": until.isoformat(), "message": message.id}
    await note(session, case, "extended", by=turn.by, now=turn.now, **facts)
    return case


async def escalate(
    session: AsyncSession, ticket_id: int, *, body: str, number: str, turn: Turn
) -> Case:
    """The customer has taken it to a regulator, an ombudsman, a court. Clocks go on as they are."""
    if not body.strip():
        raise Invalid("say where the customer has taken it")
    case, _ = await begin(session, ticket_id, turn)
    if case.complaint.downgraded_at is not None:
        raise StepRefused(f"{case.ticket.reference} is no complaint any more")
    complaint = case.complaint
    complaint.external_body, complaint.external_reference = body.strip(), number.strip() or None
    complaint.external_at = complaint.external_at or turn.now
    tickets.touch(case.ticket, now=turn.now)
    await note(session, case, "escalated", by=turn.by, now=turn.now)
    return case
