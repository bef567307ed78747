"""What agents and leads are told: at the desk, by mail, in Telegram."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,  # noqa: TID251  partial indexes
)
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Short, Table

# Of partial indexes, and of the queries that are to use them.
IS_UNREAD = "read_at IS NULL"
IS_UNSENT = "sent_at IS NULL"


class Alert(Table):
    """One thing one agent is told once, however often it is said: `key` tells what it is."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("agent_id", "key"),
        Index("ix_alerts_newest", "agent_id", "id"),
        Index(
            "ix_alerts_unread",
            "agent_id",
            sqlite_where=text(IS_UNREAD),
            postgresql_where=text(IS_UNREAD),
        ),
        Index(
            "ix_alerts_unsent",
            "id",
            sqlite_where=text(IS_UNSENT),
            postgresql_where=text(IS_UNSENT),
        ),
    )

    id: Mapped[Key]
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    kind: Mapped[Short]  # "handover.requested"; its words are `alert.<kind>`
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # codes, ids of agents, moments
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    key: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]  # handed to mail and Telegram, or read before that
    read_at: Mapped[datetime | None]
