"""How agents and other systems prove who they are."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Name, Short, Table


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
