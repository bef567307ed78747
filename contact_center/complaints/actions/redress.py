"""What is given to put it right, within what each role may grant."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.complaints import queries
from contact_center.complaints.actions.turns import Turn, begin, note
from contact_center.complaints.models import (
    PENDING,
    UNDECIDED,
    Case,
    RedressEnd,
    RedressItem,
    RedressKind,
    RedressState,
    Stage,
)
from contact_center.complaints.rules.authority import check_may_grant, is_at_least
from contact_center.complaints.rules.stages import StepRefused, check_is_open, check_redress
from contact_center.errors import Forbidden, Invalid
from contact_center.events.rules import Actor
from contact_center.tickets.actions import touch

LARGEST = 10**14  # hundredths


async def propose(
    session: AsyncSession,
    ticket_id: int,
    *,
    kind: RedressKind,
    amount: int,
    description: str,
    turn: Turn,
) -> RedressItem:
    """What one may grant oneself is granted at once; `amount` in hundredths."""
    if not 0 <= amount <= LARGEST:
        raise Invalid(code="complaint.amount_out_of_reach")
    if not amount and not description.strip():
        raise Invalid(code="complaint.say_redress")
    case, agent = await begin(session, ticket_id, turn)
    if case.complaint.stage not in UNDECIDED:
        raise StepRefused(code="complaint.redress_before_response")
    item = RedressItem(
        ticket_id=ticket_id,
        kind=kind,
        amount=amount,
        description=description.strip(),
        state=RedressState.PROPOSED,
        proposed_by=agent.id,
        created_at=turn.now,
    )
    if case.live + amount <= turn.procedure.authority.of(agent.role):
        item.state, item.decided_by, item.decided_at = RedressState.APPROVED, agent.id, turn.now
    if case.decision is not None:  # what was approved was another decision
        case.decision.approved_by = case.decision.approved_at = None
    session.add(item)
    await session.flush()  # its id goes into the log
    await _note(session, case, "redress_" + item.state.value, item, turn)
    return item


async def approve(
    session: AsyncSession, ticket_id: int, item_id: int, *, turn: Turn
) -> RedressItem:
    """By somebody else, whose authority covers all redress of the complaint."""
    case, item, agent_id = await _item(session, ticket_id, item_id, RedressState.APPROVED, turn)
    return await _decide(session, case, item, RedressState.APPROVED, agent_id, turn)


async def refuse(session: AsyncSession, ticket_id: int, item_id: int, *, turn: Turn) -> RedressItem:
    case, item, agent_id = await _item(session, ticket_id, item_id, RedressState.REFUSED, turn)
    return await _decide(session, case, item, RedressState.REFUSED, agent_id, turn)


async def provide(
    session: AsyncSession, ticket_id: int, item_id: int, *, turn: Turn
) -> RedressItem:
    """It has been carried out, once the customer knows of it."""
    case, agent = await begin(session, ticket_id, turn)
    item = await queries.get_redress(session, ticket_id, item_id)
    check_redress(item, RedressState.PROVIDED)
    if case.complaint.stage in UNDECIDED:
        raise StepRefused(code="complaint.respond_before_giving")
    if case.complaint.stage is Stage.CLOSED:
        check_is_open(case)
    item.state, item.provided_by, item.provided_at = RedressState.PROVIDED, agent.id, turn.now
    await _note(session, case, "redress_provided", item, turn)
    return item


async def withdraw(
    session: AsyncSession, ticket_id: int, item_id: int, *, reason: str, turn: Turn
) -> RedressItem:
    """It is not given after all. What the customer knows of only a lead takes back."""
    if not reason.strip():
        raise Invalid(code="complaint.say_why_not_given")
    case, agent = await begin(session, ticket_id, turn)
    check_is_open(case)
    item = await queries.get_redress(session, ticket_id, item_id)
    check_redress(item, RedressState.WITHDRAWN)
    is_own = item.proposed_by == agent.id and case.complaint.responded_at is None
    if not is_own and not is_at_least(agent.role, "lead"):
        raise Forbidden(code="complaint.lead_takes_back_redress")
    if case.decision is not None and case.complaint.stage in UNDECIDED:
        case.decision.approved_by = case.decision.approved_at = None  # that was another decision
    item.withdrawn_reason = reason.strip()
    await _withdraw(session, case, item, RedressEnd.DECIDED, by=turn.by, now=turn.now)
    touch(case.ticket, now=turn.now)
    return item


async def put_away(
    session: AsyncSession, case: Case, cause: RedressEnd, *, by: Actor, now: datetime
) -> None:
    """The complaint ends without it: what has not been given is not owed any more."""
    for item in _pending(case.redress):
        await _withdraw(session, case, item, cause, by=by, now=now)


async def take_over(
    session: AsyncSession, case: Case, came: Sequence[RedressItem], *, by: Actor, now: datetime
) -> None:
    """What came with a complaint merged into this one: it was granted for that one alone.

    It is decided anew with the rest; beside a response that has been sent it cannot be given.
    """
    is_answered = case.complaint.stage not in UNDECIDED or case.complaint.responded_at is not None
    for item in _pending(came):
        if is_answered:
            await _withdraw(session, case, item, RedressEnd.MERGED, by=by, now=now)
        else:
            item.state, item.decided_by, item.decided_at = RedressState.PROPOSED, None, None
            await note(session, case, "redress_proposed", by=by, now=now, **_facts(item))
    if _pending(came) and case.decision is not None:  # what was approved was another decision
        case.decision.approved_by = case.decision.approved_at = None


async def _item(
    session: AsyncSession, ticket_id: int, item_id: int, to: RedressState, turn: Turn
) -> tuple[Case, RedressItem, int]:
    case, agent = await begin(session, ticket_id, turn)
    check_is_open(case)
    item = await queries.get_redress(session, ticket_id, item_id)
    check_redress(item, to)
    check_may_grant(case, role=agent.role, name=agent.name, procedure=turn.procedure)
    if item.proposed_by == agent.id:
        raise Forbidden(code="complaint.redress_decided_by_another")
    return case, item, agent.id


async def _decide(
    session: AsyncSession,
    case: Case,
    item: RedressItem,
    state: RedressState,
    agent_id: int,
    turn: Turn,
) -> RedressItem:
    item.state, item.decided_by, item.decided_at = state, agent_id, turn.now
    await _note(session, case, "redress_" + state.value, item, turn)
    return item


async def _note(
    session: AsyncSession, case: Case, what: str, item: RedressItem, turn: Turn
) -> None:
    touch(case.ticket, now=turn.now)
    await note(session, case, what, by=turn.by, now=turn.now, **_facts(item))


async def _withdraw(
    session: AsyncSession,
    case: Case,
    item: RedressItem,
    cause: RedressEnd,
    *,
    by: Actor,
    now: datetime,
) -> None:
    item.state, item.withdrawn_cause = RedressState.WITHDRAWN, cause
    item.withdrawn_at, item.withdrawn_by = now, by
    facts = {**_facts(item), "cause": cause.value}
    await note(session, case, "redress_withdrawn", by=by, now=now, **facts)


def _pending(items: Sequence[RedressItem]) -> list[RedressItem]:
    return [item for item in items if item.state in PENDING]


def _facts(item: RedressItem) -> dict[str, Any]:
    return {"redress": item.id, "redress_kind": item.kind.value, "amount": item.amount}
