"""Nobody leaves who still answers for something. Callers own the transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import actions as staff
from contact_center.agents import queries as agents
from contact_center.agents.models import Agent, Presence
from contact_center.errors import Invalid
from contact_center.events.rules import Actor
from contact_center.handovers import queries, rules
from contact_center.handovers.actions.requests import Terms, request
from contact_center.handovers.models import Handover, HandoverKind
from contact_center.promises.queries import open_promises_by
from contact_center.tickets.models import Ticket, TransferReason, reference
from contact_center.work_orders.queries import signed_by


async def deactivate(session: AsyncSession, agent_id: int, *, by: Actor, now: datetime) -> Agent:
    """Every login ends at once. Raises Responsible, which lists what is to be handed over."""
    await agents.lock_active_admins(session)  # in their order, before the one who leaves
    agent = await agents.lock_agent(session, agent_id)
    rules.refuse_leaving(agent.name, await _held(session, agent_id, now=now))
    changes = {"active": False, "presence": Presence.OFFLINE}
    await staff.edit_agent(session, agent, changes=changes, by=by, now=now)
    return agent


async def hand_over_all(
    session: AsyncSession,
    agent_id: int,
    *,
    to: int,
    note: str,
    terms: Terms,
    by: Actor,
    now: datetime,
    reason: TransferReason = TransferReason.SHIFT_END,
) -> list[Handover]:
    """Ask one colleague to take over everything for good; what is asked already is left out."""
    if not note.strip():
        raise Invalid(code="handover.say_note")
    if to == agent_id:
        raise Invalid(code="handover.choose_another")
    owned = await queries.owned_unfinished(session, agent_id)
    assigned = await queries.assigned_active(session, agent_id)
    wanted = [(ticket, HandoverKind.OWNERSHIP) for ticket in owned]
    wanted += [(ticket, HandoverKind.TRANSFER) for ticket in assigned]
    made: list[Handover] = []
    for ticket, kind in sorted(wanted, key=lambda pair: pair[0].id):  # locked in one order
        if not await queries.open_handovers(session, ticket.id, kind=kind):
            made.append(
                await request(
                    session,
                    ticket.id,
                    kind=kind,
                    to=to,
                    reason=reason,
                    note=note,
                    terms=terms,
                    by=by,
                    now=now,
                )
            )
    return made


async def _held(session: AsyncSession, agent_id: int, *, now: datetime) -> dict[str, Sequence[str]]:
    requests = {
        handover.id: handover
        for found in (queries.inbox_of, queries.sent_by)
        for handover in await found(session, agent_id)
    }
    owned = await queries.owned_unfinished(session, agent_id)
    assigned = await queries.assigned_active(session, agent_id)
    return {
        "tickets": _references(owned),
        "assignments": _references(assigned),
        "promises": [
            reference(promise.ticket_id) for promise in await open_promises_by(session, agent_id)
        ],
        "work orders": [one.reference for one in await signed_by(session, agent_id)],
        "hand-over requests": [reference(one.ticket_id) for one in requests.values()],
        "deputies": await _stands_in_for(session, agent_id, now=now),
    }


async def _stands_in_for(session: AsyncSession, agent_id: int, *, now: datetime) -> list[str]:
    """Those who count on this agent while they are absent."""
    usual = {agent.id for agent in await agents.default_deputy_of(session, agent_id)}
    named = {
        absence.agent_id for absence in await agents.absences_led_by(session, agent_id, now=now)
    }
    return sorted((await agents.agent_names(session, usual | named)).values())


def _references(tickets: Sequence[Ticket]) -> list[str]:
    return [ticket.reference for ticket in tickets]
