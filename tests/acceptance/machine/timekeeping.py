"""Invariants C1–C8 and T6: what was promised is kept to, and the log explains every deadline."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contact_center.calendars.hours import Calendar, between
from contact_center.sla.actions.rows import run_of
from contact_center.sla.models import OF_WORK_ORDERS, ClockKind, ClockState
from contact_center.sla.rules.engine import POLICY_CHANGE, measure
from contact_center.sla.rules.history import CLOCKS, rebuild
from tests.acceptance.machine.desk import Desk
from tests.acceptance.machine.sight import Row
from tests.support.calendars import BY_NAME, SHIPPED

REGULATED = {ClockKind.ACKNOWLEDGEMENT, ClockKind.FINAL_RESPONSE}
AGREED = {
    "extended",
    "restarted",
    "retargeted",
    "due_recomputed",
    "inherited",
    "cancelled",
    "merged",
}
ANEW = {"restarted", "breached"}  # it may be over at once
TERMINAL = {ClockState.MET, ClockState.CANCELLED}


@dataclass
class Timekeeping:
    paused: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)  # at, due then
    told: set[tuple[Any, ...]] = field(default_factory=set)  # rungs

    def check(self, desk: Desk) -> None:
        moved = set()
        for before, clock in desk.sight.changed("clocks"):
            moved.add(clock.ticket_id)
            _check_shape(clock)
            if before is not None:
                verbs = _verbs(desk, clock)
                _check_change(before, clock, verbs)
                self._check_pause(before, clock, verbs, now=desk.now)
        for event in desk.sight.fresh:
            if event.ticket_id is not None and event.data.get(CLOCKS):
                moved.add(event.ticket_id)
            if event.kind in ("escalation.fired", "escalation.skipped"):
                rung = _rung(desk, event)
                assert rung not in self.told, "C6"
                self.told.add(rung)
        for number in moved:
            check_log(desk, number)
        for ticket in desk.sight.now["tickets"].values():
            _check_next(desk, ticket)

    def _check_pause(
        self, before: Row, clock: Row, verbs: Collection[str], *, now: datetime
    ) -> None:
        """T6: a pause moves the due instant by its overlap with business time, and no more."""
        if clock.state == ClockState.PAUSED and before.state == ClockState.RUNNING:
            self.paused[clock.id] = (now, before.due_at)
        elif before.state == ClockState.PAUSED and clock.id in self.paused:
            since, due = self.paused.pop(clock.id)
            if list(verbs) == ["resumed"]:
                time = _time(clock)
                shift = between(time, due, clock.due_at)
                assert clock.due_at >= due, "T6"
                assert shift == between(time, since, now), ("T6", clock, since, due, now)
        elif "retargeted" in verbs or "inherited" in verbs:
            self.paused.pop(clock.id, None)


def _rung(desk: Desk, event: Row) -> tuple[Any, ...]:
    """Of a department's attempts the last one runs."""
    kind, ref = event.data["clock"], event.data["ref"]
    clocks = desk.sight.of("clocks", event.ticket_id)
    attempt = max(clock.attempt for clock in clocks if (clock.kind, clock.ref_id) == (kind, ref))
    return event.ticket_id, kind, ref, attempt, event.data["rung"]


def check_log(desk: Desk, ticket_id: int) -> None:
    """C7: clocks made of the log are those in the table."""
    stored = {(c.kind, c.ref_id, c.attempt): run_of(c) for c in desk.sight.of("clocks", ticket_id)}
    assert rebuild(desk.sight.events.get(ticket_id, [])) == stored, "C7"


def _check_next(desk: Desk, ticket: Row) -> None:
    owed = [c for c in desk.sight.of("clocks", ticket.id) if _is_owed(c)]
    dues = [c.due_at for c in owed if c.due_at is not None and c.kind not in OF_WORK_ORDERS]
    assert ticket.next_due_at == min(dues, default=None)
    assert sum(clock.kind == ClockKind.NEXT_RESPONSE for clock in owed) <= 1, "C5"


def _check_shape(clock: Row) -> None:
    """C1: exactly one of running, paused, ended; C2: met if and only if in time."""
    state, ended = clock.state, clock.stopped_at is not None
    if state == ClockState.RUNNING:
        left = max(clock.target - clock.consumed, 0)
        assert between(_time(clock), clock.running_since, clock.due_at) == left, "C1"
        assert (clock.running_since is not None, clock.due_at is not None, ended) == (1, 1, 0), "C1"
    elif state == ClockState.PAUSED:
        assert (clock.running_since, clock.due_at, ended) == (None, None, False), "C1"
    elif state == ClockState.CANCELLED:
        assert (clock.running_since, clock.due_at) == (None, None), "C1"
    elif state == ClockState.MET:
        assert (clock.running_since, ended) == (None, True), "C1"
        assert clock.due_at is None or clock.stopped_at <= clock.due_at, "C2"
        assert clock.consumed <= clock.target, "C2"
    else:
        assert clock.breached_at is not None, "C1"
        assert not ended or clock.stopped_at >= clock.breached_at, "C2"
    assert (clock.breached_at is not None) == (state == ClockState.BREACHED), "C1"


def _check_change(before: Row, clock: Row, verbs: Collection[str]) -> None:
    if not {"retargeted", *ANEW} & set(verbs) or before.calendar == clock.calendar:
        assert clock.consumed >= before.consumed, "C3"
    if before.state in TERMINAL and clock.state != before.state:
        assert "reopened" in verbs or before.state != ClockState.MET, "C4"
        # What was called no complaint for a while is one again.
        assert before.state != ClockState.CANCELLED or ANEW & set(verbs), "C1"
    if before.state == ClockState.BREACHED and clock.state != ClockState.BREACHED:
        assert clock.state == ClockState.CANCELLED, "C4"
    is_moved = clock.due_at != before.due_at and before.state != ClockState.CANCELLED
    if clock.kind in REGULATED and is_moved and clock.breach_cause != POLICY_CHANGE:
        assert AGREED & set(verbs), "C8"
    if not clock.pauses:
        assert clock.state != ClockState.PAUSED, "C8"


def _verbs(desk: Desk, clock: Row) -> list[str]:
    return [
        said["change"]
        for event in desk.sight.fresh
        if event.ticket_id == clock.ticket_id
        for said in event.data.get(CLOCKS, ())
        if (said["clock"], said["ref"], said.get("attempt", 0))
        == (clock.kind, clock.ref_id, clock.attempt)
    ]


def _time(clock: Row) -> Calendar:
    return measure(clock.goal, SHIPPED.get(clock.calendar) or BY_NAME[clock.calendar])


def _is_owed(clock: Row) -> bool:
    return clock.stopped_at is None and clock.state != ClockState.CANCELLED
