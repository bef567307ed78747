"""One clock at a time, for slices with promises of their own. Callers own the transaction.

The ticket is locked by the caller; every change is logged as "clock.<what happened>".
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.calendars.days import TO_CLOSE, Rule, Target
from contact_center.calendars.hours import Calendar
from contact_center.errors import Conflict, NotFound
from contact_center.events.actions import record
from contact_center.events.rules import SYSTEM, Actor
from contact_center.sla import queries
from contact_center.sla.actions.rows import Changes, Promised, clock_row, next_due, turn
from contact_center.sla.models import Clock, ClockKind
from contact_center.sla.rules import engine
from contact_center.sla.rules.engine import Terms
from contact_center.sla.rules.history import change
from contact_center.sla.rules.versions import calendar_digest

PAUSES = "waiting_customer,on_hold"  # unless a policy says otherwise


async def start(
    session: AsyncSession,
    ticket: Promised,
    *,
    kind: ClockKind,
    target: Target,
    calendar: Calendar,
    start: datetime,
    now: datetime,
    ref_id: int = 0,
    pausable: bool = True,
    rule: Rule = TO_CLOSE,
    policy: str = "",
    policy_version: str = "",
    by: Actor = SYSTEM,
) -> Clock:
    """A promise from `start` on. Raises Conflict where there is such a clock already."""
    if await queries.find_clock(session, ticket.id, kind=kind, ref_id=ref_id) is not None:
        raise Conflict(code="clock.exists", id=ticket.id, clock=kind, ref_id=ref_id)
    terms = Terms(
        goal=target,
        hours=calendar,
        version=calendar_digest(calendar),
        rule=rule,
        pauses=PAUSES if pausable else "",
        policy=policy,
        policy_version=policy_version,
    )
    run = engine.start(terms, kind=kind, at=start, ref_id=ref_id)
    await queries.insert_clocks(session, [clock_row(ticket.id, run)])
    await _log(session, ticket, "started", [change("started", None, run)], by=by, now=now)
    ticket.next_due_at = next_due(await queries.all_clocks(session, ticket.id))
    return await _find(session, ticket, kind, ref_id)


async def stop(
    session: AsyncSession,
    ticket: Promised,
    *,
    kind: ClockKind,
    now: datetime,
    ref_id: int = 0,
    by: Actor = SYSTEM,
) -> Clock:
    """Done: met or broken. Stopping twice changes nothing. Raises NotFound."""
    clock = await _find(session, ticket, kind, ref_id)
    changes = await turn(
        session,
        ticket,
        "stopped",
        lambda run, hours: engine.stop(run, at=now, hours=hours),
        clocks=[clock],
    )
    await _log(session, ticket, "stopped", changes, by=by, now=now)
    return clock


async def cancel(
    session: AsyncSession,
    ticket: Promised,
    *,
    kind: ClockKind,
    now: datetime,
    ref_id: int = 0,
    excluded: bool = False,
    by: Actor = SYSTEM,
) -> Clock:
    """No longer owed; `excluded`: not even what is broken already counts. Raises NotFound."""
    clock = await _find(session, ticket, kind, ref_id)
    changes = await turn(
        session,
        ticket,
        "cancelled",
        lambda run, _: engine.cancel(run, at=now, excluded=excluded),
        clocks=[clock],
    )
    await _log(session, ticket, "cancelled", changes, by=by, now=now)
    return clock


async def annul(
    session: AsyncSession, ticket: Promised, *, kind: ClockKind, now: datetime, by: Actor = SYSTEM
) -> None:
    """They turned out never to have applied, kept or not."""
    every = await queries.all_clocks(session, ticket.id)
    ours = [clock for clock in every if clock.kind is kind]
    changes = await turn(
        session, ticket, "cancelled", lambda run, _: engine.annul(run, at=now), clocks=ours
    )
    await _log(session, ticket, "cancelled", changes, by=by, now=now)


async def extend(
    session: AsyncSession,
    ticket: Promised,
    *,
    kind: ClockKind,
    until: datetime,
    now: datetime,
    ref_id: int = 0,
    by: Actor = SYSTEM,
) -> Clock:
    """Agreed before it was due. Raises NotFound, Conflict."""
    clock = await _find(session, ticket, kind, ref_id)
    changes = await turn(
        session,
        ticket,
        "extended",
        lambda run, hours: engine.extend(run, until=until, at=now, hours=hours),
        clocks=[clock],
    )
    await _log(session, ticket, "extended", changes, by=by, now=now)
    return clock


async def _find(session: AsyncSession, ticket: Promised, kind: ClockKind, ref_id: int) -> Clock:
    clock = await queries.find_clock(session, ticket.id, kind=kind, ref_id=ref_id)
    if clock is None:
        raise NotFound(code="clock.unknown", id=ticket.id, clock=kind, ref_id=ref_id)
    return clock


async def _log(
    session: AsyncSession,
    ticket: Promised,
    verb: str,
    changes: Changes,
    *,
    by: Actor,
    now: datetime,
) -> None:
    if changes:
        data = {"clock": changes[-1]["clock"], "ref": changes[-1]["ref"], "clocks": changes}
        await record(session, f"clock.{verb}", actor=by, now=now, ticket=ticket, data=data)
