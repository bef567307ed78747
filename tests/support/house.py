"""The whole service in this process, with a customer on each network to talk to it."""

import asyncio
import json
import shutil
import smtplib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from contact_center.channels.email.parsing import parse_mail
from contact_center.channels.signatures import standard_headers
from contact_center.clock import utcnow
from contact_center.commands import create_token
from contact_center.runtime import Runtime
from contact_center.serve import Stop, runtime_from, start_roles
from contact_center.settings import Settings
from contact_center.sources.rules import load_sources
from tests.support.mail import FarServer, a_far_server
from tests.support.processes import free_port
from tests.support.receivers import Receiver, running_receiver
from tests.support.telegram import TOKEN, FakeTelegram, message

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SOURCE = """
[shop]
verify = "standard-webhooks"
secrets = ["env:CC_TEST_SHOP_SECRET"]
replies.url = "{url}"
replies.secret = "env:CC_TEST_SHOP_SECRET"

[shop.fields]
text = "said"
sender.address = "who"
"""


class Customer(Protocol):
    async def says(self, text: str) -> None: ...

    async def hears(self) -> list[str]:
        """Everything we have told this customer so far."""


async def call(method: str, url: str, *, status: int, **request: Any) -> Any:
    async with aiohttp.request(method, url, **request) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


class ApiCustomer:
    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._ticket = 0

    async def says(self, text: str) -> None:
        body = {"sender": {"address": "ann", "name": "Ann"}, "text": text}
        url = f"{self._url}/messages"
        receipt = await call("POST", url, status=201, headers=self._headers, json=body)
        self._ticket = receipt["ticket_id"]

    async def hears(self) -> list[str]:
        url = f"{self._url}/tickets/{self._ticket}/messages"
        page = await call("GET", url, status=200, headers=self._headers)
        return [item["text"] for item in page["items"] if item["direction"] == "out"]


class WebhookCustomer:
    def __init__(self, url: str, receiver: Receiver) -> None:
        self._url = f"{url}/api/v1/inbound/shop"
        self._receiver = receiver
        self._sent = 0

    async def says(self, text: str) -> None:
        self._sent += 1
        body = json.dumps({"said": text, "who": "ann"})
        headers = standard_headers(
            message_id=f"msg_{self._sent}", body=body, secrets=[SECRET], at=utcnow()
        )
        headers["Content-Type"] = "application/json"
        await call("POST", self._url, status=201, data=body, headers=headers)

    async def hears(self) -> list[str]:
        return [json.loads(body)["data"]["text"] for _, body in self._receiver.calls]


class MailCustomer:
    def __init__(self, port: int, far: FarServer) -> None:
        self._port = port
        self._far = far

    async def says(self, text: str) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"] = "Ann <ann@example.com>", "support@desk.test"
        mail["Subject"] = "My parcel"
        if self._far.mails:
            mail["In-Reply-To"] = parse_mail(self._far.mails[-1].content).message_id
        mail.set_content(text)
        await asyncio.to_thread(self._send, mail)

    def _send(self, mail: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", self._port) as client:
            client.send_message(mail)

    async def hears(self) -> list[str]:
        return [parse_mail(mail.content).text for mail in self._far.mails]


class TelegramCustomer:
    def __init__(self, telegram: FakeTelegram) -> None:
        self._telegram = telegram

    async def says(self, text: str) -> None:
        await self._telegram.push(message(77, text))

    async def hears(self) -> list[str]:
        return self._telegram.texts(77)


class House:
    """The service, its customers, and the address of its doors."""

    def __init__(self, runtime: Runtime, url: str, customers: dict[str, Customer]) -> None:
        self.runtime = runtime
        self.url = url
        self.customers = customers


@asynccontextmanager
async def open_house(
    directory: Path, *, database_url: str, monkeypatch: Any
) -> AsyncIterator[House]:
    """Everything but the scheduler, whose sweeps a test runs itself."""
    async with AsyncExitStack() as stack:
        far = await stack.enter_async_context(a_far_server())
        receiver = await stack.enter_async_context(running_receiver())
        telegram = await stack.enter_async_context(FakeTelegram().running())
        monkeypatch.setenv("CC_TEST_SHOP_SECRET", SECRET)
        config = directory / "config"
        shutil.copytree("config", config)
        (config / "sources.toml").write_text(SOURCE.format(url=receiver.url))
        settings = _settings(directory, database_url, far, telegram)
        stopped = Stop()
        runtime = await stack.enter_async_context(runtime_from(settings, config, stopped=stopped))
        sources = load_sources(config)
        await start_roles(stack, runtime, sources, stopped=stopped)
        token = await create_token(
            settings, name="story", scopes=["messages:submit", "tickets:read"]
        )
        url = settings.server.public_url
        yield House(
            runtime,
            url,
            {
                "api": ApiCustomer(url, token),
                "webhook": WebhookCustomer(url, receiver),
                "email": MailCustomer(settings.email.listen_port, far),
                "telegram": TelegramCustomer(telegram),
            },
        )


def _settings(
    directory: Path, database_url: str, far: FarServer, telegram: FakeTelegram
) -> Settings:
    port = free_port()
    return Settings(
        secret_key="a secret for tests",
        database={"url": database_url},
        server={
            "port": port,
            "public_url": f"http://127.0.0.1:{port}",
            "roles": ["web", "intake", "relay"],
        },
        attachments={"directory": directory / "attachments"},
        callbacks={"delay_minutes": 0},
        webhooks={"allow_private_networks": True, "allow_http": True, "ports": []},
        telegram={
            "token": TOKEN,
            "base_url": f"{telegram.url}/bot",
            "base_file_url": f"{telegram.url}/file/bot",
        },
        email={
            "enabled": True,
            "address": "support@desk.test",
            "listen_port": free_port(),
            "smtp_host": "127.0.0.1",
            "smtp_port": far.port,
        },
    )
