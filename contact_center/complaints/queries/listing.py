"""The register: complaints by what they have in common."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, literal, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.complaints.models import (
    UNSAFE,
    Complaint,
    Decision,
    Outcome,
    RedressItem,
    RedressState,
    Stage,
)
from contact_center.tickets.models import Ticket
from contact_center.tickets.queries import visible_to

# As in the partial index, or it is not used.
_UNFINISHED = text("complaints.stage <> 'closed' AND complaints.downgraded_at IS NULL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which complaints of the register."""

    stage: Stage | None = None
    open_only: bool = False
    outcome: Outcome | None = None
    root_cause: str | None = None
    since: datetime | None = None  # received from here on
    until: datetime | None = None  # and before this
    unsafe: bool = False
    external: bool = False
    silent_since: datetime | None = None  # answered before, and the customer has said nothing
    reader: int = 0  # an agent, who does not see every complaint


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the register."""

    complaint: Complaint
    ticket: Ticket
    decision: Decision | None
    granted: int  # hundredths


async def register(
    session: AsyncSession, wanted: Filter, *, before: int | None = None, limit: int = 50
) -> list[Entry]:
    """The newest first, before a ticket's id."""
    found = _entries(wanted)
    if before is not None:
        found = found.where(Complaint.ticket_id < before)
    rows = await session.execute(found.order_by(Complaint.ticket_id.desc()).limit(limit))
    return [
        Entry(complaint, ticket, decision, int(granted))
        for complaint, ticket, decision, granted in rows
    ]


def _entries(wanted: Filter) -> Select[Any]:
    granted = (
        select(func.coalesce(func.sum(RedressItem.amount), literal(0)))
        .where(
            RedressItem.ticket_id == Complaint.ticket_id,
            RedressItem.state.in_((RedressState.APPROVED, RedressState.PROVIDED)),
        )
        .scalar_subquery()
    )
    same_level = (Decision.ticket_id == Complaint.ticket_id) & (Decision.level == Complaint.level)
    found = (
        select(Complaint, Ticket, Decision, granted)
        .join(Ticket, Ticket.id == Complaint.ticket_id)
        .outerjoin(Decision, same_level)
        .where(Complaint.downgraded_at.is_(None), visible_to(wanted.reader))
    )
    for condition in _conditions(wanted):
        found = found.where(condition)
    return found


def _conditions(wanted: Filter) -> list[Any]:
    conditions = [_silent(wanted.silent_since)] if wanted.silent_since is not None else []
    columns = (
        (Complaint.stage, wanted.stage),
        (Decision.outcome, wanted.outcome),
        (Complaint.root_cause, wanted.root_cause),
    )
    conditions += [column == value for column, value in columns if value is not None]
    if wanted.open_only:
        conditions.append(Complaint.stage != Stage.CLOSED)
    if wanted.since is not None:
        conditions.append(Complaint.received_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(Complaint.received_at < wanted.until)
    if wanted.unsafe:
        conditions.append(Complaint.safety >= UNSAFE)
    if wanted.external:
        conditions.append(Complaint.external_at.is_not(None))
    return conditions


def _silent(since: datetime) -> Any:
    """Nobody closes these but people: silence ends no complaint."""
    waits = and_(Complaint.stage == Stage.RESPONDED, Decision.sent_at <= since)
    return and_(_UNFINISHED, or_(Complaint.stage == Stage.SILENT, waits))
