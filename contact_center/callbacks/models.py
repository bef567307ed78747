"""Asking the customer whether it is really solved."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text  # noqa: TID251  partial index
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Table


class CallbackState(StrEnum):
    PLANNED = "planned"
    ASKED = "asked"
    COMPLETED = "completed"
    EXPIRED = "expired"  # asked, and no answer within the window
    UNREACHABLE = "unreachable"  # the question never reached the customer
    CANCELLED = "cancelled"  # the ticket was reopened or merged before


IS_ACTIVE = "state IN ('planned', 'asked')"


class Callback(Table):
    """One question per resolution of a ticket."""

    __tablename__ = "callbacks"
    __table_args__ = (
        UniqueConstraint("ticket_id", "cycle"),
        Index(
            "ix_callbacks_due",
            "due_at",
            sqlite_where=text(IS_ACTIVE),
            postgresql_where=text(IS_ACTIVE),
        ),
        Index("ix_callbacks_ended_at", "ended_at"),
    )

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    cycle: Mapped[int]  # the ticket's reopen count when it was resolved
    state: Mapped[CallbackState] = mapped_column(default=CallbackState.PLANNED)
    due_at: Mapped[datetime]  # when to ask; once asked, when the window ends
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))  # the question
    asked_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # in whichever way; reports count it there
    solved: Mapped[bool | None]
    score: Mapped[int | None]  # 1–5
    comment: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
