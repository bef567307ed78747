"""What agents need not write twice."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Name, Short, Table


class CannedReply(Table):
    __tablename__ = "canned_replies"

    id: Mapped[Key]
    shortcut: Mapped[Short] = mapped_column(unique=True)  # typed after "/" in the reply box
    title: Mapped[Name]
    text: Mapped[str] = mapped_column(Text)  # {customer}, {agent} and {reference} are filled in
    language: Mapped[str] = mapped_column(String(8), default="en")
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    # A change of a version that somebody else has changed meanwhile is refused.
    __mapper_args__ = {"version_id_col": version}
