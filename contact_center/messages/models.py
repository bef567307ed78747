"""What was said on tickets, and the files that came with it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Name, Short, Table


class Direction(StrEnum):
    IN = "in"
    OUT = "out"
    NOTE = "note"  # never leaves the desk


class Author(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    SYSTEM = "system"


class Message(Table):
    """Something said on a ticket; the text is kept as it came."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("channel", "external_id"),
        Index("ix_messages_ticket", "ticket_id", "id"),
        Index("ix_messages_conversation", "conversation_id", "id"),
    )

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id"))
    direction: Mapped[Direction]
    author: Mapped[Author]
    author_id: Mapped[int | None]  # an agent or a customer, by `author`
    sender: Mapped[str | None] = mapped_column(String(320))  # where not the customer
    channel: Mapped[Short]
    external_id: Mapped[str | None] = mapped_column(String(400))
    text: Mapped[str] = mapped_column(Text)
    original: Mapped[str | None] = mapped_column(Text)  # with the quotes, where they were cut
    buttons: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    has_attachments: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class Attachment(Table):
    __tablename__ = "attachments"

    id: Mapped[Key]
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), index=True)
    storage_key: Mapped[Short] = mapped_column(unique=True)
    name: Mapped[Name]
    content_type: Mapped[Name]
    size: Mapped[int]  # bytes
    sha256: Mapped[Short]
    created_at: Mapped[datetime]


class ReadMark(Table):
    """How far an agent has read a ticket."""

    __tablename__ = "read_marks"

    agent_id: Mapped[int] = mapped_column(
        ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True
    )
    ticket_id: Mapped[int] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True
    )
    message_id: Mapped[int]
