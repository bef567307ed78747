"""The outbox: everything that is to leave, waiting, sent or given up on."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text  # noqa: TID251  partial indexes
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Short, Table


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    LEASED = "leased"  # a relay is sending it
    SENT = "sent"
    DEAD = "dead"  # given up on: a person may retry it
    CANCELLED = "cancelled"


# Of partial indexes, and of the queries that are to use them: with parameters they would not.
IS_UNFINISHED = "status IN ('pending', 'leased')"
IS_DEAD = "status = 'dead'"


class Delivery(Table):
    __tablename__ = "deliveries"
    __table_args__ = (
        Index(
            "ix_deliveries_due",
            "lane",
            "available_at",
            "id",
            sqlite_where=text(IS_UNFINISHED),
            postgresql_where=text(IS_UNFINISHED),
        ),
        Index(
            "ix_deliveries_order",
            "order_key",
            "id",
            sqlite_where=text(IS_UNFINISHED),
            postgresql_where=text(IS_UNFINISHED),
        ),
        Index(
            "ix_deliveries_endpoint",
            "endpoint_id",
            "id",
            sqlite_where=text("endpoint_id IS NOT NULL"),
            postgresql_where=text("endpoint_id IS NOT NULL"),
        ),
        Index(
            "ix_deliveries_dead",
            "id",
            sqlite_where=text(IS_DEAD),
            postgresql_where=text(IS_DEAD),
        ),
    )

    id: Mapped[Key]
    channel: Mapped[Short]
    address: Mapped[str] = mapped_column(String(2000))
    # What hangs holds up its lane only: a channel, or an endpoint.
    lane: Mapped[str] = mapped_column(String(80), server_default="")
    order_key: Mapped[str] = mapped_column(String(400))  # a line: one after another within it
    kind: Mapped[Short]  # "reply", "notice", "survey", "digest", "webhook"
    idempotency_key: Mapped[str] = mapped_column(String(200), unique=True)
    payload: Mapped[dict[str, Any]]  # the fields of channels.base.Outgoing
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    endpoint_id: Mapped[int | None] = mapped_column(
        ForeignKey("webhook_endpoints.id", ondelete="CASCADE")
    )
    status: Mapped[DeliveryStatus] = mapped_column(default=DeliveryStatus.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=12)
    available_at: Mapped[datetime]
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    network_id: Mapped[str | None] = mapped_column(String(400))  # what the network calls it
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
