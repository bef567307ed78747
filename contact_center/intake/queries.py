"""SQL of the hot path that writes whole tickets at once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.db import Table, among
from contact_center.intake.models import Draft, Talk
from contact_center.tickets.models import Status

TICKETS = Table.metadata.tables["tickets"]


async def lock_tickets(session: AsyncSession, ticket_ids: Collection[int]) -> dict[int, Draft]:
    """Tickets as far as decisions need them, locked in one order."""
    columns = (TICKETS.c[name] for name in _DECISIVE)
    found = (
        select(*columns)
        .where(among(session, TICKETS.c.id, ticket_ids))
        .order_by(TICKETS.c.id)
        .with_for_update()
    )
    return {row.id: Draft(**row._mapping) for row in await session.execute(found)}


# Columns of a ticket that have the names of the Draft's fields.
_DECISIVE = (
    "id",
    "status",
    "customer_id",
    "kind",
    "priority",
    "subject",
    "facts",
    "team_id",
    "owner_id",
    "waiting_since",
    "resolved_at",
    "next_due_at",
    "event_count",
)


async def insert_tickets(
    session: AsyncSession, drafts: Sequence[tuple[Talk, Draft]], *, now: datetime
) -> None:
    """Gives the drafts their ids."""
    rows = [_ticket_row(talk, draft, now) for talk, draft in drafts]
    statement = insert(TICKETS).returning(TICKETS.c.id, sort_by_parameter_order=True)
    ids = (await session.execute(statement, rows)).scalars()
    for (_, draft), number in zip(drafts, ids, strict=True):
        draft.id = number


async def update_tickets(session: AsyncSession, drafts: Sequence[Draft], *, now: datetime) -> None:
    names = ("status", "kind", "subject", "facts", "team_id", "waiting_since", "next_due_at")
    statement = (
        update(TICKETS)
        .where(TICKETS.c.id == bindparam("row_id"))
        .values(
            message_count=TICKETS.c.message_count + bindparam("more_messages"),
            event_count=TICKETS.c.event_count + bindparam("more_events"),
            version=TICKETS.c.version + 1,
            updated_at=now,
            **{name: bindparam(f"new_{name}") for name in names},
        )
    )
    rows = [
        {
            "row_id": draft.id,
            "more_messages": len(draft.lines),
            "more_events": len(draft.events),
            **{f"new_{name}": getattr(draft, name) for name in names},
        }
        for draft in drafts
    ]
    await session.execute(statement, rows)


def _ticket_row(talk: Talk, draft: Draft, now: datetime) -> dict[str, Any]:
    return {
        "public_token": draft.public_token,
        "kind": draft.kind,
        "status": draft.status,
        "priority": draft.priority,
        "subject": draft.subject,
        "category": draft.category,
        "tags": draft.tags,
        "facts": draft.facts,
        "language": talk.language,
        "channel": talk.channel,
        "customer_id": talk.customer_id,
        "conversation_id": talk.id,
        "team_id": draft.team_id,
        "suggested_owner_id": draft.suggested_owner_id,
        "follows_id": draft.follows_id,
        "reopen_count": 0,
        "message_count": len(draft.lines),
        "event_count": len(draft.events),
        "version": 1,
        "created_at": now,
        "updated_at": now,
        "waiting_since": draft.waiting_since,
        "next_due_at": draft.next_due_at,
    }


async def recent_tickets(session: AsyncSession, customer_ids: Collection[int]) -> Sequence[Any]:
    """Rows of tickets for "my tickets", the newest first."""
    columns = ("customer_id", "id", "subject", "status", "owner_id")
    found = (
        select(*(TICKETS.c[name] for name in columns))
        .where(
            among(session, TICKETS.c.customer_id, customer_ids),
            TICKETS.c.status.not_in((Status.BOT, Status.CANCELLED)),
        )
        .order_by(TICKETS.c.id.desc())
        .limit(20 * len(customer_ids))
    )
    return (await session.execute(found)).all()
