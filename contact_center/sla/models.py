"""Clocks that run while somebody waits for us, and the versions of what they run by."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,  # noqa: TID251  partial indexes
)
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Short, Table


class ClockKind(StrEnum):
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"
    ACKNOWLEDGEMENT = "acknowledgement"
    STATUS_UPDATE = "status_update"
    SIGN_FOR = "sign_for"
    FINISH = "finish"
    FINAL_RESPONSE = "final_response"


class ClockState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"  # it is still owed until `stopped_at`, but the promise is broken
    CANCELLED = "cancelled"


ANSWERS = frozenset({ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE})
# What ends when the ticket is resolved; others have an end of their own.
OF_THE_TICKET = ANSWERS | {ClockKind.RESOLUTION, ClockKind.STATUS_UPDATE}
# What a policy starts when a ticket begins to need a human.
FROM_THE_START = (
    ClockKind.FIRST_RESPONSE,
    ClockKind.RESOLUTION,
    ClockKind.ACKNOWLEDGEMENT,
    ClockKind.STATUS_UPDATE,
    ClockKind.FINAL_RESPONSE,
)
OF_POLICIES = frozenset({*FROM_THE_START, ClockKind.NEXT_RESPONSE})

# What a department has promised, not we: it says nothing about how the customer is served.
OF_WORK_ORDERS = frozenset({ClockKind.SIGN_FOR, ClockKind.FINISH})

ROUND_THE_CLOCK = "24x7"


def _part_index(name: str, *columns: str, only: str, unique: bool = False) -> Index:
    where = text(only)
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


class Clock(Table):
    """A promise of one ticket: met if and only if it was stopped at or before `due_at`.

    Only `sla.actions` changes it: `sla.rules` says how, and the log keeps every change.
    """

    __tablename__ = "clocks"
    __table_args__ = (
        UniqueConstraint("ticket_id", "kind", "ref_id", "attempt"),
        _part_index("ix_clocks_due", "due_at", "id", only="state = 'running'"),
        _part_index("ix_clocks_stopped", "stopped_at", only="stopped_at IS NOT NULL"),
        _part_index("ix_clocks_broken", "breached_at", only="breached_at IS NOT NULL"),
        _part_index("ix_clocks_stopped_by", "stopped_by", only="stopped_by IS NOT NULL"),
        _part_index("ix_clocks_rung", "next_rung_at", "id", only="next_rung_at IS NOT NULL"),
        _part_index(
            "ix_clocks_unanswered",
            "ticket_id",
            only="kind = 'next_response' AND stopped_at IS NULL AND state <> 'cancelled'",
            unique=True,
        ),
    )

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    kind: Mapped[ClockKind]
    ref_id: Mapped[int] = mapped_column(default=0, server_default="0")  # 0: the ticket itself
    attempt: Mapped[int] = mapped_column(default=0, server_default="0")  # of work done again
    state: Mapped[ClockState] = mapped_column(default=ClockState.RUNNING)
    goal: Mapped[Short] = mapped_column(default="", server_default="")  # "4bh", "3wd"
    target: Mapped[int]  # seconds of the time it is measured in
    calendar: Mapped[Short] = mapped_column(default=ROUND_THE_CLOCK, server_default=ROUND_THE_CLOCK)
    calendar_version: Mapped[Short] = mapped_column(default="", server_default="")
    rule: Mapped[Short] = mapped_column(default="", server_default="")  # how its days are counted
    pauses: Mapped[Short] = mapped_column(default="", server_default="")  # in which statuses
    started_at: Mapped[datetime]
    consumed: Mapped[int] = mapped_column(default=0, server_default="0")  # before `running_since`
    running_since: Mapped[datetime | None]
    due_at: Mapped[datetime | None]  # when we want to be done; None while paused
    legal_due_at: Mapped[datetime | None]
    provisional: Mapped[bool] = mapped_column(default=False, server_default=false())
    stopped_at: Mapped[datetime | None]  # done, or called off
    stopped_by: Mapped[int | None]  # the answer that stopped it, as long as it counts as delivered
    breached_at: Mapped[datetime | None]  # the due instant, however late it was noticed
    breach_cause: Mapped[str | None] = mapped_column(String(32))
    met_first: Mapped[bool | None]  # the first outcome, and the latest: it may be opened again
    met_final: Mapped[bool | None]
    policy: Mapped[Short] = mapped_column(default="", server_default="")
    policy_version: Mapped[Short] = mapped_column(default="", server_default="")
    rung: Mapped[int] = mapped_column(default=0, server_default="0")  # of the ladder: the last
    next_rung_at: Mapped[datetime | None]

    @property
    def is_owed(self) -> bool:
        """Still to be kept, or broken and not yet done."""
        return self.stopped_at is None and self.state is not ClockState.CANCELLED


class PolicyVersion(Table):
    """All policies as they were: a ticket keeps those it started with."""

    __tablename__ = "policy_versions"

    digest: Mapped[Short] = mapped_column(primary_key=True)
    definition: Mapped[str] = mapped_column(Text)
    effective_from: Mapped[datetime]


class CalendarVersion(Table):
    """One calendar as it was from an instant on; clocks keep what they consumed before it."""

    __tablename__ = "calendar_versions"

    name: Mapped[Short] = mapped_column(primary_key=True)
    effective_from: Mapped[datetime] = mapped_column(primary_key=True)
    digest: Mapped[Short]  # an edit may be taken back: then it is that of an earlier version
    definition: Mapped[str] = mapped_column(Text)
