"""How a file is opened, joined with another, or put away because it was no complaint."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.closure import actions as closure
from contact_center.complaints import queries
from contact_center.complaints.actions import clocks, redress
from contact_center.complaints.actions.turns import Turn, note, put
from contact_center.complaints.models import UNDECIDED, Case, Complaint, RedressEnd, Stage
from contact_center.complaints.rules.authority import is_at_least
from contact_center.complaints.rules.stages import StepRefused
from contact_center.errors import Conflict, Forbidden, Invalid, Stale
from contact_center.events.rules import Actor
from contact_center.procedure import Procedure
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import FINISHED, Status, Ticket, TicketKind
from contact_center.tickets.queries import lock_ticket


class Filed(Protocol):
    """A ticket that has just begun to need a human."""

    id: int
    kind: TicketKind
    facts: dict[str, Any]


async def open_all(
    session: AsyncSession, filed: Sequence[Filed], *, procedure: Procedure, now: datetime
) -> None:
    """A file for each complaint among them: one statement."""
    rows = [
        queries.file_row(ticket, procedure, received_at=now)
        for ticket in filed
        if ticket.kind is TicketKind.COMPLAINT
    ]
    if rows:
        await queries.insert_complaints(session, rows)


async def edit(
    session: AsyncSession,
    ticket_id: int,
    *,
    version: int | None,
    changes: Mapping[str, Any],
    reason: str = "",
    turn: Turn,
) -> Ticket:
    """A ticket's details; whether it is a complaint is among them. Raises Stale."""
    ticket = await lock_ticket(session, ticket_id)
    if version is not None and version != ticket.version:
        raise Stale(code="ticket.stale", reference=ticket.reference, version=version)
    kind = changes.get("kind")
    if kind is not None and kind is not ticket.kind and TicketKind.COMPLAINT in (kind, ticket.kind):
        await reclassify(session, ticket_id, kind=kind, reason=reason, turn=turn)
    return await tickets.edit(
        session,
        ticket_id,
        version=None,
        changes=changes,
        by=turn.by,
        now=turn.now,
    )


async def reclassify(
    session: AsyncSession, ticket_id: int, *, kind: TicketKind, reason: str, turn: Turn
) -> Ticket:
    """To a complaint by anybody; away from it by a lead, with a reason, before it is answered."""
    agent = await tickets.acting_agent(session, turn.by)
    ticket = await lock_ticket(session, ticket_id)
    was = ticket.kind
    if kind is was:
        return ticket
    if ticket.status in FINISHED:
        raise Conflict(
            code="complaint.kind_stays", reference=ticket.reference, status=ticket.status
        )
    await tickets.check_not_recused(session, ticket, agent.id)
    if was is TicketKind.COMPLAINT:
        if not is_at_least(agent.role, "lead"):
            raise Forbidden(code="complaint.lead_downgrades")
        if not reason.strip():
            raise Invalid(code="complaint.say_why_none")
        case = await queries.lock_case(session, ticket_id, procedure=turn.procedure)
        await _put_away(session, case, reason=reason.strip(), by=turn.by, now=turn.now)
    await tickets.edit(
        session,
        ticket_id,
        version=None,
        changes={"kind": kind},
        by=turn.by,
        now=turn.now,
        reclassify=True,
    )
    if kind is TicketKind.COMPLAINT:
        await _open(session, ticket, turn=turn)
    return ticket


async def cancel(
    session: AsyncSession, ticket_id: int, *, reason: str, by: Actor, now: datetime
) -> Ticket:
    """Spam or a test was no complaint; one whose customer was answered ends by its own process."""
    ticket = await lock_ticket(session, ticket_id)
    ticket.check_move(Status.CANCELLED)
    if ticket.kind is TicketKind.COMPLAINT and reason.strip():
        complaint = await queries.find_complaint(session, ticket_id)
        if complaint is not None and complaint.downgraded_at is None:
            case = await queries.case_of(session, ticket)
            await _put_away(session, case, reason=reason.strip(), by=by, now=now)
    return await closure.cancel(session, ticket_id, reason=reason, by=by, now=now)


async def _put_away(
    session: AsyncSession, case: Case, *, reason: str, by: Actor, now: datetime
) -> None:
    complaint = case.complaint
    if complaint.stage not in UNDECIDED or complaint.responded_at is not None:
        raise StepRefused(code="complaint.stays_complaint")
    complaint.downgraded_at, complaint.downgrade_reason = now, reason
    case.ticket.stage = None
    await clocks.drop(session, case, clocks.OURS, now=now)
    await note(session, case, "downgraded", by=by, now=now)
    await redress.put_away(session, case, RedressEnd.NO_COMPLAINT, by=by, now=now)


async def _open(session: AsyncSession, ticket: Ticket, *, turn: Turn) -> None:
    """Counted from the oldest message nobody has answered; else from now."""
    await queries.insert_missing(session, queries.file_row(ticket, turn.procedure))
    case = await queries.case_of(session, ticket)
    if case.complaint.downgraded_at is None:
        received_at = ticket.waiting_since or turn.now
        case.complaint.received_at = received_at
        case.complaint.keep_until = turn.procedure.keep_until(received_at)
    case.complaint.downgraded_at = None
    await clocks.ensure(session, case, policies=turn.policies, now=turn.now)
    await put(session, case, case.complaint.stage, by=turn.by, now=turn.now)


async def open_part(session: AsyncSession, part: Ticket, *, of: Ticket, now: datetime) -> None:
    """What is split off a complaint is one, too, and was received with it."""
    whole = await queries.find_complaint(session, of.id)
    if part.kind is TicketKind.COMPLAINT and whole is not None:
        session.add(
            Complaint(
                ticket_id=part.id,
                preset=whole.preset,
                received_at=min(whole.received_at, now),
                keep_until=whole.keep_until,
                legal_hold_at=whole.legal_hold_at,
                legal_hold_by=whole.legal_hold_by,
                legal_hold_reason=whole.legal_hold_reason,
            )
        )


async def absorb(
    session: AsyncSession, victim: Ticket, survivor: Ticket, *, by: Actor, now: datetime
) -> None:
    """The same complaint again: what was collected is joined, and the first receipt counts."""
    if victim.kind is not TicketKind.COMPLAINT:
        return
    if survivor.kind is not TicketKind.COMPLAINT:
        raise Conflict(
            code="complaint.reclassify_survivor",
            reference=victim.reference,
            other=survivor.reference,
        )
    old = await queries.find_complaint(session, victim.id)
    if old is None:
        return
    case = await queries.case_of(session, survivor)
    if old.stage not in UNDECIDED or await queries.decisions_of(session, victim.id):
        raise Conflict(code="complaint.decided_stays", reference=victim.reference)
    came = await queries.redress_of(session, victim.id)
    await _join(session, case, old)
    await note(session, case, "joined", by=by, now=now, other=victim.id)
    await redress.take_over(session, case, came, by=by, now=now)


async def _join(session: AsyncSession, case: Case, old: Complaint) -> None:
    complaint = case.complaint
    complaint.received_at = min(complaint.received_at, old.received_at)
    kept = [at for at in (complaint.keep_until, old.keep_until) if at is not None]
    complaint.keep_until = max(kept, default=None)  # what came later is not deleted early
    _hold_with(complaint, old)
    complaint.remedy_requested = complaint.remedy_requested or old.remedy_requested
    if complaint.stage is Stage.RECEIVED:
        complaint.acknowledged_at = complaint.acknowledged_at or old.acknowledged_at
    await queries.move_hangings(session, old=old.ticket_id, new=complaint.ticket_id)
    await session.flush()  # before the file they hung on goes
    await session.delete(old)


def _hold_with(complaint: Complaint, old: Complaint) -> None:
    """What was held for a dispute stays held, whatever file it is in."""
    if old.legal_hold_at is None:
        return
    if complaint.legal_hold_at is None:
        complaint.legal_hold_at, complaint.legal_hold_by = old.legal_hold_at, old.legal_hold_by
    reasons = [complaint.legal_hold_reason, old.legal_hold_reason]
    complaint.legal_hold_reason = "; ".join(reason for reason in reasons if reason)
