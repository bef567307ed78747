"""One thread of talk on one channel: where answers go, and where its dialogue stands."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Short, Table


class Conversation(Table):
    """A chat, a visitor's window, or a mail thread; it talks about one ticket at a time."""

    __tablename__ = "conversations"
    __table_args__ = (UniqueConstraint("channel", "thread"),)

    id: Mapped[Key]
    channel: Mapped[Short]
    thread: Mapped[str] = mapped_column(String(400))
    address: Mapped[str] = mapped_column(String(320))  # where answers are sent
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    identity_id: Mapped[int] = mapped_column(ForeignKey("identities.id"), index=True)
    # The ticket a new message joins. Tickets point back: a circle of keys has no order to be
    # created in, so this side goes without a constraint.
    ticket_id: Mapped[int | None] = mapped_column(index=True)
    language: Mapped[str] = mapped_column(String(8), default="en")
    dialogue: Mapped[dict[str, Any]] = mapped_column(default=dict)  # bots.dialogs' own state
    customer_read_id: Mapped[int] = mapped_column(default=0)  # the last message he has seen
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
