"""How every action ends: the log and alerts say what happened. Callers own the transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.alerts.actions import alert
from contact_center.db import hint
from contact_center.events.actions import record
from contact_center.events.rules import Actor, agent_id
from contact_center.tickets.actions.allowing import check_not_recused
from contact_center.tickets.models import Ticket


async def say(
    session: AsyncSession, ticket: Ticket, kind: str, *, by: Actor, now: datetime, **data: Any
) -> None:
    """Log what happened to a locked ticket, and wake who looks at it.

    `clocks` are the changes of its clocks; where there are none, nothing is said of them.
    Nothing happens to a complaint by the hand of whom it is about. Raises Forbidden.
    """
    if ticket.about_agent_id is not None and (number := agent_id(by)) is not None:
        await check_not_recused(session, ticket, number)
    if not data.get("clocks"):
        data.pop("clocks", None)
    await record(session, kind, actor=by, now=now, ticket=ticket, data=data)
    hint(session, f"conversation:{ticket.conversation_id}")


async def tell(
    session: AsyncSession,
    ticket: Ticket,
    kind: str,
    *,
    to: Collection[int],
    by: Actor,
    now: datetime,
    facts: Mapping[str, Any],
) -> None:
    """Alert agents, or who stands in, to what has just happened to a ticket; not who did it."""
    doer = agent_id(by)
    told = await agents.who_hears(session, to, about=ticket.about_agent_id, now=now)
    await alert(
        session,
        to=told - {doer},
        kind=kind,
        facts={**facts, "by": doer},
        ticket_id=ticket.id,
        key=f"{kind}:{ticket.id}:{ticket.event_count}",
        now=now,
    )


def touch(ticket: Ticket, *, now: datetime) -> None:
    ticket.version += 1
    ticket.updated_at = now
