"""Promises by policy, one ticket at a time. Callers own the transaction and log the changes.

A ticket goes on by the version of the policies that it began with.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.events.actions import record
from contact_center.events.rules import SYSTEM
from contact_center.sla import queries
from contact_center.sla.actions.rows import Changes, Promised, next_due, run_of, write
from contact_center.sla.actions.together import retarget, start_all, start_late
from contact_center.sla.actions.versions import Described, policy_for
from contact_center.sla.models import ANSWERS, FROM_THE_START, Clock, ClockKind
from contact_center.sla.rules import engine
from contact_center.sla.rules.selection import promises
from contact_center.sla.rules.terms import promise_again

_NEXT = (ClockKind.NEXT_RESPONSE,)
_NEWS = (ClockKind.STATUS_UPDATE,)


class Ticket(Promised, Described, Protocol):
    """A ticket whose row the caller has locked."""

    status: Any


async def begin(session: AsyncSession, ticket: Ticket, *, start: datetime) -> Changes:
    """It needs a human since `start`."""
    policy = await policy_for(session, ticket)
    if policy is None:
        return []
    ticket.policy_version = policy.version
    return await start_all(session, ticket, promises(policy), start=start)


async def promise_anew(session: AsyncSession, ticket: Ticket, *, now: datetime) -> Changes:
    """What policies depend on has changed: same start, same pauses, other targets."""
    policy = await policy_for(session, ticket)
    if policy is None:
        return []
    ticket.policy_version = policy.version
    agreed = promises(policy, [*FROM_THE_START, *_NEXT])
    clocks = await queries.all_clocks(session, ticket.id)
    missing = {
        kind: terms
        for kind, terms in agreed.items()
        if kind not in _NEXT and kind not in {clock.kind for clock in clocks}
    }
    changes = await retarget(session, ticket, agreed, now=now)
    start, status = _start(clocks, now), ticket.status.value
    return changes + await start_late(session, ticket, missing, start=start, status=status, now=now)


async def expect_answer(
    session: AsyncSession, ticket: Ticket, *, message_id: int, start: datetime
) -> Changes:
    """The customer, who has been answered before, waits for an answer to this message."""
    clocks = await queries.all_clocks(session, ticket.id)
    waits = any(clock.kind in ANSWERS and clock.is_owed for clock in clocks)
    policy = None if waits else await policy_for(session, ticket)
    if policy is None:
        return []
    agreed = promises(policy, _NEXT)
    return await start_all(session, ticket, agreed, start=start, ref_id=message_id)


async def report_again(
    session: AsyncSession, ticket: Ticket, *, message_id: int, now: datetime
) -> Changes:
    """The customer has been told where it stands: the next news are due from now on."""
    clocks = await queries.all_clocks(session, ticket.id)
    if not any(c.kind is ClockKind.STATUS_UPDATE and c.stopped_by == message_id for c in clocks):
        return []
    policy = await policy_for(session, ticket)
    agreed = promises(policy, _NEWS) if policy else {}
    attempts = [c.attempt for c in clocks if c.kind in _NEWS and c.ref_id == message_id]
    attempt = 1 + max(attempts, default=-1)  # it may have come back, and been sent again
    return await start_all(session, ticket, agreed, start=now, ref_id=message_id, attempt=attempt)


async def start_again(
    session: AsyncSession, ticket: Ticket, *, kind: ClockKind, now: datetime
) -> Changes:
    """What had ended is owed once more, from now on; what is still owed goes on as it is."""
    clocks = [c for c in await queries.all_clocks(session, ticket.id) if c.kind is kind]
    if any(clock.is_owed for clock in clocks):
        return []
    policy = await policy_for(session, ticket)
    agreed = promises(policy, [kind]) if policy else {}
    attempt = 1 + max((clock.attempt for clock in clocks if clock.ref_id == 0), default=-1)
    return await start_all(session, ticket, agreed, start=now, attempt=attempt)


async def start_missing(
    session: AsyncSession,
    ticket: Ticket,
    *,
    kinds: Collection[ClockKind],
    start: datetime,
    now: datetime,
) -> None:
    """What its policy promises of these, and nobody has started yet; the log is told."""
    policy = await policy_for(session, ticket)
    if policy is None:
        return
    ticket.policy_version = policy.version
    there = {clock.kind for clock in await queries.all_clocks(session, ticket.id)}
    changes = await start_all(
        session, ticket, promises(policy, [k for k in kinds if k not in there]), start=start
    )
    await _tell_started(session, ticket, changes, now=now)


async def owe_again(
    session: AsyncSession, ticket: Ticket, *, kind: ClockKind, now: datetime
) -> None:
    """See `start_again`; the log is told."""
    changes = await start_again(session, ticket, kind=kind, now=now)
    await _tell_started(session, ticket, changes, now=now)


async def _tell_started(
    session: AsyncSession, ticket: Ticket, changes: Changes, *, now: datetime
) -> None:
    if changes:
        data = {"clocks": changes}
        await record(session, "clock.started", actor=SYSTEM, now=now, ticket=ticket, data=data)


async def apply_again(
    session: AsyncSession,
    ticket: Ticket,
    *,
    kind: ClockKind,
    now: datetime,
    done_at: datetime | None = None,
) -> None:
    """What was called off applies after all, from its first start; the log is told.

    `done_at`: when it had been done.
    """
    policy = await policy_for(session, ticket)
    every = await queries.all_clocks(session, ticket.id)
    clock = next((c for c in every if c.kind is kind and not (c.ref_id or c.attempt)), None)
    agreed = promises(policy, [kind]).get(kind) if policy is not None else None
    if clock is None or agreed is None:
        return
    run = promise_again(run_of(clock), agreed, at=done_at or now)
    if done_at is not None:
        run = engine.stop(run, at=done_at, hours=agreed.hours)
    if changes := write(clock, run, "restarted"):
        ticket.next_due_at = next_due(every)
        data = {"clocks": changes}
        await record(session, "clock.restarted", actor=SYSTEM, now=now, ticket=ticket, data=data)


def _start(clocks: Sequence[Clock], now: datetime) -> datetime:
    return min((clock.started_at for clock in clocks if clock.ref_id == 0), default=now)
