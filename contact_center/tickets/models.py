"""Tickets, what was said on them, and which status may follow which."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    text,  # noqa: TID251  partial indexes
)
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Line, Short, Table
from contact_center.errors import Conflict
from contact_center.events.rules import reference as reference


class TicketKind(StrEnum):
    INQUIRY = "inquiry"
    COMPLAINT = "complaint"
    SUGGESTION = "suggestion"
    PRAISE = "praise"
    OTHER = "other"


class Priority(StrEnum):
    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Status(StrEnum):
    BOT = "bot"  # the chatbot talks, no human has been asked
    QUEUED = "queued"  # needs a human, nobody has it
    OPEN = "open"
    WAITING_CUSTOMER = "waiting_customer"
    WAITING_DEPARTMENT = "waiting_department"
    WAITING_THIRD_PARTY = "waiting_third_party"
    ON_HOLD = "on_hold"  # until a date agreed with the customer
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"  # spam, merged, test, withdrawn


_WAITING = {
    Status.WAITING_CUSTOMER,
    Status.WAITING_DEPARTMENT,
    Status.WAITING_THIRD_PARTY,
    Status.ON_HOLD,
}

MOVES: dict[Status, set[Status]] = {
    Status.BOT: {Status.QUEUED, Status.RESOLVED, Status.CANCELLED},
    Status.QUEUED: {Status.OPEN, Status.CANCELLED},
    Status.OPEN: {Status.QUEUED, Status.RESOLVED, Status.CANCELLED, *_WAITING},
    Status.WAITING_CUSTOMER: {Status.OPEN, Status.RESOLVED, Status.CANCELLED},
    Status.WAITING_DEPARTMENT: {Status.OPEN, Status.CANCELLED},
    Status.WAITING_THIRD_PARTY: {Status.OPEN, Status.CANCELLED},
    Status.ON_HOLD: {Status.OPEN, Status.CANCELLED},
    Status.RESOLVED: {Status.OPEN, Status.CLOSED, Status.CANCELLED},
    Status.CLOSED: set(),
    Status.CANCELLED: set(),
}
FINISHED = frozenset({Status.CLOSED, Status.CANCELLED})
UNFINISHED = frozenset(Status) - FINISHED

ACTIVE = UNFINISHED - {Status.BOT, Status.RESOLVED}  # somebody here has something to do
WAITING = frozenset(_WAITING)

# Of partial indexes, and of the queries that are to use them. (NOT IN says the same, but SQLite
# builds the list anew for each index of each row.)
IS_ACTIVE = " AND ".join(
    f"status <> '{status}'" for status in ("bot", "resolved", "closed", "cancelled")
)


WAITS_FOR_CUSTOMER = "status = 'waiting_customer'"
AGREED_WAITING = "status IN ('waiting_third_party', 'on_hold')"  # until `review_at`
# Resolved, and no callback is planned for this resolution.
NOT_CALLED_BACK = "status = 'resolved' AND callback_cycle <> reopen_count"


def _queue_index(name: str, *columns: str, only: str = IS_ACTIVE) -> Index:
    return _part_index(name, *columns, "next_due_at", "id", only=only)


def _part_index(name: str, *columns: str, only: str) -> Index:
    where = text(only)
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


class ResolutionCode(StrEnum):
    SOLVED = "solved"
    ANSWERED = "answered"
    WORKAROUND = "workaround"
    NOT_REPRODUCIBLE = "not_reproducible"
    DECLINED = "declined"
    NO_CUSTOMER_RESPONSE = "no_customer_response"


class Settled(StrEnum):
    """What the customer said in the end, or that nothing was said in time."""

    CUSTOMER_CONFIRMED = "customer_confirmed"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"


class TransferReason(StrEnum):
    SKILL = "skill"
    LANGUAGE = "language"
    WRONG_CATEGORY = "wrong_category"
    WORKLOAD = "workload"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    CUSTOMER_REQUEST = "customer_request"
    SHIFT_END = "shift_end"


class IllegalTransition(Conflict):
    """The ticket cannot move to that status."""


class AlreadyClaimed(Conflict):
    """Somebody else has the ticket."""


class Owned(Protocol):
    """A ticket, as far as it says who answers for it."""

    @property
    def id(self) -> Any: ...
    @property
    def owner_id(self) -> Any: ...
    @property
    def about_agent_id(self) -> Any: ...


class Ticket(Table):
    __tablename__ = "tickets"
    __table_args__ = (
        # The desk's queues: small however many finished tickets there are, most urgent first.
        _queue_index("ix_tickets_queue", "status"),
        _queue_index("ix_tickets_active"),
        _queue_index("ix_tickets_team", "team_id"),
        _queue_index("ix_tickets_assignee", "assignee_id"),
        _queue_index("ix_tickets_owner", "owner_id"),
        _queue_index(
            "ix_tickets_waiting",
            only="status IN ('waiting_customer', "
            "'waiting_department', 'waiting_third_party', 'on_hold')",
        ),
        _queue_index("ix_tickets_breached", only=f"breached_at IS NOT NULL AND {IS_ACTIVE}"),
        _part_index("ix_tickets_review", "review_at", only=AGREED_WAITING),
        _part_index("ix_tickets_remind", "remind_at", only=WAITS_FOR_CUSTOMER),
        _part_index("ix_tickets_idle", "updated_at", only="status = 'bot'"),
        _part_index("ix_tickets_uncalled", "id", only=NOT_CALLED_BACK),
        Index("ix_tickets_customer", "customer_id", "id"),
        Index("ix_tickets_created_at", "created_at"),
        Index("ix_tickets_resolved_at", "resolved_at"),
    )

    id: Mapped[Key]
    public_token: Mapped[Short] = mapped_column(unique=True)  # what customers' links carry
    kind: Mapped[TicketKind] = mapped_column(default=TicketKind.INQUIRY)
    status: Mapped[Status]
    priority: Mapped[Priority] = mapped_column(default=Priority.NORMAL)
    subject: Mapped[Line]
    category: Mapped[Short | None]
    tags: Mapped[list[str]] = mapped_column(default=list)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what the complaint form asked
    language: Mapped[str] = mapped_column(String(8), default="en")
    channel: Mapped[Short]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    # The first responder: answers to the customer until the ticket is closed, whoever works on it.
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))  # does the next step
    # A complaint about a colleague: neither they nor who works below them have to do with it.
    about_agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    suggested_owner_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    resolution_code: Mapped[ResolutionCode | None]
    score: Mapped[int | None]  # 1–5, the customer's latest answer
    reopen_count: Mapped[int] = mapped_column(default=0)
    transfer_count: Mapped[int] = mapped_column(default=0, server_default="0")
    callback_cycle: Mapped[int] = mapped_column(default=-1)  # the last one with a callback
    message_count: Mapped[int] = mapped_column(default=0)
    event_count: Mapped[int] = mapped_column(default=0)  # the last event's number
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    waiting_since: Mapped[datetime | None]  # the oldest customer message nobody answered
    first_response_at: Mapped[datetime | None]
    next_due_at: Mapped[
        datetime | None
    ]  # the earliest promise not kept yet; none while all of them are paused
    breached_at: Mapped[datetime | None]
    review_at: Mapped[datetime | None]  # while on hold or waiting for a third party
    # The last answer since we last waited for the customer: who asks nothing waits for nothing.
    asked_at: Mapped[datetime | None]
    silent_since: Mapped[datetime | None]  # while it waits for the customer
    remind_at: Mapped[datetime | None]
    reminders: Mapped[int] = mapped_column(default=0, server_default="0")
    policy_version: Mapped[Short | None]  # what it is promised by, as it was when it began
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    stage: Mapped[Short | None]  # of the complaint; None on a complaint: received
    # What keeps it from being resolved; both are counted anew under the ticket's lock.
    open_work_orders: Mapped[int] = mapped_column(default=0, server_default="0")  # that block
    open_promises: Mapped[int] = mapped_column(default=0, server_default="0")
    promised_at: Mapped[datetime | None]  # when the next of those promises falls due
    # Who has said that it is over: whichever comes last closes the ticket.
    signed_off_at: Mapped[datetime | None]  # by whoever answers for it
    confirmed_at: Mapped[datetime | None]  # by the customer
    settled: Mapped[Settled | None]  # how it ended on the customer's side

    @property
    def reference(self) -> str:
        return reference(self.id)

    def check_move(self, status: Status) -> None:
        if status not in MOVES[self.status]:
            raise IllegalTransition(
                code="ticket.cannot_become",
                reference=self.reference,
                status=self.status,
                to=status,
                allowed=sorted(MOVES[self.status]),
            )
