"""What happened in a period, and what is open now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import case, func, literal, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.callbacks.models import Callback, CallbackState
from contact_center.db import among
from contact_center.events.models import Event
from contact_center.reports.models import (
    AGES,
    Age,
    Call,
    Day,
    Facts,
    Period,
    Resolution,
    Team,
    Turn,
)
from contact_center.reports.queries import promises
from contact_center.reports.queries.within import within
from contact_center.tickets.models import IS_ACTIVE, Ticket

# As in the partial indexes of tickets, or these are not used.
_ACTIVE = text(IS_ACTIVE)
_RESOLVED, _REOPENED = "ticket.resolved", "ticket.reopened"
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
        promises=await promises.outcomes(session, period, now=now),
        times=await promises.times_taken(session, period),
        excused=await promises.excused(session, period),
        calls=await _calls(session, period),
    )


async def _opened(session: AsyncSession, period: Period) -> dict[Team, int]:
    counted = select(Ticket.team_id, func.count()).where(within(Ticket.created_at, period))
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
        .where(within(Event.at, period), Event.kind.in_((_RESOLVED, _REOPENED)))
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


async def _calls(session: AsyncSession, period: Period) -> list[Call]:
    found = (
        select(Ticket.team_id, Callback.state, Callback.solved, Callback.score)
        .join(Ticket, Ticket.id == Callback.ticket_id)
        .where(within(Callback.ended_at, period), Callback.state.in_(_ENDED))
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


async def trend(session: AsyncSession, periods: Sequence[Period]) -> list[Day]:
    """What came and what was resolved, of each period's first day; each an index range."""
    counts = []
    for number, period in enumerate(periods):
        opened = select(func.count()).where(within(Ticket.created_at, period))
        resolved = select(func.count(Event.ticket_id.distinct())).where(
            within(Event.at, period), Event.kind == _RESOLVED
        )
        columns = (opened.scalar_subquery(), resolved.scalar_subquery())
        counts.append(select(literal(number), *columns))
    rows = {row[0]: row for row in await session.execute(union_all(*counts))}
    return [
        Day(date=period.first, opened=rows[number][1], resolved=rows[number][2])
        for number, period in enumerate(periods)
    ]
