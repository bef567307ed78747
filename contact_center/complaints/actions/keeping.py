"""How long a file is kept: deleted when its time is over, unless it is held for a dispute."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.complaints import queries
from contact_center.complaints.actions.turns import Turn, begin, note
from contact_center.complaints.models import Case, PastComplaint
from contact_center.complaints.rules.authority import is_at_least
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events.rules import SYSTEM
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import TicketKind
from contact_center.tickets.queries import lock_ticket


async def hold(session: AsyncSession, ticket_id: int, *, reason: str, turn: Turn) -> Case:
    """A legal hold: the file is not deleted before it is lifted."""
    if not reason.strip():
        raise Invalid(code="complaint.say_why_held")
    case = await _of_a_manager(session, ticket_id, turn)
    complaint = case.complaint
    complaint.legal_hold_at = complaint.legal_hold_at or turn.now
    complaint.legal_hold_by, complaint.legal_hold_reason = turn.by, reason.strip()
    tickets.touch(case.ticket, now=turn.now)
    await note(session, case, "preserved", by=turn.by, now=turn.now)
    return case


async def lift_hold(session: AsyncSession, ticket_id: int, *, turn: Turn) -> Case:
    case = await _of_a_manager(session, ticket_id, turn)
    complaint = case.complaint
    if complaint.legal_hold_at is None:
        raise Conflict(code="complaint.not_held")
    complaint.legal_hold_at = complaint.legal_hold_by = None
    complaint.legal_hold_reason = ""
    tickets.touch(case.ticket, now=turn.now)
    await note(session, case, "hold_lifted", by=turn.by, now=turn.now)
    return case


async def _of_a_manager(session: AsyncSession, ticket_id: int, turn: Turn) -> Case:
    ticket = await lock_ticket(session, ticket_id)
    if ticket.kind is TicketKind.COMPLAINT:
        case, agent = await begin(session, ticket_id, turn)
    else:  # it was none after all, and its file is there all the same
        agent = await tickets.acting_agent(session, turn.by)
        await tickets.check_not_recused(session, ticket, agent.id)
        case = await queries.case_of(session, ticket)
    if not is_at_least(agent.role, "manager"):
        raise Forbidden(code="complaint.manager_holds")
    return case


async def delete_if_over(session: AsyncSession, ticket_id: int, *, now: datetime) -> bool:
    """Deletes the file where its time is over and nothing of it is open; figures remain.

    The ticket, its messages and its log are not part of the file.
    """
    ticket = await lock_ticket(session, ticket_id)
    if not await queries.is_to_delete(session, ticket_id, now=now):
        return False
    case = await queries.case_of(session, ticket)
    if case.complaint.downgraded_at is None:
        session.add(_figures(case))
    kept_until = case.complaint.keep_until
    assert kept_until is not None  # or its time would not be over
    await queries.delete_file(session, ticket_id)
    for row in (case.complaint, *case.decisions.values(), *case.redress):
        session.expunge(row)
    tickets.touch(ticket, now=now)
    await tickets.say(
        session, ticket, "complaint.deleted", by=SYSTEM, now=now, kept_until=kept_until.isoformat()
    )
    return True


def _figures(case: Case) -> PastComplaint:
    complaint, ticket = case.complaint, case.ticket
    took = complaint.responded_at and complaint.responded_at - complaint.received_at
    return PastComplaint(
        month=f"{complaint.received_at:%Y-%m}",
        channel=ticket.channel,
        category=ticket.category,
        preset=complaint.preset,
        level=complaint.level,
        close_reason=complaint.close_reason or complaint.stage.value,
        outcome=case.decision.outcome if case.decision else None,
        root_cause=complaint.root_cause,
        safety=complaint.safety,
        external=complaint.external_at is not None,
        granted=case.granted,
        answered_in=took.days if took else None,
    )
