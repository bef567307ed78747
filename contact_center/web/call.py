"""One request, as a handler sees it."""

from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.errors import Forbidden, Stale, Unauthenticated
from contact_center.runtime import Runtime
from contact_center.web.principal import Principal

RUNTIME = web.AppKey("runtime", Runtime)


@dataclass(slots=True, kw_only=True)
class Call:
    """`session` is the request's one transaction: it is committed after the handler returns.

    Nothing is asked of the database before the first statement, so slow work (a password, a
    file) belongs before it.
    """

    request: web.Request
    runtime: Runtime
    now: datetime
    request_id: str
    caller: Principal | None = None
    headers: dict[str, str] = field(default_factory=dict)  # of the answer
    expected_version: int | None = None  # what If-Match asked for
    transaction: AsyncSession | None = None

    @property
    def session(self) -> AsyncSession:
        if self.transaction is None:
            raise RuntimeError("this route was declared with transaction=False")
        return self.transaction

    @property
    def principal(self) -> Principal:
        if self.caller is None:
            raise Unauthenticated
        return self.caller

    @property
    def agent(self) -> Principal:
        """The person who is logged in; other systems are refused."""
        if not self.principal.is_agent:
            raise Forbidden(code="request.people_only")
        return self.principal

    def show_version(self, version: int) -> None:
        self.headers["ETag"] = f'"{version}"'

    def check_version(self, version: int) -> None:
        """Raises Stale when the caller has seen another version."""
        if self.expected_version is not None and self.expected_version != version:
            raise Stale


CALL = web.RequestKey("call", Call)
