"""Other systems that want to hear what happens here."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Name, Table


class Endpoint(Table):
    __tablename__ = "webhook_endpoints"

    id: Mapped[Key]
    url: Mapped[str] = mapped_column(String(2000))
    description: Mapped[Name] = mapped_column(default="")
    event_kinds: Mapped[list[str]]  # "ticket.claimed", "ticket.*" or "*"
    secrets: Mapped[list[str]]  # "whsec_…": the newest first; old ones sign too while rotating
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
