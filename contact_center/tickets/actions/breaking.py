"""What time does to promises: what broke is marked, dated to when. Callers own the transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.db import hint
from contact_center.events.actions import record_all
from contact_center.events.rules import SYSTEM
from contact_center.sla.actions import together
from contact_center.sla.actions.rows import Changes
from contact_center.sla.rules.history import breach_facts
from contact_center.tickets import queries
from contact_center.tickets.actions.telling import say
from contact_center.tickets.models import Ticket


async def note_breaches(session: AsyncSession, ticket_id: int, *, now: datetime) -> None:
    """Mark the promises of a ticket that broke, dated to when they did.

    What runs by a calendar that has been edited falls due by the hours of now.
    """
    await note_broken(session, await queries.lock_ticket(session, ticket_id), now=now)


async def note_breaches_of(
    session: AsyncSession, late: Sequence[queries.Late], *, now: datetime
) -> int:
    """The same for what `queries.overdue` has found, but for tickets that somebody holds."""
    tickets = await queries.lock_free_tickets(session, {one.ticket_id for one in late})
    broken = await together.break_all(
        session,
        [one.id for one in late],
        ticket_ids={ticket.id for ticket in tickets},
        now=now,
    )
    rows = []
    for ticket in tickets:
        for change in broken.get(ticket.id, ()):
            _count(ticket, change)
            ticket.event_count += 1
            rows.append(_breach(ticket, change, now=now))
        hint(session, f"ticket:{ticket.id}")
        hint(session, f"conversation:{ticket.conversation_id}")
    await session.flush()
    await record_all(session, rows)
    return len(broken)


def _count(ticket: Ticket, broken: Mapping[str, Any]) -> None:
    if together.breaks_our_word(broken):
        at = datetime.fromisoformat(broken["breached_at"])
        ticket.breached_at = min(ticket.breached_at or at, at)


def _breach(ticket: Ticket, change: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    return {
        "ticket_id": ticket.id,
        "seq": ticket.event_count,
        "kind": "clock.breached",
        "actor": SYSTEM,
        "data": breach_facts(change),
        "at": now,
    }


async def note_broken(session: AsyncSession, ticket: Ticket, *, now: datetime) -> None:
    changes = await together.note_breaches(session, ticket, now=now)
    broken = together.broken(changes)
    if moved := [change for change in changes if change not in broken]:
        kind = "clock.due_recomputed"
        await say(session, ticket, kind, by=SYSTEM, now=now, clocks=moved)
    await tell_broken(session, ticket, broken, now=now)


async def tell_broken(
    session: AsyncSession, ticket: Ticket, changes: Changes, *, now: datetime
) -> None:
    for broken in changes:
        _count(ticket, broken)
        await say(session, ticket, "clock.breached", by=SYSTEM, now=now, **breach_facts(broken))
