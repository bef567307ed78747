"""Other systems that want to hear what happens here."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Name, Table


class Endpoint(Table):
    __tablename__ = "webhook_endpoints"

    id: Mapped[Key]
    url: Mapped[str] = mapped_column(String(2000))
    description: Mapped[Name] = mapped_column(default="")
    event_kinds: Mapped[list[str]]  # "ticket.claimed", "ticket.*" or "*"
    # {"secret": "whsec_…", "expires_at": null}: the newest first; one that has been replaced
    # signs too until it expires.
    secrets: Mapped[list[dict[str, Any]]]
    active: Mapped[bool] = mapped_column(default=True)
    disabled_reason: Mapped[Name] = mapped_column(default="")
    created_at: Mapped[datetime]
