"""Work orders: what one team asks of another for a ticket, by when, and what came of it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text, text  # noqa: TID251  partial index
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Line, Short, Table
from contact_center.errors import Conflict


class WorkOrderState(StrEnum):
    ISSUED = "issued"
    SIGNED = "signed"  # the team has taken it on
    IN_PROGRESS = "in_progress"
    EXTENSION_REQUESTED = "extension_requested"
    FINISHED = "finished"  # says the team; the ticket's owner looks whether it is
    REDO = "redo"  # it was not
    VERIFIED = "verified"
    RETURNED = "returned"  # not for this team: somebody decides for whom it is
    CANCELLED = "cancelled"


_S = WorkOrderState
MOVES: dict[WorkOrderState, frozenset[WorkOrderState]] = {
    _S.ISSUED: frozenset({_S.SIGNED, _S.RETURNED, _S.CANCELLED}),
    _S.SIGNED: frozenset({_S.IN_PROGRESS, _S.RETURNED, _S.CANCELLED}),
    _S.IN_PROGRESS: frozenset({_S.EXTENSION_REQUESTED, _S.FINISHED, _S.CANCELLED}),
    _S.EXTENSION_REQUESTED: frozenset({_S.IN_PROGRESS, _S.CANCELLED}),
    _S.FINISHED: frozenset({_S.VERIFIED, _S.REDO, _S.CANCELLED}),
    _S.REDO: frozenset({_S.IN_PROGRESS, _S.CANCELLED}),
    _S.VERIFIED: frozenset({_S.REDO}),  # the customer says that it is not solved after all
    _S.RETURNED: frozenset({_S.ISSUED, _S.CANCELLED}),
    _S.CANCELLED: frozenset(),
}
WITH_TEAM = frozenset({_S.ISSUED, _S.SIGNED, _S.IN_PROGRESS, _S.EXTENSION_REQUESTED, _S.REDO})
AT_WORK = frozenset({_S.SIGNED, _S.IN_PROGRESS, _S.EXTENSION_REQUESTED, _S.REDO})
WITH_COLLEAGUE = AT_WORK | {_S.FINISHED}  # somebody has it, or had: it may be done again
OPEN = frozenset(_S) - {_S.VERIFIED, _S.CANCELLED}

# Of the partial indexes, and of the queries that are to use them.
IS_OPEN = "state <> 'verified' AND state <> 'cancelled'"


class IllegalStep(Conflict):
    """The work order cannot move to that state."""


def reference(order_id: int) -> str:
    """What a work order is called by people."""
    return f"W-{order_id:06d}"


class WorkOrder(Table):
    __tablename__ = "work_orders"
    __table_args__ = (
        Index("ix_work_orders_ticket", "ticket_id", "id"),
        Index(
            "ix_work_orders_team",
            "team_id",
            "finish_due_at",
            "id",
            sqlite_where=text(IS_OPEN),
            postgresql_where=text(IS_OPEN),
        ),
        Index("ix_work_orders_issued_at", "issued_at"),
    )

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    kind: Mapped[Short]  # one of the types in policies.toml
    state: Mapped[WorkOrderState] = mapped_column(default=WorkOrderState.ISSUED)
    task: Mapped[str] = mapped_column(Text)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))  # who signed
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    # While it is open and not waived, the ticket can be neither answered for good nor resolved.
    is_blocking: Mapped[bool] = mapped_column(default=True)
    waived_at: Mapped[datetime | None]
    calendar: Mapped[Short]
    policy_version: Mapped[Short] = mapped_column(default="", server_default="")
    sign_target: Mapped[Short]  # as promised when it was issued: "4bh"
    finish_target: Mapped[Short]
    sign_due_at: Mapped[datetime]  # as its clocks say, to sort by
    finish_due_at: Mapped[datetime]
    issued_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # verified or cancelled
    extension_until: Mapped[datetime | None]
    extension_granted: Mapped[bool | None]
    return_count: Mapped[int] = mapped_column(default=0)
    suggested_team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    redo_count: Mapped[int] = mapped_column(default=0)
    rating: Mapped[int | None]  # 1–5, how content the owner was with the team
    # Of field visits
    is_visit: Mapped[bool] = mapped_column(default=False)
    location: Mapped[Line | None]
    skill: Mapped[Short | None]
    appointment_from: Mapped[datetime | None]
    appointment_until: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    @property
    def reference(self) -> str:
        return reference(self.id)

    @property
    def blocks(self) -> bool:
        return self.is_blocking and self.waived_at is None and self.state in OPEN

    def move(self, state: WorkOrderState) -> None:
        if state not in MOVES[self.state]:
            raise IllegalStep(
                code="work_order.cannot_become",
                reference=self.reference,
                state=self.state,
                to=state,
                allowed=sorted(MOVES[self.state]),
            )
        self.state = state
        self.version += 1


class EntryKind(StrEnum):
    ISSUED = "issued"
    RETURNED = "returned"
    REDIRECTED = "redirected"
    FINISHED = "finished"
    VERIFIED = "verified"
    REDO = "redo"
    EXTENSION_REQUESTED = "extension_requested"
    EXTENSION_GRANTED = "extension_granted"
    EXTENSION_DECLINED = "extension_declined"
    WAIVED = "waived"
    CANCELLED = "cancelled"
    COMMENT = "comment"
    HANDED_ON = "handed_on"


class WorkOrderEntry(Table):
    """What somebody wrote at a step: the log holds no texts. Rows are only ever added."""

    __tablename__ = "work_order_entries"
    __table_args__ = (Index("ix_work_order_entries_order", "work_order_id", "id"),)

    id: Mapped[Key]
    work_order_id: Mapped[int] = mapped_column(ForeignKey("work_orders.id"))
    kind: Mapped[EntryKind]
    text: Mapped[str] = mapped_column(Text)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))  # concerned or suggested
    at: Mapped[datetime]
