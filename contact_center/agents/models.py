"""Staff: who they are, what they may do, which teams they work in, and how they log in."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String
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
    created_at: Mapped[datetime]


class Team(Table):
    __tablename__ = "teams"

    id: Mapped[Key]
    name: Mapped[Name] = mapped_column(unique=True)
    telegram_chat: Mapped[str | None] = mapped_column(String(32))  # new tickets are announced here
    created_at: Mapped[datetime]


class TeamMember(Table):
    __tablename__ = "team_members"

    team_id: Mapped[int] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True
    )
    agent_id: Mapped[int] = mapped_column(
        ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class LoginSession(Table):
    """One browser an agent is logged in with; deleting the row logs it out."""

    __tablename__ = "login_sessions"

    id_hash: Mapped[Short] = mapped_column(primary_key=True)  # SHA-256 of the cookie
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    csrf_token: Mapped[Short]
    user_agent: Mapped[Name] = mapped_column(default="")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ApiToken(Table):
    """Lets another system in, within its scopes; the secret itself is shown once and not kept."""

    __tablename__ = "api_tokens"

    id: Mapped[Key]
    name: Mapped[Name]
    secret_hash: Mapped[Short] = mapped_column(unique=True)  # SHA-256
    scopes: Mapped[list[str]]  # values of web.permissions.Permission
    created_by: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
