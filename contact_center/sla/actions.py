"""Starts and stops clocks. Callers own the transaction and keep the ticket's next due date."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.settings import Targets
from contact_center.sla import queries, rules
from contact_center.sla.models import Clock, ClockKind, ClockState


def clock_rows(ticket_id: int, *, targets: Targets, start: datetime) -> list[dict[str, Any]]:
    """The clocks of a ticket that begins to need a human."""
    return [
        {
            "ticket_id": ticket_id,
            "kind": kind.value,
            "state": ClockState.RUNNING.value,
            "target": int((due - start).total_seconds()),
            "started_at": start,
            "due_at": due,
        }
        for kind, due in rules.dues(targets, start=start).items()
    ]


async def start(
    session: AsyncSession, ticket_id: int, *, targets: Targets, start: datetime
) -> datetime:
    """Start all clocks of one ticket; returns its first due instant."""
    rows = clock_rows(ticket_id, targets=targets, start=start)
    await queries.insert_clocks(session, rows)
    return min(rules.dues(targets, start=start).values())


async def stop(
    session: AsyncSession, ticket_id: int, *, kinds: Collection[ClockKind], now: datetime
) -> datetime | None:
    """Stop clocks that still run; returns the ticket's next due instant."""
    clocks = await queries.clocks_of(session, ticket_id)
    for kind in kinds:
        if (clock := clocks.get(kind)) is not None and clock.stopped_at is None:
            _stop(clock, now=now)
    return _next_due(clocks)


async def retarget(
    session: AsyncSession, ticket_id: int, *, targets: Targets, now: datetime
) -> datetime | None:
    """The policy changed: same start, new target; what is late by it is late from now on."""
    clocks = await queries.clocks_of(session, ticket_id)
    for clock in clocks.values():
        if clock.state is ClockState.RUNNING:
            clock.due_at = max(rules.dues(targets, start=clock.started_at)[clock.kind], now)
            clock.target = int((clock.due_at - clock.started_at).total_seconds())
    return _next_due(clocks)


async def cancel(session: AsyncSession, ticket_id: int) -> None:
    """The promises no longer hold, and are counted neither as kept nor as broken."""
    for clock in (await queries.clocks_of(session, ticket_id)).values():
        if clock.state is ClockState.RUNNING:
            clock.state = ClockState.CANCELLED


async def continue_resolution(
    session: AsyncSession, ticket_id: int, *, now: datetime
) -> datetime | None:
    """The ticket was reopened: its resolution clock goes on, without the time it lay resolved."""
    clocks = await queries.clocks_of(session, ticket_id)
    clock = clocks.get(ClockKind.RESOLUTION)
    if clock is not None and clock.stopped_at is not None:
        clock.due_at += now - clock.stopped_at
        clock.stopped_at = None
        if clock.breached_at is None:
            clock.state = ClockState.RUNNING
    return _next_due(clocks)


async def inherit(session: AsyncSession, *, old: int, new: int) -> datetime | None:
    """Of what two tickets still owe, one of them keeps the older promises; its next due instant."""
    theirs, ours = await queries.clocks_of(session, old), await queries.clocks_of(session, new)
    for kind, clock in ours.items():
        other = theirs.get(kind)
        if other is not None and _is_owed(other) and _is_owed(clock):
            clock.started_at = min(clock.started_at, other.started_at)
            clock.due_at = min(clock.due_at, other.due_at)
            clock.target = int((clock.due_at - clock.started_at).total_seconds())
            broken = [at for at in (clock.breached_at, other.breached_at) if at is not None]
            if broken:
                clock.state, clock.breached_at = ClockState.BREACHED, min(broken)
            other.state, other.breached_at = ClockState.CANCELLED, None
    return _next_due(ours)


async def note_breaches(
    session: AsyncSession, ticket_id: int, *, now: datetime
) -> list[tuple[ClockKind, datetime]]:
    """Running clocks whose due instant has passed are marked; each breach is returned once."""
    broken = []
    for clock in (await queries.clocks_of(session, ticket_id)).values():
        if clock.state is ClockState.RUNNING and clock.due_at < now:
            clock.state, clock.breached_at = ClockState.BREACHED, clock.due_at
            broken.append((clock.kind, clock.due_at))
    return broken


def _stop(clock: Clock, *, now: datetime) -> None:
    clock.stopped_at = now
    if clock.state is ClockState.RUNNING:
        met = rules.is_met(due_at=clock.due_at, stopped_at=now)
        clock.state = ClockState.MET if met else ClockState.BREACHED
        clock.breached_at = None if met else clock.due_at


def _is_owed(clock: Clock) -> bool:
    """Still to be kept, or broken and not yet done."""
    return clock.stopped_at is None and clock.state in (ClockState.RUNNING, ClockState.BREACHED)


def _next_due(clocks: dict[ClockKind, Clock]) -> datetime | None:
    """The earliest promise that is still to be kept, broken ones included."""
    return min((clock.due_at for clock in clocks.values() if _is_owed(clock)), default=None)
