"""What became of promises: of clocks, by the date that holds outside, and of people's words.

A clock counts in the period in which it was kept, fell due by law, or was called off. What has not
fallen due is told as of now.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from heapq import nlargest
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.db import UtcDateTime, is_postgresql
from contact_center.events.models import Event
from contact_center.promises.models import Promise, PromiseState
from contact_center.reports.models import Fate, Period, Tally, Team
from contact_center.reports.queries.within import within
from contact_center.sla.models import OF_WORK_ORDERS, Clock, ClockKind, ClockState
from contact_center.tickets.models import Status, Ticket
from contact_center.tickets.queries import visible_to
from contact_center.work_orders.models import WorkOrder

# A legal date is later than our own by no more than that: what the indexes are searched by is ours.
LONGEST_GRACE = timedelta(days=60)

WORST = 10  # that are named
_EXCUSED = "ticket.needs_no_reply"
_OF_WORK_ORDERS = Clock.kind.in_(tuple(OF_WORK_ORDERS))
# As in the partial indexes of clocks, or these are not used.
_RUNNING = text("clocks.state = 'running'")
_PAUSED = text("clocks.state = 'paused'")

_legal: Any = func.coalesce(Clock.legal_due_at, Clock.due_at, Clock.breached_at)
# Spam, tests and merged tickets count in no promise.
_counts = and_(Clock.state != ClockState.CANCELLED, Ticket.status != Status.CANCELLED)
_in_time = or_(
    Clock.state == ClockState.MET,
    and_(Clock.state == ClockState.BREACHED, Clock.stopped_at <= _legal),
)
_kept_first = or_(Clock.met_first.is_(True), _in_time)


async def outcomes(session: AsyncSession, period: Period, *, now: datetime) -> Tally:
    """By team and kind; those of a work order are promises of the team it was given to."""
    numbers: dict[tuple[Team, ClockKind, Fate], int] = {}
    kept_first: dict[tuple[Team, ClockKind], int] = {}
    for fate, condition in _conditions(period, now=now):
        counted = _clocks(_team(), Clock.kind, func.count(), func.count(case((_kept_first, 1))))
        counted = counted.where(condition).group_by("team", Clock.kind)
        for team, kind, number, first in await session.execute(counted):
            key = (team, kind, fate)
            numbers[key] = numbers.get(key, 0) + number
            if fate in (Fate.KEPT, Fate.BROKEN):
                kept_first[team, kind] = kept_first.get((team, kind), 0) + first
    return Tally(numbers, kept_first)


def _conditions(period: Period, *, now: datetime) -> Iterable[tuple[Fate, ColumnElement[bool]]]:
    """What no sweep has marked as late yet counts as broken all the same."""
    ended = within(Clock.stopped_at, period)
    yield Fate.KEPT, and_(ended, _counts, _in_time)
    yield Fate.EXCLUDED, and_(ended, ~_counts)
    long_ago = _before(period.start)
    broken = and_(
        _counts, within(_legal, period), _legal < now, or_(Clock.stopped_at.is_(None), ~_in_time)
    )
    noticed = and_(Clock.breached_at >= long_ago, Clock.breached_at < period.end)
    yield Fate.BROKEN, and_(text("clocks.breached_at IS NOT NULL"), noticed, broken)
    yield Fate.BROKEN, and_(_RUNNING, Clock.due_at >= long_ago, broken)
    open_now = and_(_counts, Clock.stopped_at.is_(None))
    recently = _before(now)
    yield Fate.PENDING, and_(_PAUSED, open_now)
    yield Fate.PENDING, and_(_RUNNING, Clock.due_at >= recently, open_now, _legal >= now)
    late = and_(Clock.state == ClockState.BREACHED, Clock.breached_at >= recently)
    yield Fate.PENDING, and_(late, open_now, _legal >= now)


async def worst(
    session: AsyncSession,
    period: Period,
    *,
    now: datetime,
    team_ids: Collection[int] | None = None,
    reader: int = 0,
    limit: int = WORST,
) -> list[tuple[Ticket, Clock, Team]]:
    """What was broken in a period by the most time, as far as the reader may know."""
    team, late_by = _team(), _late_by(session, now=now)
    found = _clocks(Clock.id, _legal, Clock.stopped_at, team)
    found = found.where(visible_to(reader))
    if team_ids is not None:
        found = found.where(team.in_(team_ids))
    late: list[tuple[float, int, Team]] = []
    for fate, condition in _conditions(period, now=now):
        if fate is Fate.BROKEN:
            latest = found.where(condition).order_by(late_by.desc(), Clock.id).limit(limit)
            rows = await session.execute(latest)
            missed = [
                (((done or now) - due).total_seconds(), id_, whose)
                for id_, due, done, whose in rows
            ]
            late = nlargest(limit, {*late, *missed}, key=lambda one: (one[0], -one[1]))
    clocks = select(Clock, Ticket).join(Ticket, Ticket.id == Clock.ticket_id)
    rows = await session.execute(clocks.where(Clock.id.in_([number for _, number, _ in late])))
    known = {clock.id: (ticket, clock) for clock, ticket in rows}
    return [(*known[number], whose) for _, number, whose in late if number in known]


async def times_taken(
    session: AsyncSession, period: Period
) -> dict[tuple[Team, ClockKind], list[float]]:
    """Seconds from the start to the end of what was done in a period, in time or not."""
    found = _clocks(_team(), Clock.kind, Clock.started_at, Clock.stopped_at)
    times: dict[tuple[Team, ClockKind], list[float]] = {}
    for team, kind, start, end in await session.execute(
        found.where(within(Clock.stopped_at, period), _counts)
    ):
        times.setdefault((team, kind), []).append((end - start).total_seconds())
    return times


async def excused(session: AsyncSession, period: Period) -> dict[Team, int]:
    """Messages of customers to which somebody has said that they need no reply."""
    counted = (
        select(Ticket.team_id, func.count())
        .join(Event, Event.ticket_id == Ticket.id)
        .where(within(Event.at, period), Event.kind == _EXCUSED, Ticket.status != Status.CANCELLED)
    )
    rows = await session.execute(counted.group_by(Ticket.team_id))
    return {row[0]: row[1] for row in rows}


async def kept_words(
    session: AsyncSession,
    period: Period,
    *,
    now: datetime,
    team_ids: Collection[int] | None = None,
) -> dict[int, tuple[int, int]]:
    """By who promised: kept, and broken. What was renegotiated in time or cancelled is neither."""
    kept = and_(Promise.state == PromiseState.KEPT, within(Promise.ended_at, period))
    late = Promise.state.in_((PromiseState.OPEN, PromiseState.BROKEN))
    broken = and_(late, within(Promise.due_at, period), Promise.due_at < now)
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


def _before(at: datetime) -> datetime:
    """Where our own dates may lie whose legal ones follow; nothing does before the calendar."""
    return at - LONGEST_GRACE if at.year > 1 else at


def _late_by(session: AsyncSession, *, now: datetime) -> Any:
    """To sort by: an interval on PostgreSQL, days on SQLite, where a date is text."""
    end: Any = func.coalesce(Clock.stopped_at, literal(now, UtcDateTime()))
    days = func.julianday
    return end - _legal if is_postgresql(session) else days(end) - days(_legal)


def _team() -> Any:
    return case((_OF_WORK_ORDERS, WorkOrder.team_id), else_=Ticket.team_id).label("team")


def _clocks(*columns: Any) -> Select[Any]:
    order = and_(_OF_WORK_ORDERS, WorkOrder.id == Clock.ref_id)
    found = select(*columns).select_from(Clock).join(Ticket, Ticket.id == Clock.ticket_id)
    return found.outerjoin(WorkOrder, order)
