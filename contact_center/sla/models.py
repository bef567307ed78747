"""Clocks that run while somebody waits for us."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text  # noqa: TID251  partial index
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Table


class ClockKind(StrEnum):
    FIRST_RESPONSE = "first_response"
    RESOLUTION = "resolution"


class ClockState(StrEnum):
    RUNNING = "running"
    MET = "met"
    BREACHED = "breached"  # it still runs until `stopped_at`, but the promise is broken
    CANCELLED = "cancelled"


_RUNNING = text("state = 'running'")
_STOPPED = text("stopped_at IS NOT NULL")
_BROKEN = text("breached_at IS NOT NULL")


class Clock(Table):
    """A promise of one ticket: met if and only if it was stopped at or before `due_at`."""

    __tablename__ = "clocks"
    __table_args__ = (
        UniqueConstraint("ticket_id", "kind"),
        Index("ix_clocks_due", "due_at", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        Index("ix_clocks_stopped", "stopped_at", sqlite_where=_STOPPED, postgresql_where=_STOPPED),
        Index("ix_clocks_broken", "breached_at", sqlite_where=_BROKEN, postgresql_where=_BROKEN),
    )

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    kind: Mapped[ClockKind]
    state: Mapped[ClockState] = mapped_column(default=ClockState.RUNNING)
    target: Mapped[int]  # seconds
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]  # the due instant, however late it was noticed
