"""SQL of the hot path that writes whole tickets at once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Update, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.bulk import execute_many, fetch, insert_numbered, one_of
from contact_center.db import Table, among
from contact_center.intake.models import Draft, Talk
from contact_center.tickets.models import Status, Ticket

TICKETS = Table.metadata.tables["tickets"]
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
    "about_agent_id",
    "waiting_since",
    "resolved_at",
    "next_due_at",
    "first_response_at",
    "policy_version",
    "category",
    "event_count",
)
_LOCK = (
    select(*(TICKETS.c[name] for name in _DECISIVE))
    .where(one_of(TICKETS.c.id, "ticket_ids"))
    .order_by(TICKETS.c.id)
    .with_for_update(key_share=True)
)


async def lock_tickets(session: AsyncSession, ticket_ids: Collection[int]) -> dict[int, Draft]:
    """Tickets as far as decisions need them, locked in one order."""
    found = await fetch(session, _LOCK, {"ticket_ids": ticket_ids})
    drafts = (Draft(**dict(zip(_DECISIVE, row, strict=True))) for row in found)
    return {draft.id: draft for draft in drafts}


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
    for has_moved, names in ((False, _GROWING), (True, _MOVING)):
        some = [draft for draft in drafts if draft.has_moved is has_moved]
        if some:
            rows = [_update_row(draft, names, now) for draft in some]
            await execute_many(session, _update(names), rows)


_GROWING = ("waiting_since",)
_MOVING = (
    "waiting_since",
    "status",
    "kind",
    "subject",
    "facts",
    "team_id",
    "next_due_at",
    "policy_version",
)


@cache
def _update(names: Sequence[str]) -> Update:
    return (
        update(TICKETS)
        .where(TICKETS.c.id == bindparam("row_id"))
        .values(
            message_count=TICKETS.c.message_count + bindparam("more_messages"),
            event_count=TICKETS.c.event_count + bindparam("more_events"),
            version=TICKETS.c.version + 1,
            updated_at=bindparam("now"),
            **{name: bindparam(f"new_{name}") for name in names},
        )
    )


def _update_row(draft: Draft, names: Sequence[str], now: datetime) -> dict[str, Any]:
    return {
        "now": now,
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
        "policy_version": draft.policy_version,
    }


async def recent_tickets(
    session: AsyncSession, customer_ids: Collection[int], *, each: int
) -> Sequence[Ticket]:
    """For "my tickets", the newest first; more than so many of one customer are left out."""
    found = (
        select(Ticket)
        .where(
            among(session, Ticket.customer_id, customer_ids),
            Ticket.status.not_in((Status.BOT, Status.CANCELLED)),
        )
        .order_by(Ticket.id.desc())
        .limit(4 * each * len(customer_ids))
    )
    told: dict[int, list[Ticket]] = {}
    for ticket in await session.scalars(found):
        told.setdefault(ticket.customer_id, []).append(ticket)
    return [ticket for tickets in told.values() for ticket in tickets[:each]]
