"""Invariants K1–K8, and the counters that the gate relies on."""

from contact_center.promises.models import PromiseState
from contact_center.tickets.models import FINISHED, Status, TicketKind
from contact_center.work_orders.models import MOVES as STEPS
from contact_center.work_orders.models import OPEN, WorkOrderState
from tests.acceptance.machine.desk import Desk
from tests.acceptance.machine.sight import Row
from tests.acceptance.machine.story import Story

MACHINES = {"bot", "system"}


def check(desk: Desk, stories: dict[int, Story]) -> None:
    sight = desk.sight
    for before, ticket in sight.changed("tickets"):
        told = stories[ticket.id]
        assert ticket.status == told.status, "K1"
        assert ticket.reopen_count == told.reopened, "K7"
        assert ticket.event_count == told.heard, "K8"
        if before is not None and before.status in FINISHED:
            assert ticket.status == before.status, "K2"
        _check_merge(desk, ticket)
    for ticket in sight.now["tickets"].values():
        _check_counters(desk, ticket)
    for before, order in sight.changed("work_orders"):
        _check_step(before, order)
    for before, promise in sight.changed("promises"):
        assert before is None or before.state in (PromiseState.OPEN, promise.state)
    for event in sight.fresh:
        _check_who_ends(desk, event)


def _check_counters(desk: Desk, ticket: Row) -> None:
    blocking = [
        order
        for order in desk.sight.of("work_orders", ticket.id)
        if order.is_blocking and order.waived_at is None and order.state in OPEN
    ]
    promised = [
        promise.due_at
        for promise in desk.sight.of("promises", ticket.id)
        if promise.state == PromiseState.OPEN
    ]
    assert ticket.open_work_orders == len(blocking)
    assert ticket.open_promises == len(promised)
    assert ticket.promised_at == min(promised, default=None)
    if ticket.status in FINISHED or ticket.status == Status.RESOLVED:
        assert not blocking, "K5"
        assert not promised, "K5"
    if ticket.status == Status.WAITING_DEPARTMENT and blocking:
        assert any(order.state != WorkOrderState.VERIFIED for order in blocking)


def _check_merge(desk: Desk, ticket: Row) -> None:
    into, seen = ticket.merged_into_id, {ticket.id}
    while into is not None:
        assert into not in seen, "K4"
        seen.add(into)
        survivor = desk.sight.now["tickets"][into]
        assert survivor.created_at <= ticket.created_at, "K4"
        into = survivor.merged_into_id


def _check_step(before: Row | None, order: Row) -> None:
    """Steps that follow one another in one action are not seen here."""
    if before is None or before.state == order.state:
        return
    ways = {before.state}
    for _ in range(2):
        ways |= {step for state in ways for step in STEPS[state]}
    assert order.state in ways
    if order.state == WorkOrderState.VERIFIED:
        assert before.state == WorkOrderState.FINISHED


def _check_who_ends(desk: Desk, event: Row) -> None:
    if event.kind not in ("ticket.closed", "ticket.resolved"):
        return
    ticket = desk.sight.now["tickets"][event.ticket_id]
    if ticket.kind == TicketKind.COMPLAINT:
        assert event.actor not in MACHINES, "K6"
        assert event.data.get("reason") not in ("no_answer", "unreachable"), "K6"
    elif event.kind == "ticket.closed":
        assert ticket.signed_off_at is not None or ticket.owner_id is None
        assert ticket.settled is not None
