"""What a ticket is. Callers own the transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.errors import Conflict, Invalid, Stale
from contact_center.events.rules import Actor
from contact_center.sla.actions import promising, together
from contact_center.sla.actions.rows import Changes
from contact_center.tickets import queries
from contact_center.tickets.actions.breaking import note_broken, tell_broken
from contact_center.tickets.actions.telling import say, touch
from contact_center.tickets.models import ACTIVE, Ticket, TicketKind

_PROMISED_BY = {"kind", "priority", "category", "team_id"}  # what policies depend on


async def edit(
    session: AsyncSession,
    ticket_id: int,
    *,
    version: int | None,
    changes: Mapping[str, Any],
    by: Actor,
    now: datetime,
    reclassify: bool = False,
) -> Ticket:
    """Change kind, priority, subject, category, tags or team. Raises Stale for an old version.

    Whether it is a complaint is decided by `complaints`, which says `reclassify`.
    """
    ticket = await queries.lock_ticket(session, ticket_id)
    if version is not None and version != ticket.version:
        raise Stale(code="ticket.stale", reference=ticket.reference, version=version)
    unknown = changes.keys() - {"kind", "priority", "subject", "category", "tags", "team_id"}
    if unknown:
        raise Invalid(code="ticket.not_editable", fields=sorted(unknown))
    if changes.get("team_id") is not None:
        await agents.get_team(session, changes["team_id"])
    before = {name: getattr(ticket, name) for name in changes}
    changed = {name: value for name, value in changes.items() if value != before[name]}
    if not changed:
        return ticket
    is_reclassified = TicketKind.COMPLAINT in (changed.get("kind"), before.get("kind"))
    if "kind" in changed and is_reclassified and not reclassify:
        raise Conflict(code="ticket.reclassify", reference=ticket.reference)
    for name, value in changed.items():
        setattr(ticket, name, value)
    again: Changes = []
    if changed.keys() & _PROMISED_BY and ticket.status in ACTIVE:
        await note_broken(session, ticket, now=now)
        again = await promising.promise_anew(session, ticket, now=now)
    touch(ticket, now=now)
    # A subject is the customer's text, so the log only says that it changed.
    diff = {n: [before[n], v] for n, v in changed.items() if n != "subject"}
    broken = together.broken(again)
    facts = {"changed": sorted(changed), "diff": diff}
    kept = [change for change in again if change not in broken]
    await say(session, ticket, "ticket.edited", by=by, now=now, clocks=kept, **facts)
    await tell_broken(session, ticket, broken, now=now)
    return ticket
