import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bots.telegram.connection import Connection
from contact_center.batching import Batcher
from contact_center.bus import Bus
from contact_center.channels.base import Inbound, Receipt
from contact_center.db import Database
from contact_center.runtime import Runtime
from contact_center.settings import Settings, Telegram
from contact_center.storage import LocalStorage
from contact_center.texts import load_texts
from tests.support.calendars import POLICIES, SHIPPED
from tests.support.telegram import TOKEN, FakeTelegram


class RecordingInbox:
    """Keeps each message once, as intake does; refuses while `broken` is set."""

    def __init__(self) -> None:
        self.kept: dict[str, Inbound] = {}
        self.received = 0
        self.broken: Exception | None = None

    async def __call__(self, batch: Sequence[Inbound]) -> Sequence[Receipt | Exception]:
        if self.broken is not None:
            raise self.broken
        return [self._keep(inbound) for inbound in batch]

    def _keep(self, inbound: Inbound) -> Receipt:
        self.received += 1
        duplicate = inbound.external_id in self.kept
        self.kept.setdefault(inbound.external_id, inbound)
        return Receipt("joined", duplicate=duplicate)

    @property
    def messages(self) -> list[Inbound]:
        return list(self.kept.values())

    def texts(self, thread: int) -> list[str]:
        return [inbound.text for inbound in self.messages if inbound.thread == str(thread)]


@pytest.fixture
async def server() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram().running() as server:
        yield server


@pytest.fixture
def settings(server: FakeTelegram) -> Settings:
    telegram = Telegram(
        token=TOKEN, base_url=f"{server.url}/bot", base_file_url=f"{server.url}/file/bot"
    )
    return Settings(secret_key="a secret of the tests", telegram=telegram)


@pytest.fixture
async def connection(settings: Settings) -> AsyncIterator[Connection]:
    connection = Connection(settings.telegram)
    async with connection.open():
        yield connection


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "files")


@pytest.fixture
def inbox() -> RecordingInbox:
    return RecordingInbox()


@pytest.fixture
async def runtime(
    settings: Settings, database_url: str, storage: LocalStorage, inbox: RecordingInbox, clock
) -> AsyncIterator[Runtime]:
    bus, batcher = Bus(), Batcher(inbox)
    db = Database(database_url, on_commit=bus.publish)
    task = asyncio.create_task(batcher.run())
    yield Runtime(
        settings=settings,
        db=db,
        bus=bus,
        storage=storage,
        texts=load_texts(Path("config/texts")),
        calendars=SHIPPED,
        policies=POLICIES,
        inbox=batcher,
        channels={},
        now=clock,
    )
    task.cancel()
    await db.dispose()
