"""A ticket as its log tells it: who has it, who answers for it, and where it stands."""

from collections.abc import Callable, Mapping
from typing import Any

from contact_center.events.rules import Actor, agent_id
from contact_center.tickets.models import MOVES, WAITING, Status
from tests.acceptance.machine.sight import Row

CAUSES = {"first_touch", "override", "handover", "recusal"}


class Story:
    """Every change of hands starts from what the one before it left; K1, K2 and O2 in passing."""

    def __init__(self) -> None:
        self.status: Status | None = None
        self.owner: int | None = None
        self.assignee: int | None = None
        self.reopened = 0
        self.heard = 0

    def hear(self, event: Row) -> None:
        self.heard += 1
        assert event.seq == self.heard, "K8"
        tell = _TELLERS.get(event.kind)
        if tell is not None:
            tell(self, event.data, agent_id(Actor(event.actor)))

    def move(self, status: Status) -> None:
        assert self.status is None or status in MOVES[self.status], ("K1", self.status, status)
        self.status = status

    def opened(self, data: Any, by: int | None) -> None:
        assert self.status is None
        self.status = Status.QUEUED

    def claimed(self, data: Any, by: int | None) -> None:
        self.move(Status.OPEN)
        assert self.assignee is None
        assert by is not None, "a bot claims nothing"
        self.take(by)

    def assigned(self, data: Any, by: int | None) -> None:
        if self.status is Status.QUEUED:
            self.move(Status.OPEN)
        assert data["before"] == self.assignee
        self.take(data["assignee"])

    def take(self, number: int) -> None:
        self.assignee = number
        self.owner = self.owner or number  # the first touch

    def transferred(self, data: Any, by: int | None) -> None:
        assert self.owner is not None
        if data["assignee"]:
            self.assignee = data["assignee"]
        else:
            self.released(data, by)

    def released(self, data: Any, by: int | None) -> None:
        if self.status in WAITING:
            self.move(Status.OPEN)
        self.move(Status.QUEUED)
        self.assignee = None

    def waits(self, data: Any, by: int | None) -> None:
        self.move(Status(data["status"]))

    def resumed(self, data: Any, by: int | None) -> None:
        assert self.status in WAITING
        self.move(Status.OPEN)

    def resolved(self, data: Any, by: int | None) -> None:
        self.move(Status.RESOLVED)

    def reopens(self, data: Any, by: int | None) -> None:
        assert self.status is Status.RESOLVED
        self.move(Status.OPEN)
        self.reopened += 1
        self.assignee = self.owner or self.assignee

    def closed(self, data: Any, by: int | None) -> None:
        self.move(Status.CLOSED)

    def cancelled(self, data: Any, by: int | None) -> None:
        self.move(Status.CANCELLED)

    def owner_changed(self, data: Any, by: int | None) -> None:
        assert data["cause"] in CAUSES, "O2"
        assert data["reason"], "O2"
        assert data["old"] == self.owner != data["new"]
        # Of a ticket merged into this one, which nobody had touched.
        assert data["cause"] != "first_touch" or self.owner is None, "O2"
        if data["cause"] == "handover" and self.assignee == self.owner:
            self.assignee = data["new"]
        self.owner = data["new"]

    def recused(self, data: Any, by: int | None) -> None:
        if data.get("assignee"):
            assert self.status is Status.RESOLVED
            assert data["assignee"] == self.owner
            self.assignee = self.owner


_TELLERS: Mapping[str, Callable[[Story, Any, int | None], None]] = {
    "ticket.opened": Story.opened,
    "ticket.claimed": Story.claimed,
    "ticket.assigned": Story.assigned,
    "ticket.transferred": Story.transferred,
    "ticket.released": Story.released,
    "ticket.waiting": Story.waits,
    "ticket.resumed": Story.resumed,
    "ticket.resolved": Story.resolved,
    "ticket.reopened": Story.reopens,
    "ticket.closed": Story.closed,
    "ticket.cancelled": Story.cancelled,
    "ticket.merged": Story.cancelled,
    "owner.changed": Story.owner_changed,
    "ticket.recused": Story.recused,
}
