"""Orders to supervise a ticket: opened by what goes wrong, taken and ended by a supervisor.

Callers own the transaction.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.agents.models import Agent, Role
from contact_center.alerts.actions import alert
from contact_center.alerts.queries import leads_of
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events.rules import SYSTEM, Actor
from contact_center.supervision import queries
from contact_center.supervision.models import Cause, SupervisionOrder
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import Ticket, reference

SUPERVISORS = frozenset({Role.LEAD, Role.MANAGER, Role.ADMIN})


async def order(
    session: AsyncSession,
    ticket: Ticket,
    *,
    cause: Cause | str,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
) -> int | None:
    """Open an order on a locked ticket and alert its leads; None where one is open already."""
    cause, facts, about = Cause(cause), dict(facts or {}), ticket.about_agent_id
    number = await queries.open_once(
        session, ticket_id=ticket.id, cause=cause, facts=facts, now=now
    )
    if number is None:
        return None
    tickets.touch(ticket, now=now)
    data = {"cause": cause.value, "order": number}
    await tickets.say(session, ticket, "supervision.ordered", by=SYSTEM, now=now, **data)
    await alert(
        session,
        to=[lead.id for lead in await leads_of(session, ticket.team_id, about=about)],
        kind="supervision.ordered",
        facts={**facts, "cause": cause.value},
        ticket_id=ticket.id,
        key=f"supervision:{number}",
        now=now,
    )
    return number


async def open_all(
    session: AsyncSession,
    facts: Mapping[int, Mapping[str, Any]],
    *,
    cause: Cause,
    now: datetime,
) -> dict[int, SupervisionOrder]:
    """Orders on many locked tickets at once, with the facts of each; those that are new.

    Whoever opens them tells the leads, and has the log say "supervision.ordered".
    """
    return await queries.open_many(session, facts, cause=cause, now=now) if facts else {}


async def take(
    session: AsyncSession, order_id: int, *, by: Actor, now: datetime
) -> SupervisionOrder:
    """Somebody looks after it from now on. Raises Conflict when somebody else does already."""
    found, ticket, agent = await _open_order(session, order_id, by=by)
    if found.supervisor_id == agent.id:
        return found
    if found.supervisor_id is not None:
        raise Conflict(code="supervision.somebody_else", reference=ticket.reference)
    found.supervisor_id, found.taken_at = agent.id, now
    await _tell(session, ticket, found, "supervision.taken", agent, now=now)
    return found


async def instruct(
    session: AsyncSession, order_id: int, *, text: str, by: Actor, now: datetime
) -> SupervisionOrder:
    """What is to be done; owner and assignee are alerted. Whoever instructs has taken it."""
    if not text.strip():
        raise Invalid(code="supervision.say_what")
    found, ticket, agent = await _open_order(session, order_id, by=by)
    if found.supervisor_id not in (None, agent.id):
        raise Conflict(code="supervision.somebody_else", reference=ticket.reference)
    found.supervisor_id, found.taken_at = agent.id, found.taken_at or now
    found.instruction, found.instructed_at = text.strip(), now
    await _tell(session, ticket, found, "supervision.instructed", agent, now=now)
    return found


async def end(
    session: AsyncSession, order_id: int, *, explanation: str, by: Actor, now: datetime
) -> SupervisionOrder:
    """Only with an explanation of what became of it."""
    if not explanation.strip():
        raise Invalid(code="supervision.say_result")
    found, ticket, agent = await _open_order(session, order_id, by=by)
    found.explanation, found.ended_by_id, found.ended_at = explanation.strip(), agent.id, now
    await _tell(session, ticket, found, "supervision.ended", agent, now=now)
    return found


async def _open_order(
    session: AsyncSession, order_id: int, *, by: Actor
) -> tuple[SupervisionOrder, Ticket, Agent]:
    agent = await tickets.acting_agent(session, by)
    if agent.role not in SUPERVISORS:
        raise Forbidden(code="supervision.leads_only")
    ticket_id = (await queries.get_order(session, order_id)).ticket_id
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    await tickets.check_not_recused(session, ticket, agent.id)
    found = await queries.get_order(session, order_id)
    if found.ended_at is not None:
        raise Conflict(code="supervision.ended", reference=reference(ticket_id))
    return found, ticket, agent


async def _tell(
    session: AsyncSession,
    ticket: Ticket,
    found: SupervisionOrder,
    kind: str,
    agent: Agent,
    *,
    now: datetime,
) -> None:
    """In the log, and to who works on it."""
    tickets.touch(ticket, now=now)
    by = Actor(f"agent:{agent.id}")
    facts = {"cause": found.cause.value, "order": found.id}
    await tickets.say(session, ticket, kind, by=by, now=now, **facts)
    people, about = (ticket.owner_id, ticket.assignee_id), ticket.about_agent_id
    told = await agents.who_hears(session, people, about=about, now=now)
    await alert(
        session,
        to=told - {agent.id},
        kind=kind,
        facts={**facts, "by": agent.id},
        ticket_id=ticket.id,
        key=f"{kind}:{found.id}:{ticket.event_count}",
        now=now,
    )
