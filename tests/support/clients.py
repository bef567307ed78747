"""Clients of a running application: strangers, agents who are logged in, other systems."""

from contextlib import AsyncExitStack
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from contact_center.agents.models import Agent, Role
from contact_center.events.rules import SYSTEM
from contact_center.logins import actions
from contact_center.runtime import Runtime
from contact_center.web.cookies import CSRF_HEADER, cookie_name
from contact_center.web.permissions import Permission
from tests.support.factories import make_agent


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

    async def __call__(self, role: Role | str = Role.AGENT, **columns: Any) -> Browser:
        now, settings = self._runtime.now(), self._runtime.settings
        async with self._runtime.db.begin() as session:
            agent = await make_agent(session, now=now, role=Role(role), **columns)
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
