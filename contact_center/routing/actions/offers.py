"""What becomes of an offer, and of a ticket nobody takes. Callers own the transaction.

A ticket waits by one live decision. It ends when somebody takes the ticket; until then its time
comes again and again: the next candidate, another team, and in the end the leads.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.alerts.actions import alert
from contact_center.alerts.queries import leads_of
from contact_center.errors import Conflict, Forbidden
from contact_center.events.rules import SYSTEM, Actor, agent_id
from contact_center.routing import queries
from contact_center.routing.actions.deciding import (
    Choice,
    choose,
    climb_at,
    decision_row,
    keep,
    next_look,
)
from contact_center.routing.models import OfferState, RoutingDecision
from contact_center.switchboard import Switchboard
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import Status, Ticket


async def accept(session: AsyncSession, decision_id: int, *, by: Actor, now: datetime) -> Ticket:
    """Claim what was offered. Raises Forbidden, Conflict; AlreadyClaimed names the winner."""
    ticket, decision = await _lock_offer(session, decision_id, by=by, now=now)
    ticket = await tickets.claim(session, ticket.id, by=by, now=now)
    _end(decision, OfferState.ACCEPTED, now=now)
    return ticket


async def decline(
    session: AsyncSession,
    decision_id: int,
    *,
    by: Actor,
    switchboard: Switchboard,
    now: datetime,
) -> Ticket:
    """The next candidate is asked at once. Raises Forbidden, Conflict."""
    ticket, decision = await _lock_offer(session, decision_id, by=by, now=now)
    _end(decision, OfferState.DECLINED, now=now)
    await tickets.say(session, ticket, "ticket.offer_declined", by=by, now=now)
    await _decide(session, ticket, decision, switchboard=switchboard, now=now)
    return ticket


async def reconsider(
    session: AsyncSession, ticket_id: int, *, switchboard: Switchboard, now: datetime
) -> None:
    """The time of the ticket's decision has come, it has none, or somebody has become free."""
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    decision = await queries.live_decision(session, ticket_id)
    if ticket.status is not Status.QUEUED:
        if decision is not None:
            _end(decision, _how_it_ended(decision, ticket), now=now)
        return
    if decision is None:
        await _decide(session, ticket, None, switchboard=switchboard, now=now)
        return
    if decision.offer is OfferState.OFFERED:
        if decision.expires_at is None or decision.expires_at > now:
            return
        _end(decision, OfferState.EXPIRED, now=now)
        gone = decision.agent_id
        await tickets.say(
            session, ticket, "ticket.offer_expired", by=SYSTEM, now=now, assignee=gone
        )
    climbed = await _climb(session, ticket, decision, switchboard=switchboard, now=now)
    await _overflow(session, ticket, decision, switchboard=switchboard, now=now)
    await _decide(session, ticket, decision, switchboard=switchboard, now=now, climbed=climbed)


async def _decide(
    session: AsyncSession,
    ticket: Ticket,
    before: RoutingDecision | None,
    *,
    switchboard: Switchboard,
    now: datetime,
    climbed: bool = False,
) -> None:
    """Anew, without those who did not want it; what says the same again is not stored twice."""
    queued_at = before.queued_at if before else now
    passed = await queries.passed_by(session, ticket.id, since=queued_at) if before else frozenset()
    [choice] = await choose(
        session,
        [ticket],
        switchboard=switchboard,
        now=now,
        queued_at=queued_at,
        climbs=(before.climbs if before else 0) + climbed,
        passed=passed,
    )
    if before is not None and _says_the_same(choice, before, switchboard=switchboard, now=now):
        before.climbs = choice.climbs
        before.look_at = next_look(choice, switchboard=switchboard, now=now)
        return
    if before is not None and before.look_at is not None:
        before.look_at, before.ended_at = None, now
    await session.flush()  # one live decision a ticket: the old one ends before the new is there
    await keep(session, [choice], switchboard=switchboard, now=now)
    if choice.decision.agent_id is not None:
        facts = {"assignee": choice.decision.agent_id, "rule": choice.decision.rule.value}
        await tickets.say(session, ticket, "ticket.offered", by=SYSTEM, now=now, **facts)


def _says_the_same(
    choice: Choice, before: RoutingDecision, *, switchboard: Switchboard, now: datetime
) -> bool:
    if choice.decision.agent_id is not None or before.offer is not None:
        return False
    row = decision_row(choice, switchboard=switchboard, now=now)
    return all(row[name] == getattr(before, name) for name in ("rule", "team_id")) and (
        row["reasons"] == before.reasons[-len(row["reasons"]) :]
    )


async def _climb(
    session: AsyncSession,
    ticket: Ticket,
    decision: RoutingDecision,
    *,
    switchboard: Switchboard,
    now: datetime,
) -> bool:
    """Tell the leads that nobody has taken it for too long."""
    team = await _team_name(session, ticket.team_id)
    at = climb_at(decision.queued_at, decision.climbs, switchboard=switchboard, team=team)
    if at > now:
        return False
    await tickets.say(session, ticket, "lead.alerted", by=SYSTEM, now=now, why="unclaimed")
    # Managers hear of it, too, when it was not enough to tell the team's own leads.
    told, about = ticket.team_id if decision.climbs == 0 else None, ticket.about_agent_id
    leads = await leads_of(session, told, about=about)
    await alert(
        session,
        to=[lead.id for lead in leads],
        kind="routing.unclaimed",
        facts={"since_at": decision.queued_at.isoformat(), "team": team},
        key=f"unclaimed-{ticket.id}-{decision.id}-{decision.climbs}",
        now=now,
        ticket_id=ticket.id,
    )
    return True


async def _overflow(
    session: AsyncSession,
    ticket: Ticket,
    decision: RoutingDecision,
    *,
    switchboard: Switchboard,
    now: datetime,
) -> None:
    """To another team, when this one has had its time."""
    plan = switchboard.teams.get(await _team_name(session, ticket.team_id) or "")
    if plan is None or plan.overflow_to is None or plan.overflow_after is None:
        return
    if switchboard.later(plan.name, decision.queued_at, plan.overflow_after) > now:
        return
    other = await agents.find_team_by_name(session, plan.overflow_to)
    if other is None or other.id == ticket.team_id:
        return
    facts = {"team": other.id, "was": ticket.team_id}
    ticket.team_id = other.id
    tickets.touch(ticket, now=now)
    await tickets.say(session, ticket, "ticket.overflowed", by=SYSTEM, now=now, **facts)


async def _team_name(session: AsyncSession, team_id: int | None) -> str | None:
    return (await agents.get_team(session, team_id)).name if team_id is not None else None


async def _lock_offer(
    session: AsyncSession, decision_id: int, *, by: Actor, now: datetime
) -> tuple[Ticket, RoutingDecision]:
    """The ticket first, as everywhere. Raises NotFound, Forbidden, Conflict."""
    decision = await queries.get_decision(session, decision_id)
    if decision.agent_id is None or agent_id(by) != decision.agent_id:
        raise Forbidden(code="offer.elsewhere")
    ticket = await ticket_queries.lock_ticket(session, decision.ticket_id)
    decision = await queries.get_decision(session, decision_id)
    if decision.offer is not OfferState.OFFERED:
        raise Conflict(code="offer.answered", reference=ticket.reference, offer=decision.offer)
    if decision.expires_at is None or decision.expires_at <= now:
        raise Conflict(code="offer.over", reference=ticket.reference)
    return ticket, decision


def _how_it_ended(decision: RoutingDecision, ticket: Ticket) -> OfferState | None:
    """An offer whose ticket was taken in another way."""
    if decision.offer is not OfferState.OFFERED:
        return decision.offer
    taken = ticket.assignee_id is not None and ticket.assignee_id == decision.agent_id
    return OfferState.ACCEPTED if taken else OfferState.WITHDRAWN


def _end(decision: RoutingDecision, state: OfferState | None, *, now: datetime) -> None:
    decision.offer = state
    decision.ended_at = now
    decision.look_at = None
