"""Staff: who they are, what they may do, and which teams they work in."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    false,
    text,  # noqa: TID251  partial index
)
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Name, Short, Table
from contact_center.errors import Conflict

IS_UNTOLD = "told_at IS NULL"


class Role(StrEnum):
    AGENT = "agent"
    LEAD = "lead"
    MANAGER = "manager"
    ADMIN = "admin"


class Presence(StrEnum):
    """The state of an agent's shift."""

    ONLINE = "online"
    AWAY = "away"
    OFFLINE = "offline"


class Agent(Table):
    __tablename__ = "agents"

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[Name]
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(default=Role.AGENT)
    presence: Mapped[Presence] = mapped_column(default=Presence.OFFLINE)
    capacity: Mapped[int] = mapped_column(default=20)  # open tickets at once
    skills: Mapped[list[str]] = mapped_column(default=list)
    languages: Mapped[list[str]] = mapped_column(default=list)
    language: Mapped[str] = mapped_column(String(8), default="en")  # of the desk
    time_zone: Mapped[Short] = mapped_column(default="UTC")
    telegram_id: Mapped[str | None] = mapped_column(String(32), unique=True)
    digest_hour: Mapped[int | None]  # local; None: no digest
    # Stands in whenever the agent is absent, unless the absence names somebody else.
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    # A change of a version that somebody else has changed meanwhile is refused.
    __mapper_args__ = {"version_id_col": version}


class Absence(Table):
    """Planned; who stands in meanwhile is never stored, so all returns by itself when it ends."""

    __tablename__ = "absences"
    __table_args__ = (
        Index("ix_absences_ends_at", "ends_at"),
        Index("ix_absences_agent", "agent_id", "ends_at"),
        Index(
            "ix_absences_untold",
            "starts_at",
            sqlite_where=text(IS_UNTOLD),
            postgresql_where=text(IS_UNTOLD),
        ),
    )

    id: Mapped[Key]
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))  # None: the usual one
    reason: Mapped[Name] = mapped_column(default="")
    created_at: Mapped[datetime]
    told_at: Mapped[datetime | None]  # its deputy, when it began


class Team(Table):
    __tablename__ = "teams"

    id: Mapped[Key]
    name: Mapped[Name] = mapped_column(unique=True)
    telegram_chat: Mapped[str | None] = mapped_column(String(32))  # new tickets are announced here
    # Its tickets are offered to one member after the other; otherwise members take them.
    push: Mapped[bool] = mapped_column(default=False, server_default=false())
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}


class TeamMember(Table):
    __tablename__ = "team_members"

    team_id: Mapped[int] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True
    )
    agent_id: Mapped[int] = mapped_column(
        ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Absent(Conflict):
    """Somebody is absent: choose who stands in for them."""


def acting(
    agent_id: int, *, absent: Mapping[int, int | None], deputies: Mapping[int, int | None]
) -> int | None:
    """Who acts for an agent at one moment; None where nobody is left.

    `absent` are those who are not here with the deputies their absences name, `deputies` the usual
    ones of everybody who works here. Who has left has nobody but their usual deputy.
    """
    seen: set[int] = set()
    one: int | None = agent_id
    while one is not None and one not in seen:
        if one in deputies and one not in absent:
            return one
        seen.add(one)
        one = absent.get(one) or deputies.get(one)
    return None


RANKS: Mapping[Role, int] = {role: rank for rank, role in enumerate(Role)}


def is_subordinate(role: Role, *, to: Role, share_team: bool) -> bool:
    """Whoever leads a team has its agents below them, not its other leads."""
    return share_team and to is not Role.AGENT and RANKS[role] < RANKS[to]
