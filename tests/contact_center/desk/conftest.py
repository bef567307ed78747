"""The whole desk on a real server, with an intake behind it."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from contact_center.agents.models import Agent, Role, TeamMember
from contact_center.app import build_app
from contact_center.batching import Batcher
from contact_center.bus import Bus
from contact_center.channels.base import Receipt
from contact_center.channels.dialogue import Step
from contact_center.db import Database
from contact_center.events.rules import agent as agent_actor
from contact_center.intake.actions.taking import Intake
from contact_center.logins.actions import open_session
from contact_center.runtime import Runtime
from contact_center.settings import Settings
from contact_center.storage import LocalStorage
from contact_center.switchboard import Switchboard
from contact_center.texts import load_texts
from contact_center.tickets import actions as tickets
from contact_center.web.passwords import Passwords
from tests.support.calendars import POLICIES, SHIPPED
from tests.support.factories import inbound, make_agent

TEXTS = load_texts(Path("config/texts"))
PASSWORD = "correct horse battery"


@dataclasses.dataclass
class Login:
    """One browser of one agent."""

    agent: Agent
    cookie: str
    csrf: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"cc={self.cookie}", "Accept": "text/html"}

    @property
    def htmx(self) -> dict[str, str]:
        return {**self.headers, "X-CSRF-Token": self.csrf, "HX-Request": "true"}


@dataclasses.dataclass
class Desk:
    runtime: Runtime
    client: TestClient
    url: str = ""

    async def hire(self, name: str, role: Role = Role.AGENT, **fields: Any) -> Login:
        async with self.runtime.db.begin() as session:
            agent = await make_agent(
                session, now=self.runtime.now(), name=name, role=role, **fields
            )
            cookie, login = await open_session(
                session,
                agent,
                user_agent="test",
                now=self.runtime.now(),
                settings=self.runtime.settings.logins,
            )
        return Login(agent, cookie, login.csrf_token)

    async def arrive(self, text: str = "My parcel is late", **fields: Any) -> Receipt:
        """A customer writes."""
        return await self.runtime.inbox.submit(inbound(text, **fields))

    async def claim(self, ticket_id: int, login: Login) -> None:
        async with self.runtime.db.begin() as session:
            by = agent_actor(login.agent.id)
            await tickets.claim(session, ticket_id, by=by, now=self.runtime.now())

    async def join(self, login: Login, team_id: int) -> None:
        async with self.runtime.db.begin() as session:
            session.add(TeamMember(team_id=team_id, agent_id=login.agent.id))

    async def page(self, path: str, login: Login) -> str:
        answer = await self.client.get(path, headers=login.headers)
        assert answer.status == 200, await answer.text()
        return await answer.text()

    async def send(self, path: str, login: Login, **fields: Any) -> tuple[int, str]:
        """A form as htmx sends it."""
        answer = await self.client.post(path, data=fields, headers=login.htmx)
        return answer.status, await answer.text()


def silent(state: Any, turn: Any) -> Step:
    return Step(state={})


def build_runtime(db: Database, bus: Bus, *, now: Callable[[], datetime], files: Path) -> Runtime:
    settings = Settings(secret_key=SecretStr("a secret for tests"), company="Tea & Co")
    intake = Intake(
        policies=POLICIES,
        db=db,
        settings=settings,
        texts=TEXTS,
        routes=Switchboard(),
        dialogue=silent,
        now=now,
    )
    return Runtime(
        settings=settings,
        db=db,
        bus=bus,
        storage=LocalStorage(files),
        texts=TEXTS,
        calendars=SHIPPED,
        policies=POLICIES,
        inbox=Batcher(intake.handle),
        channels={},
        now=now,
        random=Random(7),
    )


@asynccontextmanager
async def taking_in(runtime: Runtime) -> AsyncIterator[None]:
    task = asyncio.create_task(runtime.inbox.run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
async def runtime(database_url: str, clock, tmp_path: Path) -> AsyncIterator[Runtime]:
    bus = Bus()
    db = Database(database_url, on_commit=bus.publish)
    runtime = build_runtime(db, bus, now=clock, files=tmp_path / "files")
    async with taking_in(runtime):
        yield runtime
    await db.dispose()


@pytest.fixture
def app(runtime: Runtime) -> web.Application:
    return build_app(runtime)


@pytest.fixture
async def desk(runtime: Runtime, app: web.Application) -> AsyncIterator[Desk]:
    async with TestClient(TestServer(app)) as client:
        yield Desk(runtime, client)


@pytest.fixture(scope="session")
async def password_hash() -> str:
    passwords = Passwords()
    hashed = await passwords.hash(PASSWORD)
    passwords.close()
    return hashed
