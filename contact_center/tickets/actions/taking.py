"""Who works on a ticket, and who answers for it. Callers own the transaction."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.agents.models import Agent
from contact_center.errors import Forbidden, Invalid
from contact_center.events.rules import Actor
from contact_center.sla.actions.rows import Changes
from contact_center.tickets import queries
from contact_center.tickets.actions.allowing import hold_receiver, number_of, refuse_recused
from contact_center.tickets.actions.moving import move, put_into_queue
from contact_center.tickets.actions.telling import say, tell, touch
from contact_center.tickets.models import (
    ACTIVE,
    AlreadyClaimed,
    IllegalTransition,
    Status,
    Ticket,
    TransferReason,
)


async def claim(session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime) -> Ticket:
    """Take a queued ticket. Exactly one of many wins; AlreadyClaimed names the winner."""
    agent = await agents.hold_present_agent(session, number_of(by), now=now)
    about = await queries.about_agent(session, ticket_id)
    await refuse_recused(session, ticket_id, about=about, number=agent.id)
    ticket = await queries.claim_ticket(session, ticket_id, agent_id=agent.id, now=now)
    if ticket is None:
        await _explain_lost_claim(session, ticket_id, agent=agent)
        return await queries.lock_ticket(session, ticket_id)
    await say(session, ticket, "ticket.claimed", by=by, now=now, owner=ticket.owner_id)
    return ticket


async def release(
    session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime, as_lead: bool = False
) -> Ticket:
    """Put it back into the queue; after the first answer only a lead may."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.first_response_at is not None and not as_lead:
        raise Forbidden(code="ticket.answered", reference=ticket.reference)
    if ticket.status is not Status.OPEN:
        raise IllegalTransition(
            code="ticket.cannot_release", reference=ticket.reference, status=ticket.status
        )
    move(ticket, Status.QUEUED, now=now)
    ticket.assignee_id = None
    await say(session, ticket, "ticket.released", by=by, now=now)
    return ticket


async def assign(
    session: AsyncSession, ticket_id: int, *, to: int, by: Actor, now: datetime, reason: str = ""
) -> Ticket:
    """A lead decides who works on it; nobody loses accountability by it.

    Whoever works on it loses it only for a reason, and is told it.
    """
    ticket = await queries.lock_ticket(session, ticket_id)
    agent = await hold_receiver(session, ticket, to, now=now)
    before = ticket.assignee_id
    if ticket.status is Status.QUEUED:
        move(ticket, Status.OPEN, now=now)
    elif ticket.status not in ACTIVE:
        raise IllegalTransition(
            code="ticket.cannot_assign", reference=ticket.reference, status=ticket.status
        )
    if before not in (None, agent.id) and not reason.strip():
        raise Invalid(code="ticket.say_why_given", reference=ticket.reference)
    ticket.assignee_id = agent.id
    ticket.owner_id = ticket.owner_id or agent.id
    touch(ticket, now=now)
    facts = {"assignee": agent.id, "before": before, "reason": reason.strip() or None}
    await say(session, ticket, "ticket.assigned", by=by, now=now, **facts)
    told = {number for number in (before, agent.id) if number is not None}
    await tell(session, ticket, "ticket.assigned", to=told, by=by, now=now, facts=facts)
    return ticket


async def transfer(
    session: AsyncSession,
    ticket_id: int,
    *,
    reason: TransferReason,
    by: Actor,
    now: datetime,
    to_agent: int | None = None,
    to_team: int | None = None,
) -> Ticket:
    """Hand the next step to a colleague, or to a team's queue. The owner stays accountable."""
    if (to_agent is None) == (to_team is None):
        raise Invalid(code="ticket.one_receiver")
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.status not in ACTIVE - {Status.QUEUED}:
        raise IllegalTransition(
            code="ticket.claim_first", reference=ticket.reference, status=ticket.status
        )
    if to_agent is not None:
        if to_agent == ticket.assignee_id:
            raise Invalid(code="ticket.same_agent", reference=ticket.reference)
        ticket.assignee_id = (await hold_receiver(session, ticket, to_agent, now=now)).id
        changes: Changes = []
        touch(ticket, now=now)
    else:
        ticket.team_id = (await agents.get_team(session, to_team or 0)).id
        changes = await put_into_queue(session, ticket, now=now)
    facts = {"reason": reason.value, "assignee": to_agent, "team": to_team}
    await say(session, ticket, "ticket.transferred", by=by, now=now, clocks=changes, **facts)
    return ticket


async def change_owner(
    session: AsyncSession,
    ticket: Ticket,
    new: int | None,
    *,
    cause: str,
    reason: str,
    by: Actor,
    now: datetime,
) -> None:
    """Accountability for a locked ticket moves; who claims a ticket gets it in other ways.

    `cause` is "override", "handover", "recusal", or "first_touch" of a ticket merged into it.
    """
    old, ticket.owner_id = ticket.owner_id, new
    ticket.signed_off_at = None  # whoever answers for it now has not said that it is done
    touch(ticket, now=now)
    facts = {"old": old, "new": new, "cause": cause, "reason": reason}
    await say(session, ticket, "owner.changed", by=by, now=now, **facts)


async def _explain_lost_claim(session: AsyncSession, ticket_id: int, *, agent: Agent) -> None:
    """Raise why the claim was not possible; return when the agent has the ticket already."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.assignee_id is None or ticket.status not in ACTIVE:
        raise IllegalTransition(
            code="ticket.cannot_claim", reference=ticket.reference, status=ticket.status
        )
    if ticket.assignee_id == agent.id:
        return
    winner = await agents.get_agent(session, ticket.assignee_id)
    raise AlreadyClaimed(
        code="ticket.with_somebody",
        reference=ticket.reference,
        name=winner.name,
        assignee={"id": winner.id, "name": winner.name},
    )
