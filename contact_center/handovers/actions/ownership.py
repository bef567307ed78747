"""Accountability that moves against somebody's will: by a supervisor, or because it must.

Callers own the transaction.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.alerts.queries import leads_of
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events.rules import SYSTEM, Actor, agent_id
from contact_center.handovers.actions.requests import withdraw_open
from contact_center.handovers.models import HandoverKind
from contact_center.promises.queries import give_promises
from contact_center.supervision.actions import SUPERVISORS
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import FINISHED, IllegalTransition, Status, Ticket
from contact_center.work_orders.actions.passing import free_recused


async def override(
    session: AsyncSession,
    ticket_id: int,
    *,
    owner: int | None = None,
    assignee: int | None = None,
    reason: str,
    by: Actor,
    now: datetime,
) -> Ticket:
    """A supervisor gives it to somebody else, whatever they want; all concerned are told why."""
    if not reason.strip():
        raise Invalid(code="handover.say_why_taken")
    if owner is None and assignee is None:
        raise Invalid(code="handover.name_somebody")
    await _check_supervises(session, by)
    for number in sorted({one for one in (owner, assignee) if one is not None}):
        await agents.hold_active_agent(session, number)  # in one order, as all who lock several
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    if owner is not None:
        await _override_owner(session, ticket, owner, reason=reason.strip(), by=by, now=now)
    if assignee is not None:
        await withdraw_open(session, ticket, kinds=[HandoverKind.TRANSFER], now=now)
        ticket = await tickets.assign(
            session, ticket_id, to=assignee, reason=reason, by=by, now=now
        )
    return ticket


async def recuse(
    session: AsyncSession,
    ticket_id: int,
    *,
    about: int | None,
    reason: str,
    by: Actor,
    now: datetime,
    as_lead: bool = False,
) -> Ticket:
    """It is a complaint about a colleague: neither they nor who works below them handle it.

    Whoever of them had it loses it: it goes back into the queue, and the leads are told. Only a
    lead says that it is about somebody else, or nobody, after all.
    """
    if not reason.strip():
        raise Invalid(code="handover.say_why_about")
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    if ticket.status in FINISHED:
        raise IllegalTransition(
            code="ticket.over", reference=ticket.reference, status=ticket.status
        )
    if ticket.about_agent_id == about:
        return ticket
    if ticket.about_agent_id is not None and not as_lead:
        raise Forbidden(code="handover.lead_clears")
    if about is not None:
        await agents.get_agent(session, about)
    # Said first: whom it is about may say so, and has nothing to do with it afterwards.
    tickets.touch(ticket, now=now)
    facts = {"about": about, "before": ticket.about_agent_id, "reason": reason.strip()}
    if about is not None and await _falls_to_owner(session, ticket, about):
        facts["assignee"] = ticket.owner_id
    await tickets.say(session, ticket, "ticket.recused", by=by, now=now, **facts)
    ticket.about_agent_id = about
    if about is not None:
        await _take_away(session, ticket, about=about, by=by, now=now)
    return ticket


async def _override_owner(
    session: AsyncSession, ticket: Ticket, owner: int, *, reason: str, by: Actor, now: datetime
) -> None:
    if ticket.status in FINISHED or ticket.status is Status.BOT:
        raise IllegalTransition(
            code="ticket.nobody_answers", reference=ticket.reference, status=ticket.status
        )
    if owner == ticket.owner_id:
        raise Conflict(code="handover.theirs_already", reference=ticket.reference)
    new = await tickets.hold_receiver(session, ticket, owner, now=now)
    before = ticket.owner_id
    await withdraw_open(session, ticket, kinds=[HandoverKind.OWNERSHIP], now=now)
    if before is not None:
        await give_promises(session, ticket.id, old=before, new=new.id)
    await tickets.change_owner(
        session, ticket, new.id, cause="override", reason=reason, by=by, now=now
    )
    told = {number for number in (before, new.id) if number is not None}
    facts = {"owner": new.id, "agent": before, "reason": reason}
    await tickets.tell(session, ticket, "owner.overridden", to=told, by=by, now=now, facts=facts)


async def _take_away(
    session: AsyncSession, ticket: Ticket, *, about: int, by: Actor, now: datetime
) -> None:
    """From all who must not have it."""
    kinds = list(HandoverKind)
    await withdraw_open(session, ticket, kinds=kinds, now=now)
    if await _is_recused(session, ticket.suggested_owner_id, about):
        ticket.suggested_owner_id = None
    loses_owner = await _is_recused(session, ticket.owner_id, about)
    loses_assignee = await _is_recused(session, ticket.assignee_id, about)
    by = by if not await _is_recused(session, agent_id(by), about) else SYSTEM
    await free_recused(session, ticket, about=about, by=by, now=now)
    if loses_owner:
        await _lose_owner(session, ticket, by=by, now=now)
    if await _falls_to_owner(session, ticket, about):
        ticket.assignee_id = ticket.owner_id  # who has done nothing wrong: nothing is open again
    elif loses_assignee or (loses_owner and ticket.status is not Status.QUEUED):
        changes = await tickets.put_into_queue(session, ticket, now=now)
        await tickets.say(session, ticket, "ticket.released", by=SYSTEM, now=now, clocks=changes)
    if loses_owner or loses_assignee:
        to = [lead.id for lead in await leads_of(session, ticket.team_id, about=about)]
        facts = {"reason": "recusal"}
        await tickets.tell(session, ticket, "ticket.recused", to=to, by=by, now=now, facts=facts)


async def _falls_to_owner(session: AsyncSession, ticket: Ticket, about: int) -> bool:
    """Resolved by somebody for another, and only that somebody has it no longer."""
    if ticket.status is not Status.RESOLVED or await _is_recused(session, ticket.owner_id, about):
        return False
    return await _is_recused(session, ticket.assignee_id, about)


async def _lose_owner(session: AsyncSession, ticket: Ticket, *, by: Actor, now: datetime) -> None:
    """Whoever takes it next answers for it; what they had resolved is open again."""
    if ticket.status is Status.RESOLVED:
        system = SYSTEM
        await tickets.reopen(session, ticket.id, by=system, now=now, reason="recusal")
    await tickets.change_owner(
        session, ticket, None, cause="recusal", reason="conflict_of_interest", by=by, now=now
    )


async def _is_recused(session: AsyncSession, number: int | None, about: int) -> bool:
    return number is not None and await agents.is_recused(session, number, about=about)


async def _check_supervises(session: AsyncSession, by: Actor) -> None:
    if agent_id(by) is None:
        return  # another system with the permission
    if (await tickets.acting_agent(session, by)).role not in SUPERVISORS:
        raise Forbidden(code="handover.lead_takes")
