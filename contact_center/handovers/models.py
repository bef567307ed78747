"""Requests to hand something over: the next step of a ticket, or accountability for it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, text  # noqa: TID251  partial indexes
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Table
from contact_center.tickets.models import TransferReason


class HandoverKind(StrEnum):
    TRANSFER = "transfer"  # of the next step: the owner stays accountable
    OWNERSHIP = "ownership"  # of accountability, for good


class HandoverState(StrEnum):
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"  # not accepted in time
    WITHDRAWN = "withdrawn"


IS_OPEN = "state = 'requested'"


class Handover(Table):
    """Until it is accepted nothing changes hands: declined or expired, it stays with the sender."""

    __tablename__ = "handovers"
    __table_args__ = (
        Index(
            "uq_handovers_open",
            "ticket_id",
            "kind",
            unique=True,
            sqlite_where=text(IS_OPEN),
            postgresql_where=text(IS_OPEN),
        ),
        Index(
            "ix_handovers_inbox",
            "receiver_id",
            "id",
            sqlite_where=text(IS_OPEN),
            postgresql_where=text(IS_OPEN),
        ),
        Index(
            "ix_handovers_sent",
            "sender_id",
            "id",
            sqlite_where=text(IS_OPEN),
            postgresql_where=text(IS_OPEN),
        ),
        Index(
            "ix_handovers_expiring",
            "expires_at",
            sqlite_where=text(IS_OPEN),
            postgresql_where=text(IS_OPEN),
        ),
        Index("ix_handovers_ticket", "ticket_id", "id"),
    )

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    kind: Mapped[HandoverKind]
    state: Mapped[HandoverState] = mapped_column(default=HandoverState.REQUESTED)
    sender_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))  # has it until then
    receiver_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    asked_by: Mapped[str] = mapped_column(String(80))  # an actor
    reason: Mapped[TransferReason]
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(Text, default="")  # why it was declined
