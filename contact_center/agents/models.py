"""Staff: who they are, what they may do, and which teams they work in."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Name, Short, Table


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
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    # A change of a version that somebody else has changed meanwhile is refused.
    __mapper_args__ = {"version_id_col": version}


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
