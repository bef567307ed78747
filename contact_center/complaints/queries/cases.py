"""One complaint, with all that hangs on it; and those that were not answered in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.bulk import insert_new
from contact_center.complaints.models import (
    OVER,
    UNDECIDED,
    Case,
    Complaint,
    CorrectiveAction,
    Decision,
    Evidence,
    RedressItem,
    Stage,
)
from contact_center.db import Table, insert_or_ignore
from contact_center.errors import Conflict, NotFound
from contact_center.procedure import Procedure
from contact_center.sla.models import Clock, ClockKind, ClockState
from contact_center.tickets.models import Ticket, TicketKind, reference
from contact_center.tickets.queries import get_ticket, lock_ticket

_ENDS = tuple(stage.value for stage in OVER)  # without a file: it was deleted
COMPLAINTS = Table.metadata.tables["complaints"]


async def lock_case(session: AsyncSession, ticket_id: int, *, procedure: Procedure) -> Case:
    """With its ticket locked. Raises NotFound, and Conflict where it is no complaint."""
    ticket = await lock_ticket(session, ticket_id)
    if ticket.kind is not TicketKind.COMPLAINT:
        raise Conflict(code="complaint.reclassify_first", reference=ticket.reference)
    if ticket.stage in _ENDS and await find_complaint(session, ticket_id) is None:
        raise Conflict(code="complaint.file_deleted", reference=ticket.reference)
    await insert_missing(session, file_row(ticket, procedure))
    return await case_of(session, ticket)


async def insert_missing(session: AsyncSession, row: Mapping[str, Any]) -> None:
    """For a ticket that became a complaint otherwise than through intake."""
    await session.execute(insert_or_ignore(session, Complaint).values(**row))


def file_row(
    ticket: Any, procedure: Procedure, *, received_at: datetime | None = None
) -> dict[str, Any]:
    """Of a ticket, or of one that is being made."""
    remedy, received_at = ticket.facts.get("remedy"), received_at or ticket.created_at
    return {
        "ticket_id": ticket.id,
        "stage": Stage.RECEIVED,
        "level": 1,
        "preset": procedure.preset,
        "remedy_requested": remedy if isinstance(remedy, str) else "",
        "received_at": received_at,
        "next_step": "",
        "findings": "",
        "answer_quote": "",
        "extension_reason": "",
        "downgrade_reason": "",
        "keep_until": procedure.keep_until(received_at),
    }


async def insert_complaints(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Skips those that are there already."""
    await insert_new(session, COMPLAINTS, rows)


async def find_complaint(session: AsyncSession, ticket_id: int) -> Complaint | None:
    return await session.get(Complaint, ticket_id, populate_existing=True)


async def view_case(
    session: AsyncSession, ticket_id: int, *, procedure: Procedure, put_away: bool = False
) -> Case:
    """Only to look at; nothing is locked. Raises NotFound.

    `put_away`: also the file of what was no complaint after all.
    """
    ticket = await get_ticket(session, ticket_id)
    found = await find_complaint(session, ticket_id)
    if ticket.kind is not TicketKind.COMPLAINT and not (put_away and found):
        raise NotFound(code="complaint.none", reference=ticket.reference)
    if found is None:  # its first step opens the file
        if ticket.stage in _ENDS:
            raise NotFound(code="complaint.file_deleted", reference=ticket.reference)
        return Case(ticket=ticket, complaint=Complaint(**file_row(ticket, procedure)))
    return await case_of(session, ticket)


async def case_of(session: AsyncSession, ticket: Ticket) -> Case:
    """Raises NotFound."""
    complaint = await find_complaint(session, ticket.id)
    if complaint is None:
        raise NotFound(code="complaint.no_file", reference=reference(ticket.id))
    pieces = select(func.count()).where(Evidence.ticket_id == ticket.id)
    return Case(
        ticket=ticket,
        complaint=complaint,
        decisions=await decisions_of(session, ticket.id),
        redress=await redress_of(session, ticket.id),
        evidence=await session.scalar(pieces) or 0,
    )


async def decisions_of(session: AsyncSession, ticket_id: int) -> dict[int, Decision]:
    """By level."""
    found = await session.scalars(select(Decision).where(Decision.ticket_id == ticket_id))
    return {decision.level: decision for decision in found}


async def evidence_of(session: AsyncSession, ticket_id: int) -> Sequence[Evidence]:
    found = select(Evidence).where(Evidence.ticket_id == ticket_id).order_by(Evidence.id)
    return (await session.scalars(found)).all()


async def redress_of(session: AsyncSession, ticket_id: int) -> Sequence[RedressItem]:
    found = select(RedressItem).where(RedressItem.ticket_id == ticket_id).order_by(RedressItem.id)
    return (await session.scalars(found)).all()


async def get_redress(session: AsyncSession, ticket_id: int, item_id: int) -> RedressItem:
    item = await session.get(RedressItem, item_id, populate_existing=True)
    if item is None or item.ticket_id != ticket_id:
        raise NotFound(
            code="complaint.no_such_redress", reference=reference(ticket_id), item_id=item_id
        )
    return item


@dataclass(frozen=True, slots=True)
class Unanswered:
    ticket_id: int
    owner_id: int | None
    team_id: int | None
    about_agent_id: int | None
    ended_at: datetime | None  # never None where it is over


async def unanswered(
    session: AsyncSession, *, now: datetime, after: int = 0, limit: int = 200
) -> list[Unanswered]:
    """Whose time to answer is over by law, and whose customers have not been told of it."""
    found = (
        select(
            Complaint.ticket_id,
            Ticket.owner_id,
            Ticket.team_id,
            Ticket.about_agent_id,
            Clock.legal_due_at,
        )
        .join(Ticket, Ticket.id == Complaint.ticket_id)
        .join(Clock, Clock.ticket_id == Complaint.ticket_id)
        .where(
            Complaint.stage.in_(UNDECIDED),
            Complaint.downgraded_at.is_(None),
            Complaint.informed_external_at.is_(None),
            Complaint.ticket_id > after,
            Clock.kind == ClockKind.FINAL_RESPONSE,
            Clock.state != ClockState.CANCELLED,
            Clock.stopped_at.is_(None),
            Clock.legal_due_at < now,
        )
    )
    rows = await session.execute(found.order_by(Complaint.ticket_id).limit(limit))
    return [Unanswered(*row) for row in rows]


async def is_external(session: AsyncSession, ticket_id: int) -> bool:
    """Whether the customer has taken it elsewhere: then nobody asks them how we were."""
    found = exists().where(Complaint.ticket_id == ticket_id, Complaint.external_at.is_not(None))
    return bool(await session.scalar(select(found)))


async def move_hangings(session: AsyncSession, *, old: int, new: int) -> None:
    """What was collected for a duplicate belongs to the complaint that stays."""
    pieces = await session.scalars(select(Evidence).where(Evidence.ticket_id == old))
    items = await session.scalars(select(RedressItem).where(RedressItem.ticket_id == old))
    actions = await session.scalars(
        select(CorrectiveAction).where(CorrectiveAction.ticket_id == old)
    )
    for row in (*pieces, *items, *actions):
        row.ticket_id = new
