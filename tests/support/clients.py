"""Clients of a running application: strangers, agents who are logged in, other systems."""

from contextlib import AsyncExitStack
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Agent, Role
from contact_center.events.rules import SYSTEM
from contact_center.logins import actions
from contact_center.runtime import Runtime
from contact_center.web.cookies import CSRF_HEADER, cookie_name
from contact_center.web.permissions import Permission


class Browser(TestClient):
    """A client with its own cookies; `agent` is who is logged in with it."""

    agent: Agent


class Browsers:
    def __init__(self, server: TestServer) -> None:
        self._server = server
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> "Browsers":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()

    async def open(self, **options: Any) -> Browser:
        browser = Browser(self._server, **options)
        self._opened.push_async_callback(browser.session.close)
        return browser


class Login:
    def __init__(self, browsers: Browsers, runtime: Runtime) -> None:
        self._browsers = browsers
        self._runtime = runtime
        self._number = 0

    async def __call__(self, role: Role | str = Role.AGENT, **columns: Any) -> Browser:
        now, settings = self._runtime.now(), self._runtime.settings
        self._number += 1
        async with self._runtime.db.begin() as session:
            details = {"email": f"{role}-{self._number}@desk.example"} | columns
            agent = await make_agent(session, role=Role(role), created_at=now, **details)
            cookie, login = await actions.open_session(
                session, agent, user_agent="test", now=now, settings=settings.logins
            )
        browser = await self._browsers.open(
            cookies={cookie_name(settings): cookie}, headers={CSRF_HEADER: login.csrf_token}
        )
        browser.agent = agent
        return browser


class TokenFor:
    def __init__(self, browsers: Browsers, runtime: Runtime) -> None:
        self._browsers = browsers
        self._runtime = runtime

    async def __call__(self, *scopes: Permission) -> Browser:
        async with self._runtime.db.begin() as session:
            secret, _ = await actions.create_token(
                session,
                name="another system",
                scopes=scopes,
                expires_at=None,
                own=frozenset(Permission),
                created_by=None,
                by=SYSTEM,
                now=self._runtime.now(),
            )
        return await self._browsers.open(headers={"Authorization": f"Bearer {secret}"})


async def make_agent(session: AsyncSession, **columns: Any) -> Agent:
    """An agent who cannot log in with a password unless a `password_hash` is given."""
    defaults = {"email": "ann@desk.example", "name": "Ann", "password_hash": "!"}
    agent = Agent(**defaults | columns)
    session.add(agent)
    await session.flush()
    return agent
