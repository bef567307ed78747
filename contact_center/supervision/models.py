"""Orders to supervise a ticket (督办): somebody other than its owner looks after it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, text  # noqa: TID251  partial indexes
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Table


class Cause(StrEnum):
    TRANSFERS = "transfers"  # passed on three times
    REDO = "redo"  # sent back to be done again, three times
    BREACH = "breach"
    PROMISES = "promises"  # not kept
    RETURNS = "returns"  # departments sent it back
    VIP = "vip"
    SAFETY = "safety"  # a complaint tells of a danger


IS_OPEN = "ended_at IS NULL"


class SupervisionOrder(Table):
    """At most one open order for each cause of a ticket."""

    __tablename__ = "supervision_orders"
    __table_args__ = (
        Index(
            "uq_supervision_orders_open",
            "ticket_id",
            "cause",
            unique=True,
            sqlite_where=text(IS_OPEN),
            postgresql_where=text(IS_OPEN),
        ),
        Index(
            "ix_supervision_orders_board",
            "id",
            sqlite_where=text(IS_OPEN),
            postgresql_where=text(IS_OPEN),
        ),
        Index("ix_supervision_orders_ticket", "ticket_id", "id"),
    )

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    cause: Mapped[Cause]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    opened_at: Mapped[datetime]
    supervisor_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))  # has taken it
    taken_at: Mapped[datetime | None]
    instruction: Mapped[str | None] = mapped_column(Text)
    instructed_at: Mapped[datetime | None]
    explanation: Mapped[str | None] = mapped_column(Text)  # why it was ended
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    ended_at: Mapped[datetime | None]
