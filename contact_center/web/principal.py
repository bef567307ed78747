"""Who is calling, and the port through which the staff slice tells us."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from aiohttp import web

from contact_center.errors import Forbidden
from contact_center.web.permissions import Permission


class Kind(StrEnum):
    AGENT = "agent"  # a person, logged in with a cookie
    TOKEN = "token"  # noqa: S105  another system


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    kind: Kind
    id: int
    name: str
    permissions: frozenset[Permission]
    role: str | None = None  # an agents.models.Role value
    language: str = "en"
    time_zone: str = "UTC"
    session: str | None = field(default=None, repr=False)  # SHA-256 of the cookie
    csrf_token: str | None = field(default=None, repr=False)

    @property
    def actor(self) -> str:
        """As the log writes it: "agent:7", "token:3"."""
        return f"{self.kind}:{self.id}"

    @property
    def is_agent(self) -> bool:
        return self.kind is Kind.AGENT

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        if permission not in self.permissions:
            raise Forbidden(code="request.permission", permission=permission)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    cookie: str = field(repr=False)
    principal: Principal
    max_age: int  # seconds the browser may keep the cookie


class Authenticator(Protocol):
    async def by_token(self, token: str, *, now: datetime) -> Principal | None:
        """None for a token that is unknown, expired or revoked."""

    async def by_cookie(self, cookie: str, *, now: datetime) -> Principal | None:
        """None for a login that is unknown, expired or ended."""

    async def log_in(
        self, *, email: str, password: str, address: str, user_agent: str, now: datetime
    ) -> LoggedIn:
        """Raises Unauthenticated, TooMany."""


AUTHENTICATOR: web.AppKey[Authenticator] = web.AppKey("authenticator")
