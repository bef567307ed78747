"""What customers are told of a request: nothing of what our people do among each other."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from contact_center.sla.models import ClockState
from contact_center.standing.models import Step
from contact_center.tickets.models import ACTIVE, Status, TicketKind

TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
OURS = frozenset({"sign_for", "finish"})  # clocks of departments: no customer was promised these

_STATUS_AFTER: Mapping[str, Status] = {
    "ticket.opened": Status.QUEUED,
    "ticket.queued": Status.QUEUED,
    "ticket.claimed": Status.OPEN,
    "ticket.assigned": Status.OPEN,
    "ticket.resumed": Status.OPEN,
    "ticket.reopened": Status.OPEN,
    "ticket.resolved": Status.RESOLVED,
    "ticket.closed": Status.CLOSED,
    "ticket.cancelled": Status.CANCELLED,
}


class Happened(Protocol):
    @property
    def kind(self) -> Any: ...
    @property
    def at(self) -> Any: ...
    @property
    def data(self) -> Any: ...


class Running(Protocol):
    @property
    def kind(self) -> Any: ...
    @property
    def state(self) -> Any: ...
    @property
    def due_at(self) -> Any: ...


def page_of(public_url: str, token: str) -> str:
    """The address of a request's own page."""
    return f"{public_url.rstrip('/')}/t/{token}"


def stage_of(*, kind: TicketKind, status: Status, stage: str | None, known: Collection[str]) -> str:
    """A complaint stands at a stage of its own; everything else in a status."""
    key = f"stage.{stage}"
    is_running = status not in (Status.BOT, Status.CLOSED, Status.CANCELLED)
    if kind is TicketKind.COMPLAINT and is_running and key in known:
        return key
    return f"status.{status}"


def steps_of(events: Sequence[Happened], *, known: Collection[str]) -> list[Step]:
    """Stages in the order they were reached; the same one twice in a row counts once."""
    steps: list[Step] = []
    for event in events:
        stage = _stage_after(event, known)
        if stage is not None and (not steps or steps[-1].stage != stage):
            steps.append(Step(event.at, stage))
    return steps


def _stage_after(event: Happened, known: Collection[str]) -> str | None:
    group, _, what = event.kind.partition(".")
    if group == "complaint":
        return key if (key := f"stage.{what}") in known else None
    if event.kind == "ticket.waiting":
        key = f"status.{event.data.get('status')}"
        return key if key in known else None
    status = _STATUS_AFTER.get(event.kind)
    return f"status.{status}" if status is not None else None


def next_promised(
    clocks: Sequence[Running],
    promises: Sequence[datetime],
    *,
    status: Status,
    now: datetime,
) -> datetime | None:
    """The earliest date that still holds; what is late already is no promise to show."""
    if status not in ACTIVE:
        return None
    running = [
        clock.due_at
        for clock in clocks
        if clock.state is ClockState.RUNNING and str(clock.kind) not in OURS
    ]
    # Once an agent has named a date, that is what the customer waits for.
    dates = [at for at in (promises or running) if at is not None and at > now]
    return min(dates, default=None)
