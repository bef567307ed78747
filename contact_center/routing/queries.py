"""Every SQL statement about routing."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, or_, select, text, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.accounts.models import Tier
from contact_center.agents.models import Agent, Team, TeamMember
from contact_center.bulk import fetch, insert_many, one_of
from contact_center.db import Table, insert_for, is_postgresql
from contact_center.errors import NotFound
from contact_center.routing.models import Candidate, OfferState, RoutingDecision, RoutingTurn
from contact_center.tickets.models import IS_ACTIVE, Status, Ticket
from contact_center.tickets.queries import visible_to

ALL = Table.metadata.tables
TEAMS, DECISIONS, TICKETS = ALL["teams"], ALL["routing_decisions"], ALL["tickets"]
_TURN = 7_316_501  # the key of the lock; any number nothing else uses
_WITH_GROUP = select(TEAMS.c.id, TEAMS.c.telegram_chat).where(
    one_of(TEAMS.c.id, "team_ids"), TEAMS.c.telegram_chat.is_not(None)
)
_TEAMS = select(TEAMS.c.id, TEAMS.c.name, TEAMS.c.push).where(
    or_(one_of(TEAMS.c.id, "team_ids"), one_of(TEAMS.c.name, "names"))
)
_PEOPLE = (
    select(
        ALL["customers"].c.id,
        ALL["accounts"].c.tier,
        ALL["accounts"].c.manager_id,
        ALL["accounts"].c.deputy_id,
        ALL["accounts"].c.specialist_id,
    )
    .join(ALL["accounts"], ALL["accounts"].c.id == ALL["customers"].c.account_id)
    .where(one_of(ALL["customers"].c.id, "customer_ids"))
)
_OWNERS = (
    select(TICKETS.c.customer_id, TICKETS.c.id, TICKETS.c.owner_id)
    .where(one_of(TICKETS.c.customer_id, "customer_ids"), TICKETS.c.owner_id.is_not(None))
    .where(text(IS_ACTIVE))
    .order_by(TICKETS.c.id.desc())
)


class TeamFacts(NamedTuple):
    id: int
    name: str
    push: bool


class People(NamedTuple):
    """Who looks after a customer's account."""

    customer_id: int
    tier: Tier
    manager_id: int | None
    deputy_id: int | None
    specialist_id: int | None


# What a decision needs to know


async def teams(
    session: AsyncSession, *, names: Collection[str], team_ids: Collection[int]
) -> list[TeamFacts]:
    found = await fetch(session, _TEAMS, {"names": names, "team_ids": team_ids})
    return [TeamFacts(*row) for row in found]


async def people_of(session: AsyncSession, customer_ids: Collection[int]) -> dict[int, People]:
    found = await fetch(session, _PEOPLE, {"customer_ids": customer_ids})
    return {row[0]: People(*row) for row in found}


async def owners_of(
    session: AsyncSession, customer_ids: Collection[int]
) -> dict[int, list[tuple[int, int]]]:
    """Unfinished tickets of customers and who answers for them, the newest first."""
    owners: dict[int, list[tuple[int, int]]] = {}
    found = await fetch(session, _OWNERS, {"customer_ids": customer_ids})
    for customer_id, ticket_id, owner_id in found:
        owners.setdefault(customer_id, []).append((ticket_id, owner_id))
    return owners


async def take_turn(session: AsyncSession) -> None:
    """Until this transaction ends nobody else gives out work: loads are what they seem."""
    if is_postgresql(session):  # SQLite has one writer anyway
        await session.execute(select(func.pg_advisory_xact_lock(_TURN)))


async def candidates(
    session: AsyncSession, *, team_ids: Collection[int], agent_ids: Collection[int]
) -> dict[int, Candidate]:
    """The named ones, and whoever of the teams is at work, with what they have in hand."""
    members = select(TeamMember.agent_id).where(TeamMember.team_id.in_(team_ids))
    present = Agent.id.in_(members) & (Agent.presence == "online") & Agent.active
    wanted = or_(Agent.id.in_(agent_ids), present) if team_ids else Agent.id.in_(agent_ids)
    found = await session.execute(
        select(
            Agent.id,
            Agent.capacity,
            Agent.presence,
            Agent.active,
            Agent.skills,
            Agent.languages,
            Agent.language,
            _in_hand() + _offered(),
            RoutingTurn.last_at,
        )
        .outerjoin(RoutingTurn, RoutingTurn.agent_id == Agent.id)
        .where(wanted)
    )
    ready = {row[0]: _candidate(row) for row in found}
    pairs = select(TeamMember.agent_id, TeamMember.team_id)
    for agent_id, team_id in await session.execute(pairs.where(TeamMember.team_id.in_(team_ids))):
        if agent_id in ready:
            ready[agent_id].teams |= {team_id}
    return ready


def _in_hand() -> ColumnElement[int]:
    mine = select(func.count()).where(Ticket.assignee_id == Agent.id)
    open_ones = mine.where(Ticket.status == Status.OPEN, text(f"tickets.{_ACTIVE}"))
    return open_ones.correlate(Agent).scalar_subquery()


def _offered() -> ColumnElement[int]:
    theirs = select(func.count()).where(RoutingDecision.agent_id == Agent.id)
    running = text("routing_decisions.offer = 'offered'")
    return theirs.where(running).correlate(Agent).scalar_subquery()


_ACTIVE = IS_ACTIVE.replace("AND status", "AND tickets.status")


def _candidate(row: Any) -> Candidate:
    number, capacity, presence, active, skills, languages, language, load, last_at = row
    return Candidate(
        id=number,
        capacity=capacity,
        load=load,
        online=presence == "online",
        active=active,
        skills=frozenset(skills),
        languages=frozenset(languages or [language]),
        last_at=last_at,
    )


async def passed_by(session: AsyncSession, ticket_id: int, *, since: datetime) -> frozenset[int]:
    """Who has declined the ticket, or let its offer run out, while it has been waiting."""
    over = RoutingDecision.offer.in_((OfferState.DECLINED, OfferState.EXPIRED))
    found = select(RoutingDecision.agent_id).where(
        RoutingDecision.ticket_id == ticket_id, RoutingDecision.queued_at >= since, over
    )
    return frozenset(number for number in await session.scalars(found) if number is not None)


# Decisions


async def insert_decisions(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await insert_many(session, DECISIONS, rows)


async def note_turns(session: AsyncSession, agent_ids: Collection[int], *, now: datetime) -> None:
    insert = insert_for(session, RoutingTurn)
    rows = [{"agent_id": number, "last_at": now} for number in sorted(agent_ids)]
    await session.execute(
        insert.values(rows).on_conflict_do_update(
            index_elements=[RoutingTurn.agent_id], set_={"last_at": now}
        )
    )


async def get_decision(session: AsyncSession, decision_id: int) -> RoutingDecision:
    """As it is now. Raises NotFound."""
    found = select(RoutingDecision).where(RoutingDecision.id == decision_id)
    decision = await session.scalar(found.execution_options(populate_existing=True))
    if decision is None:
        raise NotFound(code="offer.unknown", decision_id=decision_id)
    return decision


async def live_decision(session: AsyncSession, ticket_id: int) -> RoutingDecision | None:
    """The one a waiting ticket waits by."""
    found = select(RoutingDecision).where(
        RoutingDecision.ticket_id == ticket_id, text("look_at IS NOT NULL")
    )
    return await session.scalar(found.execution_options(populate_existing=True))


async def decisions_of(
    session: AsyncSession, ticket_id: int, *, before: int | None = None, limit: int = 20
) -> Sequence[RoutingDecision]:
    """The newest first."""
    found = select(RoutingDecision).where(RoutingDecision.ticket_id == ticket_id)
    if before is not None:
        found = found.where(RoutingDecision.id < before)
    return (await session.scalars(found.order_by(RoutingDecision.id.desc()).limit(limit))).all()


async def offers_to(
    session: AsyncSession, agent_id: int, *, now: datetime
) -> Sequence[tuple[RoutingDecision, Ticket]]:
    """What somebody may still take, what runs out first on top."""
    found = (
        select(RoutingDecision, Ticket)
        .join(Ticket, Ticket.id == RoutingDecision.ticket_id)
        .where(
            RoutingDecision.agent_id == agent_id,
            text("routing_decisions.offer = 'offered'"),
            RoutingDecision.expires_at > now,
            Ticket.status == Status.QUEUED,
            visible_to(agent_id),
        )
        .order_by(RoutingDecision.expires_at, RoutingDecision.id)
    )
    return [(decision, ticket) for decision, ticket in await session.execute(found)]


async def overtaken(session: AsyncSession, *, now: datetime, limit: int) -> Sequence[int]:
    """Decisions that are due, offer nothing, and whose tickets wait in no queue any more."""
    waits = select(true()).where(
        Ticket.id == RoutingDecision.ticket_id, Ticket.status == Status.QUEUED
    )
    found = select(RoutingDecision.id).where(
        text("look_at IS NOT NULL"),
        RoutingDecision.look_at <= now,
        RoutingDecision.offer.is_distinct_from(OfferState.OFFERED),
        ~waits.correlate(RoutingDecision).exists(),
    )
    return (await session.scalars(found.order_by(RoutingDecision.id).limit(limit))).all()


async def end_decisions(
    session: AsyncSession, decision_ids: Collection[int], *, now: datetime
) -> None:
    """Nothing hangs on them any more."""
    statement = update(RoutingDecision).where(
        RoutingDecision.id.in_(decision_ids), text("look_at IS NOT NULL")
    )
    statement = statement.values(ended_at=now, look_at=None)
    await session.execute(statement.execution_options(synchronize_session=False))


async def lock_due(
    session: AsyncSession, *, now: datetime, after: int, limit: int
) -> Sequence[int]:
    """Tickets that wait by a decision whose time has come."""
    due = select(RoutingDecision.ticket_id).where(
        text("look_at IS NOT NULL"),
        RoutingDecision.look_at <= now,
        RoutingDecision.ticket_id > after,
    )
    first = due.order_by(RoutingDecision.ticket_id).limit(limit)
    return await _lock(session, Ticket.id.in_(first), limit=limit)


async def lock_unrouted(session: AsyncSession, *, after: int, limit: int) -> Sequence[int]:
    """Tickets that came back into a queue: nobody has decided yet who gets them."""
    live = select(true()).where(
        RoutingDecision.ticket_id == Ticket.id, text("routing_decisions.look_at IS NOT NULL")
    )
    waiting = (Ticket.status == Status.QUEUED) & text(f"tickets.{_ACTIVE}")
    unrouted = waiting & ~live.correlate(Ticket).exists() & (Ticket.id > after)
    return await _lock(session, unrouted, limit=limit)


async def pushing_teams(session: AsyncSession) -> list[TeamFacts]:
    """Those that give their tickets out."""
    found = await session.execute(select(Team.id, Team.name, Team.push).where(Team.push))
    return [TeamFacts(*row) for row in found]


async def lock_for_free_hands(
    session: AsyncSession, *, team_ids: Collection[int], limit: int
) -> Sequence[int]:
    """The most urgent tickets of teams that have somebody free, as many as there is room for."""
    ready = await candidates(session, team_ids=team_ids, agent_ids=())
    room = {one.id: one.capacity - one.load for one in ready.values() if one.load < one.capacity}
    free = {team for number in room for team in ready[number].teams}
    if not free:
        return []
    waits = select(true()).where(
        RoutingDecision.ticket_id == Ticket.id,
        text("routing_decisions.look_at IS NOT NULL"),
        RoutingDecision.offer.is_(None),
    )
    found = select(Ticket.id).where(
        Ticket.team_id.in_(free),
        Ticket.status == Status.QUEUED,
        text(f"tickets.{_ACTIVE}"),
        waits.correlate(Ticket).exists(),
    )
    found = found.order_by(Ticket.next_due_at, Ticket.id).limit(min(limit, sum(room.values())))
    found = found.with_for_update(of=Ticket, skip_locked=True, key_share=True)
    return (await session.scalars(found)).all()


async def _lock(
    session: AsyncSession, condition: ColumnElement[bool], *, limit: int
) -> Sequence[int]:
    found = select(Ticket.id).where(condition).order_by(Ticket.id).limit(limit)
    found = found.with_for_update(of=Ticket, skip_locked=True, key_share=True)
    return (await session.scalars(found)).all()


async def put_off(session: AsyncSession, ticket_id: int, *, until: datetime) -> None:
    await session.execute(
        update(RoutingDecision)
        .where(RoutingDecision.ticket_id == ticket_id, text("look_at IS NOT NULL"))
        .values(look_at=until)
        .execution_options(synchronize_session=False)
    )


async def telegram_groups(session: AsyncSession, team_ids: Collection[int]) -> dict[int, str]:
    """The groups in which teams are told of new tickets, by team."""
    found = await session.execute(_WITH_GROUP, {"team_ids": team_ids})
    return {number: chat for number, chat in found if chat}
