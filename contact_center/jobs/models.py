"""Which node does what, when every node could."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Short, Table


class JobRun(Table):
    """One slot of a job that must run once in the whole fleet."""

    __tablename__ = "job_runs"

    job: Mapped[Short] = mapped_column(primary_key=True)
    slot: Mapped[Short] = mapped_column(primary_key=True)  # "2026-11-21", "2026-11-21T09:00Z"
    owner: Mapped[str] = mapped_column(String(80))
    lease_until: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Lease(Table):
    """Something only one node may do at a time: poll a bot, read a mailbox."""

    __tablename__ = "leases"

    name: Mapped[Short] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(80))
    until: Mapped[datetime]
