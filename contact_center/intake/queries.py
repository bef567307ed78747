"""SQL of the hot path that writes whole tickets at once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Update, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.db import Table, among, insert_numbered
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
        .with_for_update(key_share=True)
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
    ids = await insert_numbered(session, TICKETS, rows)
    for (_, draft), number in zip(drafts, ids, strict=True):
        draft.id = number


async def update_tickets(session: AsyncSession, drafts: Sequence[Draft], *, now: datetime) -> None:
    """Most tickets only grow; naming an indexed column rewrites its indexes, so few are named."""
    for has_moved, names in ((False, ("waiting_since",)), (True, _MOVING)):
        some = [draft for draft in drafts if draft.has_moved is has_moved]
        if some:
            await session.execute(_update(names, now), [_update_row(d, names) for d in some])


_MOVING = ("waiting_since", "status", "kind", "subject", "facts", "team_id", "next_due_at")


def _update(names: Sequence[str], now: datetime) -> Update:
    return (
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


def _update_row(draft: Draft, names: Sequence[str]) -> dict[str, Any]:
    return {
        "row_id": draft.id,
        "more_messages": len(draft.lines),
        "more_events": len(draft.events),
        **{f"new_{name}": getattr(draft, name) for name in names},
    }


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
