"""What somebody has promised a customer, by when, and whether it was kept."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text, text  # noqa: TID251  partial index
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Table


class PromiseState(StrEnum):
    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"
    RENEGOTIATED = "renegotiated"  # another has taken its place, and the customer was told
    CANCELLED = "cancelled"


IS_OPEN = "state = 'open'"


class Promise(Table):
    """Kept if and only if that was said at or before `due_at`."""

    __tablename__ = "promises"
    __table_args__ = (
        Index("ix_promises_ticket", "ticket_id", "id"),
        Index(
            "ix_promises_due", "due_at", sqlite_where=text(IS_OPEN), postgresql_where=text(IS_OPEN)
        ),
        Index("ix_promises_promised_by", "promised_by_id", "due_at"),
    )

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    text: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime]
    promised_by_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))  # where it was said
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("promises.id"))  # in whose place
    state: Mapped[PromiseState] = mapped_column(default=PromiseState.OPEN)
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # a broken one: when it fell due
