"""Every SQL statement of the reports. Each reads a day's index range, or what is open now."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.callbacks.models import Callback, CallbackState
from contact_center.db import among
from contact_center.events.models import Event
from contact_center.ledger.models import Quarantined
from contact_center.promises.models import Promise, PromiseState
from contact_center.reports.models import (
    AGES,
    Age,
    Call,
    Day,
    Facts,
    Period,
    Resolution,
    Team,
    TeamQueue,
    Turn,
    Waiting,
)
from contact_center.sla.models import OF_WORK_ORDERS, Clock, ClockKind, ClockState
from contact_center.tickets.models import IS_ACTIVE, WAITING, Status, Ticket, TicketKind
from contact_center.tickets.queries import visible_to
from contact_center.work_orders.models import WorkOrder

LONGEST = 10  # customers who wait

# As in the partial indexes of tickets, or these are not used.
_ACTIVE = text(IS_ACTIVE)
_RESOLVED, _REOPENED = "ticket.resolved", "ticket.reopened"
_SILENT = (CallbackState.EXPIRED, CallbackState.UNREACHABLE)
_ENDED = (CallbackState.COMPLETED, CallbackState.EXPIRED, CallbackState.UNREACHABLE)


async def collect(session: AsyncSession, period: Period, *, now: datetime) -> Facts:
    """All that happened in a period, and what is open now."""
    resolutions, reopened = await _turns_of(session, period)
    return Facts(
        opened=await _opened(session, period),
        reopened=reopened,
        ages=await _ages(session, now=now),
        resolutions=resolutions,
        turns=await _turns(session, [r.ticket_id for r in resolutions if r.was_reopened]),
        responses=await _response_times(session, period),
        promises=await _promises(session, period, now=now),
        calls=await _calls(session, period),
    )


async def _opened(session: AsyncSession, period: Period) -> dict[Team, int]:
    counted = select(Ticket.team_id, func.count()).where(_within(Ticket.created_at, period))
    rows = await session.execute(counted.group_by(Ticket.team_id))
    return {row[0]: row[1] for row in rows}


async def _turns_of(
    session: AsyncSession, period: Period
) -> tuple[list[Resolution], dict[Team, int]]:
    """The last resolution of each ticket in the period, and reopened tickets by team."""
    found = (
        select(
            Event.kind,
            Event.at,
            Ticket.id,
            Ticket.team_id,
            Ticket.created_at,
            Ticket.reopen_count,
        )
        .join(Ticket, Ticket.id == Event.ticket_id)
        .where(_within(Event.at, period), Event.kind.in_((_RESOLVED, _REOPENED)))
        .order_by(Event.at, Event.id)
    )
    last: dict[int, Resolution] = {}
    reopened: dict[int, Team] = {}
    for row in await session.execute(found):
        if row.kind == _REOPENED:
            reopened[row.id] = row.team_id
        else:
            was_reopened = row.reopen_count > 0
            last[row.id] = Resolution(row.id, row.team_id, row.at, row.created_at, was_reopened)
    numbers: dict[Team, int] = {}
    for team in reopened.values():
        numbers[team] = numbers.get(team, 0) + 1
    return list(last.values()), numbers


async def _turns(session: AsyncSession, ticket_ids: Sequence[int]) -> Mapping[int, list[Turn]]:
    """The history of tickets that were ever reopened."""
    if not ticket_ids:
        return {}
    found = (
        select(Ticket.id, Event.at, Event.kind)
        .join(Event, Event.ticket_id == Ticket.id)
        .where(among(session, Ticket.id, ticket_ids), Event.kind.in_((_RESOLVED, _REOPENED)))
        .order_by(Ticket.id, Event.seq)
    )
    turns = [Turn(row[0], row[1], row[2] == _RESOLVED) for row in await session.execute(found)]
    return {number: list(group) for number, group in groupby(turns, lambda turn: turn.ticket_id)}


async def _response_times(session: AsyncSession, period: Period) -> list[tuple[Team, float]]:
    found = _clocks(Ticket.team_id, Clock.started_at, Clock.stopped_at).where(
        _within(Clock.stopped_at, period), Clock.kind == ClockKind.FIRST_RESPONSE
    )
    rows = await session.execute(found)
    return [(team, (stopped - started).total_seconds()) for team, started, stopped in rows]


async def _promises(
    session: AsyncSession, period: Period, *, now: datetime
) -> dict[tuple[Team, ClockKind, bool], int]:
    """Late ones that no sweep has marked yet count as broken all the same.

    Those of a work order are promises of the team it was given to.
    """
    team = case((Clock.kind.in_(tuple(OF_WORK_ORDERS)), WorkOrder.team_id), else_=Ticket.team_id)
    kept = and_(Clock.state == ClockState.MET, _within(Clock.stopped_at, period))
    broken = and_(Clock.state == ClockState.BREACHED, _within(Clock.breached_at, period))
    unnoticed = and_(text("clocks.state = 'running'"), _within(Clock.due_at, period))
    numbers: dict[tuple[Team, ClockKind, bool], int] = {}
    for condition, is_kept in (
        (kept, True),
        (broken, False),
        (and_(unnoticed, Clock.due_at < now), False),
    ):
        counted = _clocks(team.label("team"), Clock.kind, func.count()).where(condition)
        counted = counted.outerjoin(
            WorkOrder,
            and_(Clock.kind.in_(tuple(OF_WORK_ORDERS)), WorkOrder.id == Clock.ref_id),
        )
        for whose, kind, number in await session.execute(counted.group_by("team", Clock.kind)):
            key = (whose, kind, is_kept)
            numbers[key] = numbers.get(key, 0) + number
    return numbers


async def kept_words(
    session: AsyncSession,
    period: Period,
    *,
    now: datetime,
    team_ids: Collection[int] | None = None,
) -> dict[int, tuple[int, int]]:
    """By who promised: kept, and broken. What was renegotiated in time or cancelled is neither."""
    kept = and_(Promise.state == PromiseState.KEPT, _within(Promise.ended_at, period))
    late = Promise.state.in_((PromiseState.OPEN, PromiseState.BROKEN))
    broken = and_(late, _within(Promise.due_at, period), Promise.due_at < now)
    found = (
        select(
            Promise.promised_by_id,
            func.count(case((kept, 1))),
            func.count(case((broken, 1))),
        )
        .join(Ticket, Ticket.id == Promise.ticket_id)
        .where(or_(kept, broken), Ticket.status != Status.CANCELLED)
    )
    if team_ids is not None:
        found = found.where(Ticket.team_id.in_(team_ids))
    rows = await session.execute(found.group_by(Promise.promised_by_id))
    return {row[0]: (row[1], row[2]) for row in rows}


async def _calls(session: AsyncSession, period: Period) -> list[Call]:
    found = (
        select(Ticket.team_id, Callback.state, Callback.solved, Callback.score)
        .join(Ticket, Ticket.id == Callback.ticket_id)
        .where(_within(Callback.ended_at, period), Callback.state.in_(_ENDED))
    )
    return [Call(*row) for row in await session.execute(found)]


async def _ages(session: AsyncSession, *, now: datetime) -> dict[Team, dict[Age, int]]:
    age: Any = case(
        *(
            (Ticket.created_at >= now - limit, name.value)
            for name, limit in AGES.items()
            if limit is not None
        ),
        else_=Age.OLDER.value,
    ).label("age")
    counted = select(Ticket.team_id, age, func.count()).where(_ACTIVE)
    ages: dict[Team, dict[Age, int]] = {}
    for team, name, number in await session.execute(counted.group_by(Ticket.team_id, age)):
        ages.setdefault(team, {})[Age(name)] = number
    return ages


async def longest_waiting(
    session: AsyncSession,
    *,
    now: datetime,
    team_ids: Collection[int] | None = None,
    reader: int = 0,
    limit: int = LONGEST,
) -> list[Waiting]:
    """Customers who wait for an answer, the longest first, as far as the reader may know."""
    found = select(Ticket).where(_ACTIVE, Ticket.waiting_since.is_not(None), visible_to(reader))
    if team_ids is not None:
        found = found.where(Ticket.team_id.in_(team_ids))
    found = found.order_by(Ticket.waiting_since, Ticket.id).limit(limit)
    tickets = (await session.scalars(found)).all()
    names = await agents.agent_names(session, {ticket.owner_id for ticket in tickets})
    return [_waiting(ticket, names, now=now) for ticket in tickets]


def _waiting(ticket: Ticket, names: Mapping[int, str], *, now: datetime) -> Waiting:
    assert ticket.waiting_since is not None
    is_late = ticket.next_due_at is not None and ticket.next_due_at < now
    return Waiting(
        ticket_id=ticket.id,
        reference=ticket.reference,
        subject=ticket.subject,
        status=ticket.status,
        since=ticket.waiting_since,
        is_late=is_late or ticket.breached_at is not None,
        owner_id=ticket.owner_id,
        owner=names.get(ticket.owner_id or 0),
    )


async def trend(session: AsyncSession, periods: Sequence[Period]) -> list[Day]:
    """What came and what was resolved, of each period's first day; each an index range."""
    counts = []
    for number, period in enumerate(periods):
        opened = select(func.count()).where(_within(Ticket.created_at, period))
        resolved = select(func.count(Event.ticket_id.distinct())).where(
            _within(Event.at, period), Event.kind == _RESOLVED
        )
        columns = (opened.scalar_subquery(), resolved.scalar_subquery())
        counts.append(select(literal(number), *columns))
    rows = {row[0]: row for row in await session.execute(union_all(*counts))}
    return [
        Day(date=period.first, opened=rows[number][1], resolved=rows[number][2])
        for number, period in enumerate(periods)
    ]


async def silent_complaints(
    session: AsyncSession, *, since: datetime, limit: int
) -> Sequence[Ticket]:
    """Complaints resolved since then about which the customer, asked, has said nothing."""
    asked = exists().where(
        Callback.ticket_id == Ticket.id,
        Callback.cycle == Ticket.reopen_count,
        Callback.state.in_(_SILENT),
    )
    found = select(Ticket).where(
        Ticket.resolved_at >= since,
        Ticket.kind == TicketKind.COMPLAINT,
        Ticket.status == Status.RESOLVED,
        asked,
    )
    return (await session.scalars(found.order_by(Ticket.resolved_at).limit(limit))).all()


# How things stand now


async def team_queues(session: AsyncSession) -> list[TeamQueue]:
    counted = select(
        Ticket.team_id,
        func.count(),
        func.count(case((Ticket.status == Status.QUEUED, 1))),
        func.count(case((Ticket.status.in_(tuple(WAITING)), 1))),
        func.count(Ticket.breached_at),
    ).where(_ACTIVE)
    rows = (await session.execute(counted.group_by(Ticket.team_id))).all()
    names = {team.id: team.name for team in await agents.all_teams(session)}
    queues = [
        TeamQueue(
            team_id=team,
            name=names.get(team or 0),
            active=active,
            unclaimed=unclaimed,
            waiting=waiting,
            late=late,
        )
        for team, active, unclaimed, waiting, late in rows
    ]
    return sorted(queues, key=lambda queue: (queue.name is None, queue.name or ""))


async def count_quarantined(session: AsyncSession) -> int:
    counted = select(func.count()).where(Quarantined.released_at.is_(None))
    return await session.scalar(counted) or 0


# Shared by all of the above


def _within(column: Any, period: Period) -> ColumnElement[bool]:
    return and_(column >= period.start, column < period.end)


def _clocks(*columns: Any) -> Select[Any]:
    """Spam, tests and merged tickets count in no promise."""
    found = select(*columns).select_from(Clock).join(Ticket, Ticket.id == Clock.ticket_id)
    return found.where(Ticket.status != Status.CANCELLED)
