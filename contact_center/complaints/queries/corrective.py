"""What keeps it from happening again."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.complaints.models import (
    ActionState,
    CorrectiveAction,
)
from contact_center.errors import NotFound
from contact_center.tickets.queries import seen_by


async def get_action(session: AsyncSession, action_id: int) -> CorrectiveAction:
    action = await session.get(CorrectiveAction, action_id, populate_existing=True)
    if action is None:
        raise NotFound(code="corrective.unknown", action_id=action_id)
    return action


async def actions_of(session: AsyncSession, ticket_id: int) -> Sequence[CorrectiveAction]:
    found = select(CorrectiveAction).where(CorrectiveAction.ticket_id == ticket_id)
    return (await session.scalars(found.order_by(CorrectiveAction.id))).all()


async def page_of_actions(
    session: AsyncSession,
    *,
    states: Collection[ActionState],
    reader: int = 0,
    after: tuple[datetime, int] | None = None,
    limit: int = 100,
) -> Sequence[CorrectiveAction]:
    """Those due first come first, beyond the `(due_at, id)` of the last one seen."""
    found = select(CorrectiveAction).where(
        CorrectiveAction.state.in_(states), seen_by(reader, CorrectiveAction.ticket_id)
    )
    order = (CorrectiveAction.due_at, CorrectiveAction.id)
    if after is not None:
        later = CorrectiveAction.due_at > after[0]
        same = (CorrectiveAction.due_at == after[0]) & (CorrectiveAction.id > after[1])
        found = found.where(later | same)
    return (await session.scalars(found.order_by(*order).limit(limit))).all()
