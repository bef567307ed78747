"""What the HTTP toolkit remembers."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Short, Table


class IdempotentAnswer(Table):
    """What was answered to a creating call, so that repeating the call repeats the answer."""

    __tablename__ = "idempotent_answers"

    caller: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[Short]  # SHA-256 of method, path and body
    status: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict)  # Location and ETag
    created_at: Mapped[datetime] = mapped_column(index=True)
