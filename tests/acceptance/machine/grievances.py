"""Invariants of complaints: who may end, grant and approve what, and what must have come before."""

from contact_center.complaints.models import (
    ACTION_MOVES,
    LEVELS,
    LIVE,
    MOVES,
    OVER,
    PENDING,
    REDRESS_MOVES,
    UNDECIDED,
    UNSAFE,
    Outcome,
    RedressState,
    Stage,
)
from contact_center.events.rules import Actor, agent_id
from contact_center.sla.models import ClockKind
from contact_center.tickets.models import Status, TicketKind
from tests.acceptance.machine.desk import Desk
from tests.acceptance.machine.sight import Row

MACHINES = {"bot", "system"}
LEADS = {"lead", "manager", "admin"}
STAGES = {f"complaint.{stage}": stage for stage in Stage}
ENDS = (Stage.ACCEPTED, Stage.REJECTED_BY_CUSTOMER, Stage.SILENT, Stage.WITHDRAWN)


def check(desk: Desk) -> None:
    sight = desk.sight
    for before, complaint in sight.changed("complaints"):
        _check_file(desk, before, complaint)
    for before, item in sight.changed("redress_items"):
        _check_redress(desk, before, item)
    for before, action in sight.changed("corrective_actions"):
        _check_action(desk, before, action)
    for event in sight.fresh:
        _check_event(desk, event)
    for _, ticket in sight.changed("tickets"):
        if ticket.kind == TicketKind.COMPLAINT and ticket.status == Status.CLOSED:
            assert sight.now["complaints"][ticket.id].stage in OVER, "closed by its own process"


def _check_event(desk: Desk, event: Row) -> None:
    if event.kind in STAGES:
        _check_stage(desk, event, STAGES[event.kind])
    elif event.kind == "complaint.extended":
        _check_extension(desk, event)
    elif event.kind == "ticket.merged":
        _check_joined(desk, event)


def _check_file(desk: Desk, before: Row | None, complaint: Row) -> None:
    ticket = desk.sight.now["tickets"][complaint.ticket_id]
    if complaint.downgraded_at is None:
        assert (ticket.stage or Stage.RECEIVED) == complaint.stage, "the ticket shows it"
    else:
        assert ticket.stage is None
        assert complaint.stage in UNDECIDED, "what was answered stays a complaint"
    assert complaint.level <= LEVELS
    assert before is None or complaint.level >= before.level
    if complaint.stage == Stage.ACCEPTED:
        assert complaint.answer_channel, "where the customer said yes"
        assert complaint.answered_at, "when the customer said yes"
    if before is not None and before.stage == Stage.CLOSED:
        assert complaint.stage == Stage.CLOSED, "K2"
    if before is not None and complaint.downgraded_at == before.downgraded_at:
        assert complaint.received_at <= before.received_at, "the first receipt counts"


def _check_stage(desk: Desk, event: Row, stage: Stage) -> None:
    complaint = desk.sight.now["complaints"][event.ticket_id]
    was = Stage(event.data["was"])
    if was == stage:  # what was called no complaint for a while is one again
        return
    assert stage in MOVES[was], ("K1", was, stage)
    person = agent_id(Actor(event.actor))
    if stage is Stage.CLOSED:
        _check_closed(desk, event, complaint, was)
    elif stage is Stage.RESPONDED:
        _check_response(desk, complaint)
    elif stage is Stage.WITHDRAWN:
        _check_withdrawn(desk, complaint)
    elif stage in UNDECIDED and stage is not Stage.ACKNOWLEDGED:
        assert person is not None, "a step of people"


def _check_closed(desk: Desk, event: Row, complaint: Row, was: Stage) -> None:
    assert event.actor not in MACHINES, "K6"
    assert was in ENDS, "K6"
    if agent_id(Actor(event.actor)) is None:
        assert was == Stage.ACCEPTED, "K6: only the customer's own yes"
    left = {item.state for item in desk.sight.of("redress_items", complaint.ticket_id)} & PENDING
    assert not left, "nothing is owed, and nothing undecided"
    if was == Stage.REJECTED_BY_CUSTOMER:
        assert complaint.informed_internal_at, "alternatives"
        assert complaint.informed_external_at, "alternatives"
        assert complaint.level == LEVELS or complaint.review_declined_at, "final"


def _check_response(desk: Desk, complaint: Row) -> None:
    decisions = {one.level: one for one in _of(desk, "complaint_decisions", complaint)}
    decision = decisions[complaint.level]
    assert decision.message_id, "the customer reads it"
    items = _of(desk, "redress_items", complaint)
    assert not [item for item in items if item.state == RedressState.PROPOSED]
    amount = sum(item.amount for item in items if item.state in LIVE)
    procedure = desk.runtime.procedure
    assert set(procedure.always) <= set(decision.contents), "the required contents"
    if decision.outcome == Outcome.REJECTED or amount > procedure.two_people_above:
        others = (None, decision.decided_by, complaint.handler_id)
        assert decision.approved_by not in others, "four eyes"
        assert _role(desk, decision.approved_by) in LEADS, "four eyes"
        assert amount <= procedure.authority.of(_role(desk, decision.approved_by)), "authority"
    if complaint.level > 1:
        first = decisions[1]
        part = {first.decided_by, first.approved_by, first.sent_by}
        assert decision.decided_by not in part, "a review by somebody else"


def _check_withdrawn(desk: Desk, complaint: Row) -> None:
    """All clocks end that day; a danger that is known does not."""
    for clock in desk.sight.of("clocks", complaint.ticket_id):
        assert clock.stopped_at is not None or clock.state == "cancelled", clock
    assert not {i.state for i in _of(desk, "redress_items", complaint)} & PENDING
    if (complaint.safety or 0) >= UNSAFE:
        assert _of(desk, "corrective_actions", complaint), "the danger goes on"


def _check_redress(desk: Desk, before: Row | None, item: Row) -> None:
    if before is not None and item.ticket_id != before.ticket_id:
        assert item.state not in (RedressState.APPROVED,), "granted for the other one alone"
        return
    if before is not None and item.state != before.state:
        assert item.state in REDRESS_MOVES[before.state], (before.state, item.state)
    if item.state == RedressState.APPROVED and (before is None or before.state != item.state):
        items = desk.sight.of("redress_items", item.ticket_id)
        limit = desk.runtime.procedure.authority.of(_role(desk, item.decided_by))
        assert sum(one.amount for one in items if one.state in LIVE) <= limit, "authority"
        if before is not None:
            assert item.decided_by != item.proposed_by, "four eyes"
    if item.state == RedressState.PROVIDED:
        assert item.decided_by is not None
        assert item.provided_by is not None


def _check_action(desk: Desk, before: Row | None, action: Row) -> None:
    if before is None:
        assert action.state == "proposed"
        return
    if action.state == before.state:
        return
    assert action.state == ACTION_MOVES[before.state], "one step after the other"
    if action.state == "approved":
        assert _role(desk, action.approved_by) in LEADS
        assert action.proposed_by != f"agent:{action.approved_by}", "four eyes"
    if action.state == "checked":
        assert action.checked_by not in (None, action.done_by), "four eyes"
        every = desk.sight.now["corrective_actions"].values()
        again = [one.cycle for one in every if one.follows_id == action.id]
        assert again == ([] if action.effective else [action.cycle + 1]), "another cycle"


def _check_extension(desk: Desk, event: Row) -> None:
    """Asked for before it was due, and for later; by a lead."""
    before = _final(desk.sight.before, event.ticket_id)
    after = _final(desk.sight.now, event.ticket_id)
    assert _role(desk, agent_id(Actor(event.actor))) in LEADS
    if before is not None and before.legal_due_at is not None:
        assert desk.now <= before.legal_due_at, "before it is due"
        assert after.legal_due_at > before.legal_due_at
    complaint = desk.sight.now["complaints"][event.ticket_id]
    longest = desk.runtime.procedure.extension.longest_days
    assert (complaint.extended_to - complaint.received_at).days <= longest, "from the receipt on"


def _check_joined(desk: Desk, event: Row) -> None:
    """The same complaint again: the deadline of the first stands."""
    into = desk.sight.now["tickets"][event.ticket_id].merged_into_id
    old = [desk.sight.before["complaints"].get(number) for number in (event.ticket_id, into)]
    if None in old or desk.sight.now["tickets"][event.ticket_id].kind != TicketKind.COMPLAINT:
        return
    joined = desk.sight.now["complaints"][into]
    assert joined.received_at == min(one.received_at for one in old if one)
    before, after = (_final(rows, into) for rows in (desk.sight.before, desk.sight.now))
    if before is not None and before.legal_due_at is not None:
        assert after.legal_due_at <= before.legal_due_at, "the first deadline"


def _final(tables: dict[str, dict[int, Row]], ticket_id: int) -> Row | None:
    clocks = [one for one in tables["clocks"].values() if one.ticket_id == ticket_id]
    final = [one for one in clocks if one.kind == ClockKind.FINAL_RESPONSE]
    return final[-1] if final else None


def _of(desk: Desk, table: str, complaint: Row) -> list[Row]:
    return desk.sight.of(table, complaint.ticket_id)


def _role(desk: Desk, number: int | None) -> str:
    return str(desk.sight.now["agents"][number].role) if number else ""
