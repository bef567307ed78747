"""Looks at clocks that have come to a rung of the ladder. Callers own the transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.alerts.actions import alert_all
from contact_center.customers.queries import tiers_of
from contact_center.db import hint
from contact_center.escalations import queries
from contact_center.escalations.actions.telling import People, Subject
from contact_center.escalations.models import EscalationState
from contact_center.escalations.queries import Held, Task
from contact_center.escalations.rules import Climb, Crossing, climb
from contact_center.events.actions import record_all
from contact_center.events.rules import SYSTEM
from contact_center.ladder import Ladder
from contact_center.sla.actions.rows import Calendars, run_of
from contact_center.sla.models import OF_WORK_ORDERS, Clock
from contact_center.sla.queries import calendar_versions
from contact_center.sla.rules import engine
from contact_center.sla.rules.engine import Run
from contact_center.sla.rules.history import breach_facts, change
from contact_center.supervision import actions as supervision
from contact_center.supervision.models import Cause, SupervisionOrder
from contact_center.supervision.queries import orders_for

SHORTLY = timedelta(minutes=1)  # a clock on an edited calendar is first brought up to date


@dataclass(slots=True)
class _Look:
    """One clock, before and after."""

    clock: Clock
    before: Run
    run: Run
    climb: Climb
    told: list[int] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Scene:
    """Some clocks, and what must be known to tell of them."""

    now: datetime
    ladder: Ladder
    held: dict[int, Held]
    looks: list[_Look]
    outdated: list[Clock]
    tasks: Mapping[int, Task]
    orders: dict[int, SupervisionOrder]  # open ones, by ticket
    events: list[dict[str, Any]] = field(default_factory=list)

    def say(self, ticket_id: int, kind: str, data: Mapping[str, Any]) -> None:
        ticket = self.held[ticket_id]
        self.held[ticket_id] = ticket = ticket._replace(event_count=ticket.event_count + 1)
        row = {"ticket_id": ticket_id, "seq": ticket.event_count, "kind": kind}
        self.events.append({**row, "actor": SYSTEM, "data": dict(data), "at": self.now})


async def fire(
    session: AsyncSession, clock_ids: Collection[int], *, ladder: Ladder, now: datetime
) -> int:
    """Tell what is to be told of some clocks, and note when to look again; how many were told.

    A fixed number of statements, however many clocks. What broke is marked as broken with it.
    """
    scene = await _look(session, clock_ids, ladder=ladder, now=now)
    if not scene.held:
        return 0
    _note_breaches(scene)
    await _order_supervision(session, scene)
    await _tell(session, scene)
    await _write(session, scene)
    return sum(look.climb.fired is not None for look in scene.looks)


async def _look(
    session: AsyncSession, clock_ids: Collection[int], *, ladder: Ladder, now: datetime
) -> _Scene:
    held, clocks = await queries.lock_clocks(session, clock_ids, now=now)
    calendars = Calendars(await calendar_versions(session, {clock.calendar for clock in clocks}))
    orders = await orders_for(session, held, cause=Cause.BREACH)
    looks: list[_Look] = []
    outdated: list[Clock] = []
    for clock in clocks:
        before = run_of(clock)
        if not _is_up_to_date(before, calendars):
            outdated.append(clock)
            continue
        run = engine.breach(before, now=now)
        explained = _is_explained(run, orders.get(clock.ticket_id, ()))
        hours = calendars.of(run)
        rise = climb(run, hours, ladder, rung=clock.rung, explained=explained, now=now)
        looks.append(_Look(clock, before, run, rise))
    return _Scene(
        now=now,
        ladder=ladder,
        held=held,
        looks=looks,
        outdated=outdated,
        tasks=await queries.tasks_of(session, clocks),
        orders={n: one for n, some in orders.items() for one in some if one.ended_at is None},
    )


def _is_up_to_date(run: Run, calendars: Calendars) -> bool:
    return not run.is_ticking or not calendars.edits(run)


def _is_explained(run: Run, orders: Sequence[SupervisionOrder]) -> bool:
    """A lead has ended the supervision since it broke, and none goes on."""
    ends = [order.ended_at for order in orders]
    if run.breached_at is None or None in ends:
        return False
    return any(end is not None and end >= run.breached_at for end in ends)


def _note_breaches(scene: _Scene) -> None:
    for look in scene.looks:
        if look.run is look.before:
            continue
        at, ticket = look.run.breached_at, scene.held[look.clock.ticket_id]
        assert at is not None
        if look.clock.kind not in OF_WORK_ORDERS:  # what a department breaks counts for it
            first = min(ticket.breached_at or at, at)
            scene.held[ticket.id] = ticket._replace(breached_at=first)
        said = change("breached", look.before, look.run)
        scene.say(ticket.id, "clock.breached", breach_facts(said))


async def _order_supervision(session: AsyncSession, scene: _Scene) -> None:
    """Of what broke, even where a still higher rung is told."""
    facts = {
        look.clock.ticket_id: _facts(look)
        for look in scene.looks
        if look.climb.fired
        and any(one.number == scene.ladder.breach for one, _ in look.climb.passed)
    }
    opened = await supervision.open_all(session, facts, cause=Cause.BREACH, now=scene.now)
    for ticket_id, order in opened.items():
        scene.orders[ticket_id] = order
        data = {"cause": Cause.BREACH.value, "order": order.id}
        scene.say(ticket_id, "supervision.ordered", data)


async def _tell(session: AsyncSession, scene: _Scene) -> None:
    tickets = scene.held
    tiers = await tiers_of(session, {ticket.customer_id for ticket in tickets.values()})
    people = People(session, now=scene.now)
    alerts: list[dict[str, Any]] = []
    for look in scene.looks:
        fired = look.climb.fired
        if fired is not None:
            ticket = tickets[look.clock.ticket_id]
            whom = scene.ladder.told_at(fired.number, tiers.get(ticket.customer_id, "none"))
            is_work = look.clock.kind in OF_WORK_ORDERS
            task = scene.tasks.get(look.clock.ref_id) if is_work else None
            subject = Subject(ticket, task, scene.orders.get(ticket.id))
            look.told = await people.told(whom, subject)
            alerts += _alerts(look, fired, scene.ladder)
        for one, state in look.climb.passed:
            _say_passed(scene, look, one, state)
    await alert_all(session, alerts, now=scene.now)


def _alerts(look: _Look, fired: Crossing, ladder: Ladder) -> list[dict[str, Any]]:
    stage = (fired.number > ladder.breach) - (fired.number < ladder.breach)
    alert = {
        "kind": f"escalation.{('ahead', 'breach', 'late')[stage + 1]}",
        "facts": _facts(look),
        "ticket_id": look.clock.ticket_id,
        "key": f"escalation:{look.clock.id}:{fired.number}",
    }
    return [{**alert, "agent_id": agent_id} for agent_id in look.told]


def _facts(look: _Look) -> dict[str, Any]:
    due = look.run.breached_at or look.run.due_at
    return {"clock": look.clock.kind.value, "due_at": due.isoformat() if due else None}


def _say_passed(scene: _Scene, look: _Look, one: Crossing, state: EscalationState) -> None:
    is_fired = state is EscalationState.FIRED
    data = {
        "clock": look.clock.kind.value,
        "ref": look.clock.ref_id,
        "rung": one.number,
        "name": scene.ladder.rung[one.number - 1].name,
        "crossed_at": one.at.isoformat(),
    }
    more = {"told": look.told} if is_fired else {"state": state.value}
    kind = "escalation.fired" if is_fired else "escalation.skipped"
    scene.say(look.clock.ticket_id, kind, {**data, **more})


async def _write(session: AsyncSession, scene: _Scene) -> None:
    rows = [
        _row(scene, look, one, state) for look in scene.looks for one, state in look.climb.passed
    ]
    await queries.insert_escalations(session, rows)
    clocks = [_clock_row(look.clock, look.run, look.climb) for look in scene.looks]
    later = Climb((), scene.now + SHORTLY)
    clocks += [_clock_row(clock, run_of(clock), later) for clock in scene.outdated]
    await queries.write_clocks(session, clocks)
    told = {row["ticket_id"] for row in scene.events}
    tickets = [scene.held[ticket_id] for ticket_id in sorted(told)]
    await queries.write_tickets(
        session,
        [
            {"ticket_id": t.id, "event_count": t.event_count, "breached_at": t.breached_at}
            for t in tickets
        ],
    )
    await record_all(session, scene.events)
    for ticket_id in told:
        hint(session, f"ticket:{ticket_id}")


def _row(scene: _Scene, look: _Look, one: Crossing, state: EscalationState) -> dict[str, Any]:
    rung, is_fired = scene.ladder.rung[one.number - 1], state is EscalationState.FIRED
    return {
        "clock_id": look.clock.id,
        "ticket_id": look.clock.ticket_id,
        "rung": one.number,
        "name": rung.name,
        "state": state,
        "crossed_at": one.at,
        "fired_at": scene.now,
        "told": look.told if is_fired else [],
        "in_digest": is_fired and rung.digest,
    }


def _clock_row(clock: Clock, run: Run, rise: Climb) -> dict[str, Any]:
    return {
        "clock_id": clock.id,
        "rung": max([clock.rung, *(one.number for one, _ in rise.passed)]),
        "next_rung_at": rise.next_at,
        "state": run.state,
        "breached_at": run.breached_at,
        "breach_cause": run.breach_cause,
        "met_first": run.met_first,
        "met_final": run.met_final,
    }
