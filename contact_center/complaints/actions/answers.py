"""What the customer says to the response, and what follows from it."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.closure import actions as closure
from contact_center.complaints import queries
from contact_center.complaints.actions import clocks, early, redress
from contact_center.complaints.actions.turns import (
    Turn,
    begin,
    chosen,
    move,
    note,
    put,
    tell,
)
from contact_center.complaints.models import LEVELS, UNDECIDED, Case, RedressEnd, Stage
from contact_center.complaints.rules.authority import check_may_review, is_at_least
from contact_center.complaints.rules.stages import (
    StepRefused,
    check_early,
    check_move,
    check_silence,
    check_step,
    missing,
    turned_down_to,
)
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events.rules import BOT, SYSTEM, Actor, agent_id
from contact_center.handovers.actions import requests
from contact_center.sla.models import ClockKind
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import ResolutionCode, Settled, Status, Ticket, TicketKind
from contact_center.tickets.queries import lock_ticket

_UNGIVEN = {
    Stage.REJECTED_BY_CUSTOMER: RedressEnd.NOT_ACCEPTED,
    Stage.WITHDRAWN: RedressEnd.COMPLAINT_WITHDRAWN,
}
_AWAITED = frozenset({Stage.RESPONDED, Stage.SILENT})


# In the chat, through the callback


async def customer_accepted(
    session: AsyncSession, ticket_id: int, *, channel: str, quote: str, by: Actor, now: datetime
) -> bool:
    """The customer says it is solved; whether that answered a response of ours."""
    case = await _answerable(session, ticket_id)
    if case is None or case.complaint.stage is Stage.ACCEPTED:
        return False
    early.keep_answer(case.complaint, channel=channel, quote=quote, now=now)
    await put(session, case, Stage.ACCEPTED, by=by, now=now, channel=channel)
    await early.note_accepted(session, case, now=now)
    return True


async def customer_rejected(
    session: AsyncSession, ticket_id: int, *, channel: str, quote: str, by: Actor, now: datetime
) -> bool:
    """The customer says it is not solved; whether that answered a response of ours."""
    case = await _answerable(session, ticket_id)
    if case is None:
        return False
    await early.turn_down(session, case, channel=channel, quote=quote, by=by, now=now)
    return True


async def callback_in_vain(session: AsyncSession, ticket_id: int, *, now: datetime) -> bool:
    """Nobody answered the callback: silent, which is neither accepted nor closed."""
    case = await _answerable(session, ticket_id)
    if case is None or case.complaint.stage is not Stage.RESPONDED:
        return False
    await put(session, case, Stage.SILENT, by=SYSTEM, now=now)
    return True


async def close_accepted(
    session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime
) -> bool:
    """After the customer's own yes, unless something is still owed; whether it is closed.

    What the customer has said to somebody else that person closes, and never a machine.
    """
    case = await _answerable(session, ticket_id)
    if case is None or case.complaint.stage is not Stage.ACCEPTED:
        return False
    if by in (BOT, SYSTEM):
        return False
    if missing(case, Stage.CLOSED):
        return False
    await _close(session, case, by=by, now=now)
    return True


async def _answerable(session: AsyncSession, ticket_id: int) -> Case | None:
    """A complaint that has been responded to; other tickets have no such file."""
    ticket = await lock_ticket(session, ticket_id)
    if ticket.kind is not TicketKind.COMPLAINT:
        return None
    if await queries.find_complaint(session, ticket_id) is None:
        return None
    case = await queries.case_of(session, ticket)
    return case if case.complaint.stage in (*_AWAITED, Stage.ACCEPTED) else None


# What people record of it


async def record_answer(
    session: AsyncSession,
    ticket_id: int,
    *,
    accepted: bool,
    channel: str,
    quote: str,
    turn: Turn,
) -> Case:
    """What the customer said by telephone or in a message: where, and in their words."""
    case, _ = await begin(session, ticket_id, turn)
    complaint, said = case.complaint, {"channel": channel.strip(), "quote": quote.strip()}
    if complaint.stage in UNDECIDED:
        check_early(complaint, now=turn.now)
    if accepted:
        check_move(case, Stage.ACCEPTED, now=turn.now)
        early.keep_answer(complaint, **said, now=turn.now)
        await move(session, case, Stage.ACCEPTED, turn, channel=said["channel"])
        await early.note_accepted(session, case, now=turn.now)
        return case
    check_move(case, turned_down_to(complaint), now=turn.now)
    await early.turn_down(session, case, **said, by=turn.by, now=turn.now)
    if case.ticket.status is Status.RESOLVED:
        await tickets.reopen(session, ticket_id, by=turn.by, now=turn.now, reason="not_solved")
    return case


async def record_silence(session: AsyncSession, ticket_id: int, *, turn: Turn) -> Case:
    case, _ = await begin(session, ticket_id, turn)
    check_move(case, Stage.SILENT, now=turn.now)
    check_silence(case, now=turn.now, procedure=turn.procedure, callback_in_vain=False)
    await move(session, case, Stage.SILENT, turn)
    return case


async def inform(
    session: AsyncSession, ticket_id: int, *, text: str, internal: bool, external: bool, turn: Turn
) -> Case:
    """Tell the customer what else they can do: a review here, bodies outside."""
    if not internal and not external:
        raise Invalid(code="complaint.say_alternatives")
    case, _ = await begin(session, ticket_id, turn)
    complaint = case.complaint
    if complaint.stage not in (*_AWAITED, Stage.REJECTED_BY_CUSTOMER):
        raise StepRefused(code="complaint.respond_first", stage=complaint.stage)
    message = await tell(session, case, turn, text)
    if internal:
        complaint.informed_internal_at = complaint.informed_internal_at or turn.now
    if external and not complaint.knows_bodies:
        complaint.informed_external_at = turn.now
    facts = {"internal": internal, "external": external, "message": message.id}
    await note(session, case, "informed", by=turn.by, now=turn.now, **facts)
    return case


async def review(session: AsyncSession, ticket_id: int, *, handler_id: int, turn: Turn) -> Case:
    """Once, by somebody who had no part in the first decision."""
    case, agent = await begin(session, ticket_id, turn)
    if not is_at_least(agent.role, "lead"):
        raise Forbidden(code="complaint.lead_gives_review")
    if case.complaint.stage is not Stage.REJECTED_BY_CUSTOMER:
        raise StepRefused(code="complaint.review_follows_refusal")
    if case.complaint.level >= LEVELS:
        raise StepRefused(code="complaint.reviewed_already")
    handler = await chosen(session, case, handler_id)
    check_may_review(case, handler.id)
    if case.ticket.status is Status.RESOLVED:
        await tickets.reopen(session, ticket_id, by=turn.by, now=turn.now, reason="review")
    if case.complaint.review_declined_at is not None:  # wanted after all: it is owed again
        case.complaint.review_declined_at = None
        await clocks.look_again(session, case, now=turn.now)
    case.complaint.level += 1
    case.complaint.handler_id = handler.id
    await move(session, case, Stage.INVESTIGATING, turn, handler=handler.id, level=2)
    if case.ticket.assignee_id != handler.id:
        await requests.assign(
            session, ticket_id, to=handler.id, by=turn.by, now=turn.now, reason="review"
        )
    return case


async def decline_review(session: AsyncSession, ticket_id: int, *, turn: Turn) -> Case:
    """The customer knows of the review, and does not want it."""
    case, _ = await begin(session, ticket_id, turn)
    complaint = case.complaint
    if complaint.stage is not Stage.REJECTED_BY_CUSTOMER or complaint.level >= LEVELS:
        raise StepRefused(code="complaint.no_review_to_decline")
    if complaint.informed_internal_at is None:
        raise Conflict(code="complaint.tell_of_review_first")
    complaint.review_declined_at = turn.now
    await clocks.drop(session, case, [ClockKind.FINAL_RESPONSE], now=turn.now)
    await note(session, case, "review_declined", by=turn.by, now=turn.now)
    return case


async def close(session: AsyncSession, ticket_id: int, *, turn: Turn) -> Case:
    """Only by a person, and only when the way there was gone. Raises StepRefused."""
    case, _ = await begin(session, ticket_id, turn)
    check_step(case, Stage.CLOSED, now=turn.now)
    await _close(session, case, by=turn.by, now=turn.now)
    return case


async def _close(session: AsyncSession, case: Case, *, by: Actor, now: datetime) -> None:
    complaint, reason = case.complaint, case.complaint.stage.value
    if (cause := _UNGIVEN.get(complaint.stage)) is not None:
        await redress.put_away(session, case, cause, by=by, now=now)
    complaint.closed_at, complaint.closed_by, complaint.close_reason = now, by, reason
    ticket = case.ticket
    is_over = ticket.status in (Status.CLOSED, Status.CANCELLED)
    if not is_over and ticket.status is not Status.RESOLVED:
        await _resolve(session, ticket, reason=reason, by=by, now=now)
    await put(session, case, Stage.CLOSED, by=by, now=now, reason=reason)
    if is_over:
        return
    if agent_id(by) is None:  # the customer's own yes; it may have to be signed off yet
        how = Settled.CUSTOMER_CONFIRMED
        await closure.settle(session, ticket.id, how=how, by=by, now=now)
    else:
        await closure.close(session, ticket.id, by=by, now=now, reason=f"complaint_{reason}")


async def _resolve(
    session: AsyncSession, ticket: Ticket, *, reason: str, by: Actor, now: datetime
) -> None:
    if ticket.status not in (Status.OPEN, Status.WAITING_CUSTOMER):
        await tickets.resume(session, ticket.id, by=by, now=now)
    is_declined = reason == Stage.REJECTED_BY_CUSTOMER
    code = ResolutionCode.DECLINED if is_declined else ResolutionCode.SOLVED
    await closure.resolve(session, ticket.id, code=code, by=by, now=now)
