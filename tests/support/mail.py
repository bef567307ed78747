"""A contact centre's mail side on loopback: a recording inbox, and a far mail server."""

import asyncio
import base64
import json
import smtplib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from contact_center.batching import Batcher
from contact_center.bus import Bus
from contact_center.channels.base import Inbound, Receipt
from contact_center.channels.email.receiver import receiving
from contact_center.db import Database
from contact_center.runtime import Runtime
from contact_center.settings import Settings
from contact_center.storage import LocalStorage
from contact_center.texts import load_texts
from tests.support.calendars import POLICIES, SHIPPED

DATA = Path(__file__).parents[1] / "data" / "email"


def cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def raw(case: dict[str, Any]) -> bytes:
    return base64.b64decode(case["raw_b64"])


def mail_settings(**email: Any) -> Settings:
    chosen = {"enabled": True, "address": "support@desk.test", "listen_port": 0} | email
    return Settings(secret_key="a test's secret", email=chosen)


class Inbox:
    """Remembers what was handed in; the same external id a second time is a duplicate."""

    def __init__(self) -> None:
        self.kept: dict[str, Inbound] = {}
        self.errors: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def handle(self, items: Sequence[Inbound]) -> list[Receipt | Exception]:
        await self.gate.wait()
        return [self._keep(item) for item in items]

    def _keep(self, item: Inbound) -> Receipt | Exception:
        if self.errors:
            return self.errors.pop(0)
        duplicate = item.external_id in self.kept
        self.kept.setdefault(item.external_id, item)
        return Receipt("ticketed", ticket_id=1, duplicate=duplicate)

    @property
    def only(self) -> Inbound:
        [inbound] = self.kept.values()
        return inbound


@dataclass
class Desk:
    """Everything a test of incoming mail needs."""

    runtime: Runtime
    inbox: Inbox
    port: int
    files: Path

    async def send(self, content: bytes, to: Sequence[str] = ("support@desk.test",)) -> None:
        """Raises smtplib's errors."""
        await asyncio.to_thread(self._send, content, to)

    def _send(self, content: bytes, to: Sequence[str]) -> None:
        with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
            client.sendmail("ann@example.com", list(to), content)

    def stored(self) -> list[Path]:
        return [path for path in self.files.rglob("*") if path.is_file()]


@asynccontextmanager
async def a_desk(directory: Path, settings: Settings) -> AsyncIterator[Desk]:
    inbox = Inbox()
    batcher: Batcher[Inbound, Receipt] = Batcher(inbox.handle)
    db = Database(f"sqlite+aiosqlite:///{directory / 'unused.db'}")
    runtime = Runtime(
        settings=settings,
        db=db,
        bus=Bus(),
        storage=LocalStorage(directory / "files"),
        texts=load_texts(Path("config/texts")),
        calendars=SHIPPED,
        policies=POLICIES,
        inbox=batcher,
        channels={},
    )
    worker = asyncio.create_task(batcher.run())
    try:
        async with receiving(runtime) as port:
            assert port is not None
            yield Desk(runtime, inbox, port, directory / "files")
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        await db.dispose()


@dataclass
class FarServer:
    """Somebody else's mail server; answers RCPT and DATA as it is told to."""

    mails: list[Envelope] = field(default_factory=list)
    rcpt: str = ""
    data: str = "250 OK"
    connections: int = 0
    port: int = 0

    async def handle_EHLO(  # noqa: N802  aiosmtpd looks for this name
        self, server: SMTP, session: Session, envelope: Envelope, name: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = name
        return responses

    async def handle_RCPT(  # noqa: N802  aiosmtpd looks for this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  aiosmtpd looks for this name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.data.startswith("250"):
            self.mails.append(envelope)
        return self.data


@asynccontextmanager
async def a_far_server(**options: Any) -> AsyncIterator[FarServer]:
    far, open_ones = FarServer(), []

    def conversation() -> SMTP:
        kind = SMTP(far, hostname="far.test", loop=asyncio.get_running_loop(), **options)
        open_ones.append(kind)
        return kind

    server = await asyncio.get_running_loop().create_server(conversation, "127.0.0.1", 0)
    far.port = server.sockets[0].getsockname()[1]
    try:
        yield far
    finally:
        server.close()
        for one in open_ones:
            if one.transport is not None:
                one.transport.close()
        await asyncio.sleep(0)
