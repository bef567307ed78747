"""What has been told of a clock that ran out: one row for each rung of its ladder."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ForeignKey,
    Index,
    UniqueConstraint,
    text,  # noqa: TID251  partial index
)
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Short, Table


class EscalationState(StrEnum):
    FIRED = "fired"
    SKIPPED_COALESCED = "skipped_coalesced"  # a higher one was passed before anybody looked
    SKIPPED_EXPLAINED = "skipped_explained"  # a lead has said why it is late


IN_A_DIGEST = "in_digest"


class Escalation(Table):
    """Rungs are counted from 1; `name` is what the ladder called it then."""

    __tablename__ = "escalations"
    __table_args__ = (
        UniqueConstraint("clock_id", "rung"),
        Index("ix_escalations_ticket", "ticket_id", "id"),
        Index(
            "ix_escalations_digest",
            "fired_at",
            sqlite_where=text(IN_A_DIGEST),
            postgresql_where=text(IN_A_DIGEST),
        ),
    )

    id: Mapped[Key]
    clock_id: Mapped[int] = mapped_column(ForeignKey("clocks.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    rung: Mapped[int]
    name: Mapped[Short]
    state: Mapped[EscalationState]
    crossed_at: Mapped[datetime]  # when the clock got there, however late that was noticed
    fired_at: Mapped[datetime]  # when it was noticed
    told: Mapped[list[int]] = mapped_column(default=list)  # agents
    in_digest: Mapped[bool] = mapped_column(default=False)
