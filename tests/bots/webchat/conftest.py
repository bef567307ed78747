"""The chat on a real server, over a real database."""

import asyncio
import contextlib
import json
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bots.dialogs.talk import build_dialogue
from bots.webchat.channel import WebchatChannel
from bots.webchat.routes import setup
from contact_center.agents.models import Agent
from contact_center.app import build_app
from contact_center.batching import Batcher
from contact_center.bus import Bus
from contact_center.db import Database
from contact_center.intake.actions.taking import Intake
from contact_center.runtime import Runtime
from contact_center.settings import Settings
from contact_center.storage import LocalStorage
from contact_center.switchboard import Switchboard
from contact_center.texts import load_texts
from tests.bots.webchat.desk import Desk, Inbox
from tests.support.calendars import POLICIES, SHIPPED
from tests.support.fakes import FakeClock

TEXTS = load_texts(Path(__file__).parents[3] / "config" / "texts")
IDENTITY_SECRET = "shared with the shop"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def origins() -> list[str]:
    return ["https://shop.example"]


@pytest.fixture
def settings(origins: list[str]) -> Settings:
    return Settings.model_validate(
        {
            "secret_key": "only for tests",
            "company": "Tea & Co",
            "webchat": {
                "identity_secret": IDENTITY_SECRET,
                "origins": origins,
                "messages_per_minute": 100,
            },
            "attachments": {"max_bytes": 50_000, "max_per_message": 3},
        }
    )


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
async def chat_db(database_url: str, bus: Bus) -> AsyncIterator[Database]:
    database = Database(database_url, on_commit=bus.publish)
    yield database
    await database.dispose()


@pytest.fixture
async def inbox(chat_db: Database, settings: Settings, clock: FakeClock) -> AsyncIterator[Inbox]:
    intake = Intake(
        policies=POLICIES,
        db=chat_db,
        settings=settings,
        texts=TEXTS,
        routes=Switchboard(),
        dialogue=build_dialogue(TEXTS, company=settings.company),
        now=clock,
    )
    batcher = Batcher(intake.handle)
    running = asyncio.create_task(batcher.run())
    yield Inbox(batcher)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


@pytest.fixture
def desk(chat_db: Database, clock: FakeClock) -> Desk:
    return Desk(chat_db, clock)


@pytest.fixture
def runtime(
    settings: Settings,
    chat_db: Database,
    bus: Bus,
    inbox: Inbox,
    clock: FakeClock,
    tmp_path: Path,
) -> Runtime:
    return Runtime(
        settings=settings,
        db=chat_db,
        bus=bus,
        storage=LocalStorage(tmp_path / "files"),
        texts=TEXTS,
        calendars=SHIPPED,
        policies=POLICIES,
        inbox=cast("Any", inbox),
        channels={"webchat": WebchatChannel(bus)},
        now=clock,
    )


@pytest.fixture
def app(runtime: Runtime) -> web.Application:
    app = build_app(runtime)
    setup(app, runtime)
    return app


@pytest.fixture
async def server(app: web.Application) -> AsyncIterator[TestServer]:
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
async def client(server: TestServer) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async with TestClient(server) as client:
        yield client


@pytest.fixture
def agent(chat_db: Database, clock: FakeClock) -> Callable[[str], Awaitable[int]]:
    async def hire(name: str) -> int:
        async with chat_db.begin() as session:
            person = Agent(
                email=f"{name.lower()}@tea.example", name=name, password_hash="", created_at=clock()
            )
            session.add(person)
            await session.flush()
            return person.id

    return hire


class Visitor:
    """A browser as the server sees it, without the browser."""

    def __init__(self, client: TestClient[web.Request, web.Application]) -> None:
        self.client = client
        self.session: dict[str, Any] = {}

    @property
    def id(self) -> str:
        return str(self.session["visitor"])

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.session['token']}"}

    async def open(self, **body: Any) -> "Visitor":
        answer = await self.client.post("/chat/session", json=body)
        assert answer.status == 200, await answer.text()
        self.session = await answer.json()
        return self

    async def post(self, path: str, **body: Any) -> aiohttp.ClientResponse:
        return await self.client.post(f"/chat/{path}", json=body, headers=self.headers)

    async def writes(self, text: str, **more: Any) -> dict[str, Any]:
        answer = await self.post("messages", **{"id": str(uuid.uuid4()), "text": text, **more})
        assert answer.status == 201, await answer.text()
        return dict((await answer.json())["receipt"])

    async def uploads(
        self, content: bytes, *, name: str = "a.png", kind: str = "image/png", message: str
    ) -> aiohttp.ClientResponse:
        form = aiohttp.FormData(quote_fields=False)  # as browsers do
        form.add_field("file", content, filename=name, content_type=kind)
        path = f"/chat/files?message={message}"
        return await self.client.post(path, data=form, headers=self.headers)

    def listens(self, *, last_seen: int | None = None) -> "Listener":
        return Listener(self, last_seen)


class Listener:
    """An open stream: `async with visitor.listens() as stream: await stream.next("message")`."""

    def __init__(self, visitor: Visitor, last_seen: int | None) -> None:
        self._visitor = visitor
        self._last_seen = last_seen

    async def __aenter__(self) -> "Listener":
        headers = dict(self._visitor.headers)
        if self._last_seen is not None:
            headers["Last-Event-ID"] = str(self._last_seen)
        self.answer = await self._visitor.client.get("/chat/stream", headers=headers)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.answer.close()

    async def event(self) -> tuple[str, Any, str | None]:
        """The next event's kind, data and id; comments are passed over."""
        block = ""
        while not re.search(r"^data:", block, re.M):
            block = (await self.answer.content.readuntil(b"\n\n")).decode()
        fields = dict(line.split(": ", 1) for line in block.strip().splitlines())
        return fields["event"], json.loads(fields["data"]), fields.get("id")

    async def next(self, kind: str) -> Any:
        while True:
            got, data, _ = await self.event()
            if got == kind:
                return data

    async def until_ready(self) -> list[dict[str, Any]]:
        """The messages that came before the stream was up to date."""
        messages = []
        while True:
            kind, data, _ = await self.event()
            if kind == "ready":
                return messages
            if kind == "message":
                messages.append(data)


@pytest.fixture
async def visitor(client: TestClient[web.Request, web.Application]) -> Visitor:
    return await Visitor(client).open()
