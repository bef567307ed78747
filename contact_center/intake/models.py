"""A batch of messages while it is being decided."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contact_center.channels.base import Button
from contact_center.channels.dialogue import OpenTicket
from contact_center.events.rules import Actor
from contact_center.ledger.models import Outcome
from contact_center.messages.models import Author, Direction
from contact_center.storage import StoredFile
from contact_center.tickets.models import Priority, Status, TicketKind


@dataclass(slots=True, eq=False)
class Line:
    """A message to be added to a ticket."""

    talk: "Talk"
    text: str
    direction: Direction
    author: Author
    author_id: int | None
    external_id: str
    original: str | None = None
    sender: str | None = None  # an address that is not the customer's
    buttons: Sequence[Button] = ()
    files: Sequence[StoredFile] = ()
    kind: str = "reply"  # of the delivery, when it leaves
    id: int = 0


@dataclass(slots=True, eq=False)
class Draft:
    """A ticket while a batch is being decided."""

    id: int
    status: Status
    customer_id: int
    kind: TicketKind = TicketKind.INQUIRY
    priority: Priority = Priority.NORMAL
    subject: str = ""
    category: str | None = None
    tags: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    team: str | None = None
    team_id: int | None = None
    owner_id: int | None = None
    suggested_owner_id: int | None = None
    follows_id: int | None = None
    about_agent_id: int | None = None
    waiting_since: datetime | None = None
    resolved_at: datetime | None = None
    next_due_at: datetime | None = None
    public_token: str = ""
    event_count: int = 0
    channel: str = ""
    language: str = ""
    is_new: bool = False
    was_queued: bool = False  # by this batch: it needs a human from now on
    was_waiting: bool = False  # until this batch
    asks_again: "Line | None" = None  # has been answered, and waits for an answer again
    policy_version: str | None = None
    answer_due_at: datetime | None = None
    first_response_at: datetime | None = None
    has_moved: bool = False  # its status, or what it is about
    lines: list[Line] = field(default_factory=list)
    events: list[tuple[str, Actor, dict[str, Any]]] = field(default_factory=list)

    def say(self, kind: str, actor: Actor, **data: Any) -> None:
        self.events.append((kind, actor, data))

    def tell_clocks(self, changes: Sequence[dict[str, Any]], *kinds: str) -> None:
        """The last event of these kinds says what it did to the clocks."""
        said = [data for kind, _, data in self.events if kind in kinds]
        if said and changes:
            said[-1]["clocks"] = changes


@dataclass(slots=True, eq=False)
class Talk:
    """A conversation while a batch is being decided."""

    id: int
    channel: str
    address: str
    customer_id: int
    language: str
    dialogue: dict[str, Any]
    ticket: Draft | None
    tickets: Sequence[OpenTicket] = ()  # for "my tickets"
    drafts: list[Draft] = field(default_factory=list)  # touched by this batch


@dataclass(frozen=True, slots=True)
class Decision:
    outcome: Outcome
    draft: Draft
    line: Line
    after_resolution: bool = False  # an answer to the callback, or "not solved after all"
    stranger_id: int | None = None  # who wrote, where it was not the customer
