"""Complaints: the process on top of a ticket, what was decided, and what is done about it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text  # noqa: TID251  partial index
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Name, Short, Table
from contact_center.tickets.models import Ticket


class Stage(StrEnum):
    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"  # the customer knows who, what next, and when
    ASSESSED = "assessed"
    INVESTIGATING = "investigating"
    DECISION_READY = "decision_ready"
    RESPONDED = "responded"
    ACCEPTED = "accepted"
    REJECTED_BY_CUSTOMER = "rejected_by_customer"
    SILENT = "silent"  # asked, and no answer: shown apart, never counted as accepted
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


MOVES: dict[Stage, frozenset[Stage]] = {
    Stage.RECEIVED: frozenset({Stage.ACKNOWLEDGED, Stage.WITHDRAWN}),
    # Accepted before there is a response: only while that is early (see Complaint.is_early).
    Stage.ACKNOWLEDGED: frozenset({Stage.ASSESSED, Stage.ACCEPTED, Stage.WITHDRAWN}),
    Stage.ASSESSED: frozenset(
        {Stage.INVESTIGATING, Stage.DECISION_READY, Stage.ACCEPTED, Stage.WITHDRAWN}
    ),
    Stage.INVESTIGATING: frozenset({Stage.DECISION_READY, Stage.ACCEPTED, Stage.WITHDRAWN}),
    Stage.DECISION_READY: frozenset(
        {Stage.RESPONDED, Stage.INVESTIGATING, Stage.ACCEPTED, Stage.WITHDRAWN}
    ),
    Stage.RESPONDED: frozenset(
        {Stage.ACCEPTED, Stage.REJECTED_BY_CUSTOMER, Stage.SILENT, Stage.WITHDRAWN}
    ),
    # What was said once may be said otherwise, until it is closed; without a response the work
    # goes on where it was acknowledged.
    Stage.ACCEPTED: frozenset({Stage.CLOSED, Stage.REJECTED_BY_CUSTOMER, Stage.ACKNOWLEDGED}),
    Stage.REJECTED_BY_CUSTOMER: frozenset(
        {Stage.INVESTIGATING, Stage.ACCEPTED, Stage.CLOSED, Stage.WITHDRAWN}
    ),
    Stage.SILENT: frozenset(
        {Stage.ACCEPTED, Stage.REJECTED_BY_CUSTOMER, Stage.WITHDRAWN, Stage.CLOSED}
    ),
    Stage.WITHDRAWN: frozenset({Stage.CLOSED}),
    Stage.CLOSED: frozenset(),
}
# Nothing has been decided for the customer yet.
UNDECIDED = frozenset(
    {
        Stage.RECEIVED,
        Stage.ACKNOWLEDGED,
        Stage.ASSESSED,
        Stage.INVESTIGATING,
        Stage.DECISION_READY,
    }
)
ANSWERED = frozenset({Stage.RESPONDED, Stage.ACCEPTED, Stage.REJECTED_BY_CUSTOMER, Stage.SILENT})
OVER = frozenset({Stage.WITHDRAWN, Stage.CLOSED})

LEVELS = 2  # the decision, and one review of it
UNSAFE = 2  # from this safety on a supervisor is told at once


class Outcome(StrEnum):
    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    REJECTED = "rejected"


class EvidenceKind(StrEnum):
    MESSAGE = "message"
    DOCUMENT = "document"
    STATEMENT = "statement"
    OBSERVATION = "observation"


class RedressKind(StrEnum):
    REFUND = "refund"
    COMPENSATION = "compensation"
    DISCOUNT = "discount"
    REPLACEMENT = "replacement"
    REPAIR = "repair"
    APOLOGY = "apology"
    OTHER = "other"


class RedressState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    PROVIDED = "provided"
    WITHDRAWN = "withdrawn"  # nobody gives it any more


class RedressEnd(StrEnum):
    """Why redress that was proposed or granted is not given."""

    DECIDED = "decided"  # by a person, who says why
    COMPLAINT_WITHDRAWN = "complaint_withdrawn"
    NO_COMPLAINT = "no_complaint"
    NOT_ACCEPTED = "not_accepted"
    MERGED = "merged"  # into a complaint that has been answered


GRANTED = frozenset({RedressState.APPROVED, RedressState.PROVIDED})
PENDING = frozenset({RedressState.PROPOSED, RedressState.APPROVED})
LIVE = GRANTED | PENDING
REDRESS_MOVES: dict[RedressState, frozenset[RedressState]] = {
    RedressState.PROPOSED: frozenset(
        {RedressState.APPROVED, RedressState.REFUSED, RedressState.WITHDRAWN}
    ),
    RedressState.APPROVED: frozenset({RedressState.PROVIDED, RedressState.WITHDRAWN}),
    RedressState.REFUSED: frozenset(),
    RedressState.PROVIDED: frozenset(),
    RedressState.WITHDRAWN: frozenset(),
}


class ActionState(StrEnum):
    """Plan, do, check, act."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DONE = "done"
    CHECKED = "checked"
    CLOSED = "closed"


ACTION_MOVES: dict[ActionState, ActionState | None] = {
    ActionState.PROPOSED: ActionState.APPROVED,
    ActionState.APPROVED: ActionState.DONE,
    ActionState.DONE: ActionState.CHECKED,
    ActionState.CHECKED: ActionState.CLOSED,
    ActionState.CLOSED: None,
}

_UNFINISHED = text("stage <> 'closed' AND downgraded_at IS NULL")


class Complaint(Table):
    """One to one with its ticket, whose lock guards this row and all that hangs on it."""

    __tablename__ = "complaints"
    __table_args__ = (
        Index("ix_complaints_received_at", "received_at"),
        Index(
            "ix_complaints_unfinished",
            "stage",
            "ticket_id",
            sqlite_where=_UNFINISHED,
            postgresql_where=_UNFINISHED,
        ),
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    stage: Mapped[Stage] = mapped_column(default=Stage.RECEIVED)
    level: Mapped[int] = mapped_column(default=1)  # 2 while, and after, it is reviewed
    preset: Mapped[Short]  # whose required contents hold, and whose targets
    remedy_requested: Mapped[str] = mapped_column(Text, default="")  # empty: unknown
    received_at: Mapped[datetime]
    summary_due_at: Mapped[datetime | None]  # accepted until then: a summary letter is enough
    summary_contents: Mapped[list[str] | None]  # of that letter, by the preset; none: not owed
    summary_message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    summary_sent_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    next_step: Mapped[str] = mapped_column(Text, default="")
    next_at: Mapped[datetime | None]  # when the customer hears from us next
    severity: Mapped[int | None]  # each of these from 0 to 3
    safety: Mapped[int | None]
    complexity: Mapped[int | None]
    impact: Mapped[int | None]
    urgency: Mapped[int | None]
    assessed_at: Mapped[datetime | None]
    handler_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))  # investigates
    root_cause: Mapped[Short | None]
    findings: Mapped[str] = mapped_column(Text, default="")
    responded_at: Mapped[datetime | None]  # first
    answered_at: Mapped[datetime | None]  # the customer said yes or no, latest
    answer_channel: Mapped[Short | None]
    answer_quote: Mapped[str] = mapped_column(Text, default="")
    informed_internal_at: Mapped[datetime | None]  # of a review by somebody else
    informed_external_at: Mapped[datetime | None]  # of bodies outside this company
    review_declined_at: Mapped[datetime | None]
    external_body: Mapped[Name | None]  # where the customer has taken it
    external_reference: Mapped[Name | None]
    external_at: Mapped[datetime | None]
    extended_to: Mapped[datetime | None]
    extension_reason: Mapped[str] = mapped_column(Text, default="")
    withdrawn_at: Mapped[datetime | None]
    downgraded_at: Mapped[datetime | None]  # it was no complaint after all
    downgrade_reason: Mapped[str] = mapped_column(Text, default="")
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(80))
    close_reason: Mapped[Short | None]  # the stage it was closed from
    keep_until: Mapped[datetime | None]  # counted from the receipt
    legal_hold_at: Mapped[datetime | None]  # kept beyond that, until the hold is lifted
    legal_hold_by: Mapped[str | None] = mapped_column(String(80))  # an actor
    legal_hold_reason: Mapped[str] = mapped_column(Text, default="", server_default="")

    @property
    def knows_bodies(self) -> bool:
        """Told of bodies outside with the response or later: a holding letter decides nothing."""
        at = self.informed_external_at
        return at is not None and (self.responded_at is None or at >= self.responded_at)

    @property
    def is_summary(self) -> bool:
        """Accepted so early that a summary letter takes the place of a final response."""
        is_accepted = Stage.ACCEPTED in (self.stage, self.close_reason)
        return is_accepted and self.answered_at is not None and self.is_early(self.answered_at)

    @property
    def owes_summary(self) -> bool:
        return self.is_summary and bool(self.summary_contents) and self.summary_sent_at is None

    def is_early(self, at: datetime) -> bool:
        """Whether a customer who accepts now needs no final response."""
        return self.summary_due_at is not None and at <= self.summary_due_at


class Evidence(Table):
    __tablename__ = "complaint_evidence"

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("complaints.ticket_id"), index=True)
    kind: Mapped[EvidenceKind]
    text: Mapped[str] = mapped_column(Text)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    added_by: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]


class Decision(Table):
    """One for each level; a review leaves the first as it was."""

    __tablename__ = "complaint_decisions"
    __table_args__ = (UniqueConstraint("ticket_id", "level"),)

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("complaints.ticket_id"))
    level: Mapped[int]
    outcome: Mapped[Outcome]
    reasons: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    decided_at: Mapped[datetime]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    approved_at: Mapped[datetime | None]
    contents: Mapped[list[str]] = mapped_column(default=list)  # what was ticked before sending
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))  # the response
    sent_by: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    sent_at: Mapped[datetime | None]


class RedressItem(Table):
    __tablename__ = "redress_items"

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("complaints.ticket_id"), index=True)
    kind: Mapped[RedressKind]
    amount: Mapped[int] = mapped_column(default=0)  # hundredths of the currency's unit
    description: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[RedressState] = mapped_column(default=RedressState.PROPOSED)
    proposed_by: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    provided_by: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    provided_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(80))  # an actor
    withdrawn_cause: Mapped[RedressEnd | None]
    withdrawn_reason: Mapped[str] = mapped_column(Text, default="", server_default="")


class CorrectiveAction(Table):
    """What keeps it from happening again; it lives on when the complaint is closed."""

    __tablename__ = "corrective_actions"
    __table_args__ = (Index("ix_corrective_actions_state", "state", "due_at", "id"),)

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("complaints.ticket_id"), index=True)
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("corrective_actions.id"))
    cycle: Mapped[int] = mapped_column(default=1)
    state: Mapped[ActionState] = mapped_column(default=ActionState.PROPOSED)
    cause: Mapped[str] = mapped_column(Text)
    plan: Mapped[str] = mapped_column(Text)
    measure: Mapped[str] = mapped_column(Text)  # by what the check is made, and from what baseline
    owner_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    due_at: Mapped[datetime]
    proposed_by: Mapped[str] = mapped_column(String(80))  # an actor
    created_at: Mapped[datetime]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    approved_at: Mapped[datetime | None]
    done_by: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    done_at: Mapped[datetime | None]
    done_note: Mapped[str] = mapped_column(Text, default="")
    checked_by: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    checked_at: Mapped[datetime | None]
    effective: Mapped[bool | None]
    result: Mapped[str] = mapped_column(Text, default="")
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    closed_at: Mapped[datetime | None]


class PastComplaint(Table):
    """What remains of a deleted file: nothing that leads to a customer, an agent or a ticket."""

    __tablename__ = "past_complaints"

    id: Mapped[Key]
    month: Mapped[Short]  # of the receipt: "2026-03"
    channel: Mapped[Short]
    category: Mapped[Short | None]
    preset: Mapped[Short]
    level: Mapped[int]
    close_reason: Mapped[Short | None]
    outcome: Mapped[Outcome | None]
    root_cause: Mapped[Short | None]
    safety: Mapped[int | None]
    external: Mapped[bool]  # taken to a body outside
    granted: Mapped[int]  # hundredths of the currency's unit
    answered_in: Mapped[int | None]  # days


@dataclass(slots=True, kw_only=True)
class Case:
    """A complaint with all that decides about its next step."""

    ticket: Ticket
    complaint: Complaint
    decisions: dict[int, Decision] = field(default_factory=dict)  # by level
    redress: Sequence[RedressItem] = ()
    evidence: int = 0  # pieces
    asked: Sequence[str] = ()  # contents of the response, by the preset

    @property
    def decision(self) -> Decision | None:
        """Of the level it stands at."""
        return self.decisions.get(self.complaint.level)

    @property
    def granted(self) -> int:
        return total(self.redress, GRANTED)

    @property
    def live(self) -> int:
        """What is proposed or granted."""
        return total(self.redress, LIVE)


def total(items: Collection[RedressItem], states: Collection[RedressState]) -> int:
    return sum(item.amount for item in items if item.state in states)
