"""What became of every message that ever arrived."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text  # noqa: TID251  partial index
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Short, Table


class Outcome(StrEnum):
    TICKETED = "ticketed"  # opened a ticket
    JOINED = "joined"  # continued one
    QUARANTINED = "quarantined"  # kept aside with a reason


class Arrival(Table):
    """One message from outside. Its key is why a message counts once, however often it is sent.

    Received = ticketed + joined + quarantined, always.
    """

    __tablename__ = "arrivals"
    __table_args__ = (Index("ix_arrivals_received_at", "received_at", "outcome"),)

    channel: Mapped[Short] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(String(400), primary_key=True)
    outcome: Mapped[Outcome]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    received_at: Mapped[datetime]


class Quarantined(Table):
    """A message that could not become part of a ticket; leads see why and can try again."""

    __tablename__ = "quarantine"
    __table_args__ = (
        Index(
            "ix_quarantine_waiting",
            "id",
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    channel: Mapped[Short]
    external_id: Mapped[str] = mapped_column(String(400))
    reason: Mapped[str] = mapped_column(Text)
    sender: Mapped[str] = mapped_column(Text)  # as lists show it
    excerpt: Mapped[str] = mapped_column(Text)  # the beginning of the text
    files: Mapped[list[str]]  # keys of attachments
    # The Inbound, or what there was of it: whole, so it may be large. Lists do without.
    payload: Mapped[dict[str, Any]] = mapped_column(deferred=True, deferred_raiseload=True)
    received_at: Mapped[datetime]
    released_at: Mapped[datetime | None]  # or discarded, where there is a reason for that
    released_by: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    discard_reason: Mapped[str | None] = mapped_column(Text)
