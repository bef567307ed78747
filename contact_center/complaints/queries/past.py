"""Files whose time is over, and what remains of those that were deleted."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, delete, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from contact_center.complaints.models import (
    OVER,
    ActionState,
    Complaint,
    CorrectiveAction,
    Decision,
    Evidence,
    PastComplaint,
    RedressItem,
)
from contact_center.tickets.models import FINISHED, Ticket


async def files_to_delete(
    session: AsyncSession, *, now: datetime, after: int, limit: int
) -> Sequence[int]:
    """Their tickets, in order."""
    found = _to_delete(now).where(Complaint.ticket_id > after)
    return (await session.scalars(found.order_by(Complaint.ticket_id).limit(limit))).all()


async def is_to_delete(session: AsyncSession, ticket_id: int, *, now: datetime) -> bool:
    found = _to_delete(now).where(Complaint.ticket_id == ticket_id)
    return await session.scalar(found) is not None


def _to_delete(now: datetime) -> Select[int]:
    """Over in every respect: the complaint, its ticket, what follows, what is done about it."""
    later = aliased(Ticket)
    goes_on = exists().where(later.follows_id == Ticket.id, later.status.not_in(FINISHED))
    is_acted_on = exists().where(
        CorrectiveAction.ticket_id == Ticket.id, CorrectiveAction.state != ActionState.CLOSED
    )
    return (
        select(Complaint.ticket_id)
        .join(Ticket, Ticket.id == Complaint.ticket_id)
        .where(
            Complaint.keep_until <= now,
            Complaint.legal_hold_at.is_(None),
            or_(Complaint.stage.in_(OVER), Complaint.downgraded_at.is_not(None)),
            Ticket.status.in_(FINISHED),
            ~goes_on,
            ~is_acted_on,
        )
    )


async def delete_file(session: AsyncSession, ticket_id: int) -> None:
    for table in (Evidence, Decision, RedressItem, CorrectiveAction, Complaint):
        statement = delete(table).where(table.ticket_id == ticket_id)
        await session.execute(statement.execution_options(synchronize_session=False))


async def past_complaints(
    session: AsyncSession, *, before: int | None = None, limit: int = 50
) -> Sequence[PastComplaint]:
    """The last to be deleted first."""
    found = select(PastComplaint).order_by(PastComplaint.id.desc()).limit(limit)
    if before is not None:
        found = found.where(PastComplaint.id < before)
    return (await session.scalars(found)).all()
