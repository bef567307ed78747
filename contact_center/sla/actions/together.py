"""All clocks of a ticket at once, as the ticket moves. Callers own the transaction.

The ticket is locked by the caller, who puts the changes returned into the event he logs, as
`clocks`: so every event tells what it did to the promises.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.calendars.hours import Calendar
from contact_center.events.queries import ticket_events
from contact_center.sla import queries
from contact_center.sla.actions.rows import (
    Calendars,
    Changes,
    Promised,
    bring_up_to_date,
    calendars_for,
    clock_row,
    next_due,
    run_of,
    turn,
    write,
)
from contact_center.sla.models import (
    ANSWERS,
    OF_POLICIES,
    OF_THE_TICKET,
    OF_WORK_ORDERS,
    Clock,
    ClockKind,
    ClockState,
)
from contact_center.sla.rules import engine, history, terms
from contact_center.sla.rules.engine import Run, Terms
from contact_center.sla.rules.history import change, ran

MOST_EVENTS = 10_000  # of one ticket


async def start_all(
    session: AsyncSession,
    ticket: Promised,
    promises: Mapping[ClockKind, Terms],
    *,
    start: datetime,
    ref_id: int = 0,
    attempt: int = 0,
) -> Changes:
    """Some clocks that begin together."""
    runs = [
        engine.start(agreed, kind=kind, at=start, ref_id=ref_id, attempt=attempt)
        for kind, agreed in promises.items()
    ]
    if runs:
        await queries.insert_clocks(session, [clock_row(ticket.id, run) for run in runs])
    ticket.next_due_at = next_due(await queries.all_clocks(session, ticket.id))
    return [change("started", None, run) for run in runs]


async def start_late(
    session: AsyncSession,
    ticket: Promised,
    promises: Mapping[ClockKind, Terms],
    *,
    start: datetime,
    status: str,
    now: datetime,
) -> Changes:
    """Promised only now, counted from an earlier start; what pauses has stood with its like."""
    if not promises:
        return []
    clocks = [c for c in await queries.all_clocks(session, ticket.id) if run_of(c).is_ticking]
    events = await ticket_events(session, ticket.id, limit=MOST_EVENTS)
    said: Changes = []
    rows = []
    for kind, agreed in promises.items():
        like = next((c for c in clocks if agreed.pauses and c.pauses == agreed.pauses), None)
        stood = history.stood(events, (like.kind, like.ref_id, like.attempt)) if like else []
        if like is None and status in agreed.pauses.split(","):
            stood = [(now, None)]
        run = terms.promise_late(agreed, kind=kind, start=start, stood=stood, at=now)
        said += history.started(run)
        rows.append(clock_row(ticket.id, run))
    await queries.insert_clocks(session, rows)
    ticket.next_due_at = next_due(await queries.all_clocks(session, ticket.id))
    return said


async def note_breaches(session: AsyncSession, ticket: Promised, *, now: datetime) -> Changes:
    """Running clocks whose due instant has passed; each is told once.

    And those whose calendar has been edited since.
    """
    return await turn(session, ticket, "breached", lambda run, _: engine.breach(run, now=now))


async def break_all(
    session: AsyncSession,
    clock_ids: Collection[int],
    *,
    ticket_ids: Collection[int],
    now: datetime,
) -> dict[int, Changes]:
    """What broke, of many tickets that the caller has locked; they stay due when they were."""
    found: dict[int, Changes] = {}
    for clock in await queries.late_clocks(session, clock_ids, now=now):
        if clock.ticket_id in ticket_ids:
            after = engine.breach(run_of(clock), now=now)
            found.setdefault(clock.ticket_id, []).extend(write(clock, after, "breached"))
    return found


async def pause(session: AsyncSession, ticket: Promised, *, status: str, now: datetime) -> Changes:
    """The ticket waits: those clocks pause that do so in this status."""

    def do(run: Run, hours: Calendar) -> Run:
        return engine.pause(run, at=now, hours=hours) if run.pauses_in(status) else run

    return await turn(session, ticket, "paused", do)


async def resume(session: AsyncSession, ticket: Promised, *, now: datetime) -> Changes:
    return await turn(
        session, ticket, "resumed", lambda run, hours: engine.resume(run, at=now, hours=hours)
    )


async def answer(
    session: AsyncSession,
    ticket: Promised,
    *,
    message_id: int,
    now: datetime,
    is_news: bool = False,
) -> Changes:
    """A person's answer leaves: nobody waits for one any more, unless it fails to arrive."""

    def do(run: Run, hours: Calendar) -> Run:
        stops = run.kind in ANSWERS or (is_news and run.kind is ClockKind.STATUS_UPDATE)
        return engine.stop(run, at=now, hours=hours, by=message_id) if stops else run

    return await turn(session, ticket, "stopped", do)


async def take_back(
    session: AsyncSession,
    ticket: Promised,
    *,
    message_id: int,
    answers: Sequence[tuple[int, datetime]] = (),
    ended_at: datetime | None = None,
    now: datetime,
) -> Changes:
    """An answer did not arrive: what it stopped has run all the time, up to the next that did.

    `answers`: those that have arrived, the oldest first. `ended_at`: when nobody waited any more.
    """
    clocks = await queries.all_clocks(session, ticket.id)
    stopped = [c.stopped_at for c in clocks if c.stopped_by == message_id and c.stopped_at]
    if not stopped:
        return []
    arrived = [one for one in answers if one[1] >= min(stopped)]
    news = [c for c in clocks if c.kind is ClockKind.STATUS_UPDATE and c.ref_id == message_id]
    after = max(news, key=lambda clock: clock.attempt, default=None)
    over_at = after.stopped_at if after and after.state is ClockState.CANCELLED else None

    def do(run: Run, hours: Calendar) -> Run:
        if run.stopped_by != message_id:
            return run
        again = engine.take_back(run, hours=hours)
        if run.kind is ClockKind.STATUS_UPDATE and over_at is not None:  # no news are owed since
            return engine.cancel(engine.breach(again, now=over_at), at=over_at)
        if arrived:
            number, at = arrived[0]
            return engine.stop(again, at=at, hours=hours, by=number)
        return again if ended_at is None else engine.stop(again, at=ended_at, hours=hours)

    said: Changes = []
    if not arrived and ended_at is None:  # whoever asked again has waited since they asked first
        said = await excuse(session, ticket, now=now, verb="superseded")
        await session.flush()
    said += await _never_told(session, ticket, message_id=message_id, now=now)
    return said + await turn(session, ticket, "reopened", do)


async def _never_told(
    session: AsyncSession, ticket: Promised, *, message_id: int, now: datetime
) -> Changes:
    """No news were due from what never arrived: those before it are, and one clock is enough."""

    def do(run: Run, hours: Calendar) -> Run:
        is_it = run.kind is ClockKind.STATUS_UPDATE and run.ref_id == message_id
        return engine.annul(run, at=now) if is_it else run

    return await turn(session, ticket, "superseded", do)


async def finish(session: AsyncSession, ticket: Promised, *, now: datetime) -> Changes:
    """The ticket is resolved."""

    def do(run: Run, hours: Calendar) -> Run:
        if run.kind is ClockKind.STATUS_UPDATE:
            return engine.cancel(run, at=now)
        return engine.stop(run, at=now, hours=hours) if run.kind in OF_THE_TICKET else run

    return await turn(session, ticket, "stopped", do)


async def conclude(session: AsyncSession, ticket: Promised, *, now: datetime) -> Changes:
    """The ticket is closed: whatever the customer was promised besides ends with it."""

    def do(run: Run, hours: Calendar) -> Run:
        return run if run.kind in OF_WORK_ORDERS else engine.stop(run, at=now, hours=hours)

    return await turn(session, ticket, "stopped", do)


async def go_on(session: AsyncSession, ticket: Promised, *, now: datetime) -> Changes:
    """The ticket was reopened: its resolution clock goes on, without the time it lay resolved."""

    def do(run: Run, hours: Calendar) -> Run:
        is_it = run.kind is ClockKind.RESOLUTION
        return engine.reopen(run, at=now, hours=hours) if is_it else run

    return await turn(session, ticket, "reopened", do)


async def cancel_all(
    session: AsyncSession, ticket: Promised, *, now: datetime, excluded: bool = True
) -> Changes:
    """The promises no longer hold, and are counted neither as kept nor as broken."""
    return await turn(
        session,
        ticket,
        "cancelled",
        lambda run, _: engine.cancel(run, at=now, excluded=excluded),
    )


async def excuse(
    session: AsyncSession, ticket: Promised, *, now: datetime, verb: str = "excused"
) -> Changes:
    """The customer needs no reply to what was said last: that counts for nothing."""

    def do(run: Run, hours: Calendar) -> Run:
        is_it = run.kind is ClockKind.NEXT_RESPONSE
        return engine.cancel(run, at=now, excluded=True) if is_it else run

    return await turn(session, ticket, verb, do)


async def excuse_moved(
    session: AsyncSession, ticket: Promised, *, message_ids: Collection[int], now: datetime
) -> Changes:
    """What the customer asked in these messages is answered on another ticket."""

    def do(run: Run, hours: Calendar) -> Run:
        is_it = run.kind is ClockKind.NEXT_RESPONSE and run.ref_id in message_ids
        return engine.cancel(run, at=now, excluded=True) if is_it else run

    said = await turn(session, ticket, "excused", do)
    await session.flush()  # before another clock of the kind may begin
    return said


async def retarget(
    session: AsyncSession,
    ticket: Promised,
    promises: Mapping[ClockKind, Terms],
    *,
    now: datetime,
) -> Changes:
    """Other terms hold: same start, same pauses. What they do not promise is no longer owed."""
    said: Changes = []
    clocks = await queries.all_clocks(session, ticket.id)
    ours = [c for c in clocks if c.kind in OF_POLICIES and c.kind not in promises]
    latest = {clock.kind: clock for clock in clocks}
    for clock in clocks:
        if clock.kind in promises and clock.kind not in ANSWERS and clock is latest[clock.kind]:
            after = terms.promise_again(run_of(clock), promises[clock.kind], at=now)
            said += write(clock, after, "restarted")
        if clock.kind in promises and run_of(clock).is_ticking:
            agreed = promises[clock.kind]
            spans = await _ran(session, ticket, clock, agreed)
            after = terms.retarget(run_of(clock), agreed, at=now, ran=spans)
            said += write(clock, after, "retargeted")
    for clock in ours:
        if run_of(clock).is_ticking:
            said += write(clock, engine.cancel(run_of(clock), at=now), "cancelled")
    ticket.next_due_at = next_due(clocks)
    return said


async def _ran(
    session: AsyncSession, ticket: Promised, clock: Clock, agreed: Terms
) -> list[terms.Span] | None:
    """Only where it is to be measured in another time."""
    calendars = await calendars_for(session, {clock.calendar})
    old = engine.measure(clock.goal, calendars.of(run_of(clock)))
    if engine.measure(str(agreed.goal), agreed.hours) == old or not clock.consumed:
        return None
    events = await ticket_events(session, ticket.id, limit=MOST_EVENTS)
    return ran(events, (clock.kind, clock.ref_id, clock.attempt))


async def inherit(
    session: AsyncSession,
    victim: Promised,
    survivor: Promised,
    *,
    answered_at: datetime | None,
    now: datetime,
) -> tuple[Changes, Changes]:
    """Of what two tickets still owe the customer, the survivor keeps the older promises.

    `answered_at`: when the victim was answered, if only that was. Returns what changed for the
    victim, and for the survivor.
    """
    # Those of work orders go with their work order.
    every = await queries.all_clocks(session, victim.id)
    theirs = [clock for clock in every if clock.kind not in OF_WORK_ORDERS]
    ours = await queries.clocks_of(session, survivor.id)
    calendars = await calendars_for(session, {c.calendar for c in (*theirs, *ours.values())})
    lost: Changes = []
    for other in theirs:
        lost += bring_up_to_date(other, calendars)
    gained = await _carry_over(session, theirs, ours, survivor, calendars, now=now)
    for mine in ours.values():
        gained += bring_up_to_date(mine, calendars)
    for other in theirs:
        clock, run = ours.get(other.kind), run_of(other)
        if clock is not None and clock.is_owed and run.is_owed:
            both = terms.inherit(run_of(clock), run, hours=calendars.of(run_of(clock)))
            gained += write(clock, both, "inherited")
        lost += write(other, engine.cancel(run, at=now, excluded=True), "merged")
    first = ours.get(ClockKind.FIRST_RESPONSE)
    if answered_at is not None and first is not None:
        run = run_of(first)
        by = next((c.stopped_by for c in theirs if c.kind is ClockKind.FIRST_RESPONSE), None)
        # What was broken stays so: to this ticket that answer came with the merge.
        is_late = run.breached_at is not None and run.breached_at > answered_at
        at = now if is_late else answered_at
        done = engine.stop(run, at=at, hours=calendars.of(run), by=by)
        gained += write(first, done, "stopped")
    victim.next_due_at = None
    survivor.next_due_at = next_due(await queries.all_clocks(session, survivor.id))
    return lost, gained


async def _carry_over(
    session: AsyncSession,
    theirs: Collection[Clock],
    ours: Mapping[ClockKind, Clock],
    survivor: Promised,
    calendars: Calendars,
    *,
    now: datetime,
) -> Changes:
    """Whoever waits for the next answer goes on waiting, if nobody waits for one of ours."""
    if (mine := ours.get(ClockKind.NEXT_RESPONSE)) is not None and mine.is_owed:
        return []
    runs = [run_of(c) for c in theirs if c.kind is ClockKind.NEXT_RESPONSE and c.is_owed]
    runs = [engine.resume(run, at=now, hours=calendars.of(run)) for run in runs]
    if runs:
        await queries.insert_clocks(session, [clock_row(survivor.id, run) for run in runs])
    return [change("inherited", None, run) for run in runs]


def breaks_our_word(said: Mapping[str, Any]) -> bool:
    """What a department has not kept counts for it, not for who answers to the customer."""
    return ClockKind(said["clock"]) not in OF_WORK_ORDERS


def broken(changes: Changes) -> Changes:
    return [said for said in changes if said["change"] == ClockState.BREACHED.value]
