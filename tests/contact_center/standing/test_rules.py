from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from contact_center.sla.models import ClockKind, ClockState
from contact_center.standing.rules import next_promised, stage_of, steps_of
from contact_center.tickets.models import Status, TicketKind

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
KNOWN = {"stage.investigating", "status.on_hold", "status.waiting_department"}


@dataclass
class Event:
    kind: str
    at: datetime = NOON
    data: dict = field(default_factory=dict)


@dataclass
class Clock:
    kind: str
    due_at: datetime | None
    state: ClockState = ClockState.RUNNING


@pytest.mark.parametrize(
    ("kind", "status", "stage", "expected"),
    [
        (TicketKind.INQUIRY, Status.OPEN, None, "status.open"),
        (TicketKind.COMPLAINT, Status.OPEN, "investigating", "stage.investigating"),
        (TicketKind.COMPLAINT, Status.OPEN, None, "status.open"),
        (TicketKind.COMPLAINT, Status.CLOSED, "investigating", "status.closed"),
        (TicketKind.INQUIRY, Status.OPEN, "investigating", "status.open"),
        (TicketKind.COMPLAINT, Status.OPEN, "something_new", "status.open"),
    ],
)
def test_a_complaint_stands_at_its_stage_and_all_else_in_its_status(
    kind, status, stage, expected
) -> None:
    assert stage_of(kind=kind, status=status, stage=stage, known=KNOWN) == expected


def test_steps_tell_each_stage_once_and_nothing_that_is_internal() -> None:
    events = [
        Event("ticket.opened"),
        Event("message.received"),
        Event("ticket.offered", data={"assignee": 3}),
        Event("ticket.claimed", NOON + HOUR),
        Event("note.added"),
        Event("ticket.transferred", data={"reason": "conflict_of_interest"}),
        Event("ticket.assigned", NOON + 2 * HOUR),
        Event("ticket.waiting", NOON + 3 * HOUR, {"status": "on_hold", "reason": "secret"}),
        Event("complaint.investigating", NOON + 4 * HOUR),
        Event("complaint.evidence_added", NOON + 5 * HOUR),
        Event("ticket.resolved", NOON + 6 * HOUR),
    ]

    steps = [(step.stage, (step.at - NOON) // HOUR) for step in steps_of(events, known=KNOWN)]

    assert steps == [
        ("status.queued", 0),
        ("status.open", 1),
        ("status.on_hold", 3),
        ("stage.investigating", 4),
        ("status.resolved", 6),
    ]


def test_the_next_date_is_the_earliest_that_still_holds() -> None:
    clocks = [
        Clock(ClockKind.FIRST_RESPONSE, NOON - HOUR),  # late: no promise any more
        Clock(ClockKind.RESOLUTION, NOON + 5 * HOUR),
        Clock("sign_for", NOON + HOUR),  # a department's
        Clock("status_update", None),  # pauses
        Clock("final_response", NOON + 2 * HOUR, ClockState.MET),
    ]

    assert next_promised(clocks, [], status=Status.OPEN, now=NOON) == NOON + 5 * HOUR
    assert next_promised(clocks, [], status=Status.RESOLVED, now=NOON) is None
    assert next_promised([], [], status=Status.OPEN, now=NOON) is None


def test_what_an_agent_has_promised_comes_before_what_a_clock_says() -> None:
    clocks = [Clock(ClockKind.RESOLUTION, NOON + HOUR)]
    promises = [NOON + 3 * HOUR, NOON + 2 * HOUR]

    assert next_promised(clocks, promises, status=Status.OPEN, now=NOON) == NOON + 2 * HOUR
