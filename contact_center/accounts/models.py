"""Companies that customers belong to."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Name, Table


class Tier(StrEnum):
    A = "A"
    B = "B"
    C = "C"
    NONE = "none"


class Account(Table):
    __tablename__ = "accounts"

    id: Mapped[Key]
    name: Mapped[Name] = mapped_column(unique=True)
    tier: Mapped[Tier] = mapped_column(default=Tier.NONE)
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"), index=True)
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"), index=True)
    specialist_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    # A change of a version that somebody else has changed meanwhile is refused.
    __mapper_args__ = {"version_id_col": version}
