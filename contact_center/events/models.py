"""The log: every change, who made it and when. Rows are only ever added."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Short, Table


class Event(Table):
    """Events of one ticket are numbered without gaps, in the order of their commits.

    (The ticket's row is locked while its number is taken.) Ids of different tickets may become
    visible out of order on PostgreSQL: a reader of everything looks back a little.
    """

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("ticket_id", "seq"),
        Index("ix_events_at", "at"),
        Index("ix_events_recorded_at", "recorded_at"),
    )

    id: Mapped[Key]
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    seq: Mapped[int | None]  # within the ticket, from 1
    kind: Mapped[Short]  # "ticket.claimed"
    actor: Mapped[str] = mapped_column(String(80))  # "agent:7", "customer:3", "bot", "system"
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)  # identifiers and codes, no texts
    at: Mapped[datetime]
    # When the transaction began, by the database's clock; `at` may be much earlier.
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.current_timestamp())
