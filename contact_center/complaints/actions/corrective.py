"""Corrective actions: plan, do, check, act. They outlive the complaint they came from."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Agent
from contact_center.complaints import queries
from contact_center.complaints.actions.turns import Turn, begin, chosen, note
from contact_center.complaints.models import ActionState, Case, CorrectiveAction
from contact_center.complaints.rules.authority import is_at_least
from contact_center.complaints.rules.stages import check_action
from contact_center.errors import Forbidden, Invalid

NEXT_CYCLE = timedelta(days=30)  # to try something else


async def propose(
    session: AsyncSession,
    ticket_id: int,
    *,
    cause: str,
    plan: str,
    measure: str,
    owner_id: int,
    due_at: datetime,
    turn: Turn,
) -> CorrectiveAction:
    """Plan: the cause, what is done about it, by whom, until when, and how it will be checked."""
    told = {"cause": cause, "plan": plan, "measure": measure}
    for name, text in told.items():
        if not text.strip():
            raise Invalid(code="corrective.part_missing", part=name)
    if due_at <= turn.now:
        raise Invalid(code="corrective.due_in_future")
    case, _ = await begin(session, ticket_id, turn)
    action = CorrectiveAction(
        ticket_id=ticket_id,
        **{name: text.strip() for name, text in told.items()},
        owner_id=(await chosen(session, case, owner_id)).id,
        due_at=due_at,
        proposed_by=turn.by,
        created_at=turn.now,
    )
    session.add(action)
    await session.flush()  # its id goes into the log
    await _note(session, case, action, turn)
    return action


async def approve(session: AsyncSession, action_id: int, *, turn: Turn) -> CorrectiveAction:
    action, case, agent = await _take(session, action_id, ActionState.APPROVED, turn)
    if not is_at_least(agent.role, "lead"):
        raise Forbidden(code="corrective.lead_approves")
    if action.proposed_by == turn.by:
        raise Forbidden(code="corrective.approved_by_another")
    action.approved_by, action.approved_at = agent.id, turn.now
    return await _put(session, case, action, ActionState.APPROVED, turn)


async def finish(
    session: AsyncSession, action_id: int, *, note_: str, turn: Turn
) -> CorrectiveAction:
    """Do: what was planned is done."""
    action, case, agent = await _take(session, action_id, ActionState.DONE, turn)
    if agent.id != action.owner_id and not is_at_least(agent.role, "lead"):
        raise Forbidden(code="corrective.owner_finishes")
    action.done_by, action.done_at, action.done_note = agent.id, turn.now, note_.strip()
    return await _put(session, case, action, ActionState.DONE, turn)


async def check(
    session: AsyncSession, action_id: int, *, effective: bool, result: str, turn: Turn
) -> CorrectiveAction:
    """Check: against the measure, by somebody else. What did not help begins a new cycle."""
    if not result.strip():
        raise Invalid(code="corrective.say_result")
    action, case, agent = await _take(session, action_id, ActionState.CHECKED, turn)
    if agent.id == action.done_by:
        raise Forbidden(code="corrective.checked_by_another")
    action.checked_by, action.checked_at = agent.id, turn.now
    action.effective, action.result = effective, result.strip()
    await _put(session, case, action, ActionState.CHECKED, turn, effective=effective)
    if not effective:
        await _begin_again(session, case, action, turn)
    return action


async def close(session: AsyncSession, action_id: int, *, turn: Turn) -> CorrectiveAction:
    """Act: it has been checked, and is the standard now, or is tried another way."""
    action, case, agent = await _take(session, action_id, ActionState.CLOSED, turn)
    action.closed_by, action.closed_at = agent.id, turn.now
    return await _put(session, case, action, ActionState.CLOSED, turn)


async def _begin_again(
    session: AsyncSession, case: Case, action: CorrectiveAction, turn: Turn
) -> None:
    again = CorrectiveAction(
        ticket_id=action.ticket_id,
        follows_id=action.id,
        cycle=action.cycle + 1,
        cause=action.cause,
        plan=action.plan,
        measure=action.measure,
        owner_id=action.owner_id,
        due_at=turn.now + NEXT_CYCLE,
        proposed_by=turn.by,
        created_at=turn.now,
    )
    session.add(again)
    await session.flush()  # its id goes into the log
    await _note(session, case, again, turn)


async def _take(
    session: AsyncSession, action_id: int, to: ActionState, turn: Turn
) -> tuple[CorrectiveAction, Case, Agent]:
    """With the lock of its ticket."""
    ticket_id = (await queries.get_action(session, action_id)).ticket_id
    case, agent = await begin(session, ticket_id, turn)
    action = await queries.get_action(session, action_id)
    check_action(action, to)
    return action, case, agent


async def _put(
    session: AsyncSession,
    case: Case,
    action: CorrectiveAction,
    state: ActionState,
    turn: Turn,
    **facts: bool,
) -> CorrectiveAction:
    action.state = state
    await _note(session, case, action, turn, **facts)
    return action


async def _note(
    session: AsyncSession, case: Case, action: CorrectiveAction, turn: Turn, **facts: bool
) -> None:
    what = f"action_{action.state.value if action.state else ActionState.PROPOSED.value}"
    data = {"action": action.id, "cycle": action.cycle, **facts}
    await note(session, case, what, by=turn.by, now=turn.now, **data)
