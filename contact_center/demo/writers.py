"""Customers who do not chat: they write mails, or through another system."""

import asyncio
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import make_msgid
from random import Random

import aiosmtplib
from pydantic import SecretStr

from contact_center.channels.signatures import standard_headers
from contact_center.clock import utcnow
from contact_center.demo.defaults import SHOP, shop_secret
from contact_center.demo.line import AGAIN_AFTER, Line, Refused
from contact_center.demo.people import Buyer
from contact_center.demo.stories import Telling
from contact_center.settings import Email


@dataclass(kw_only=True)
class Writer:
    line: Line
    telling: Telling
    buyer: Buyer
    random: Random
    pause: Callable[[float, float], float]

    async def write(self) -> None:
        """Once, and sometimes again a little later."""
        thread = f"traffic-{self._key()}"
        await self._send(thread, self.telling.opening, is_first=True)
        again = [text for who, text in self.telling.lines if who == "c"][:1]
        if again and self.random.random() < 0.5:
            await asyncio.sleep(self.pause(30, 120))
            await self._send(thread, again[0], is_first=False)

    async def _send(self, thread: str, text: str, *, is_first: bool) -> None:
        raise NotImplementedError

    def _key(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))


@dataclass(kw_only=True)
class ApiWriter(Writer):
    token: str

    async def _send(self, thread: str, text: str, *, is_first: bool) -> None:
        sender, story = self.buyer.sender, self.telling.story
        body = {
            "external_id": self._key(),
            "sender": {
                "address": sender.address,
                "name": sender.name,
                "email": sender.email,
                "language": self.buyer.language,
            },
            "thread": thread,
            "subject": self.telling.subject,
            "text": text,
            "kind": story.kind,
            "category": story.category,
        }
        headers = {"Authorization": f"Bearer {self.token}"}
        await self.line.ask("POST", "/api/v1/messages", body=body, headers=headers)
        self.line.tally.done["API messages"] += 1


@dataclass(kw_only=True)
class ShopWriter(Writer):
    """The web shop calls us with what its customers write on their orders."""

    secret_key: SecretStr

    async def _send(self, thread: str, text: str, *, is_first: bool) -> None:
        sender, key = self.buyer.sender, self._key()
        said = {
            "message": {
                "id": key,
                "order": self.telling.facts["order"],
                "text": text,
                "kind": self.telling.story.kind,
            },
            "customer": {
                "id": sender.address,
                "name": sender.name,
                "email": sender.email,
                "language": self.buyer.language,
            },
        }
        body = json.dumps(said, ensure_ascii=False)
        signed = standard_headers(
            message_id=key, body=body, secrets=[shop_secret(self.secret_key)], at=utcnow()
        )
        headers = {**signed, "Content-Type": "application/json"}
        path = f"/api/v1/inbound/{SHOP}"
        try:
            await self.line.ask("POST", path, data=body.encode(), headers=headers)
        except Refused as refusal:
            if refusal.status not in (401, 404):  # it was not started with --demo
                raise
            return
        self.line.tally.done["webhook calls"] += 1


@dataclass(kw_only=True)
class MailWriter(Writer):
    email: Email

    async def _send(self, thread: str, text: str, *, is_first: bool) -> None:
        sender = self.buyer.sender
        mail = EmailMessage()
        mail["From"] = f"{self.buyer.name} <{sender.email}>"
        mail["To"] = self.email.address
        mail["Subject"] = self.telling.subject if is_first else f"Re: {self.telling.subject}"
        root = f"<{thread}@mail.example>"
        mail["Message-ID"] = root if is_first else make_msgid(domain="mail.example")
        if not is_first:
            mail["In-Reply-To"] = mail["References"] = root
        mail.set_content(text)
        while True:
            try:
                await aiosmtplib.send(
                    mail,
                    hostname=self.email.listen_host,
                    port=self.email.listen_port,
                    start_tls=False,
                )
            except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPException, OSError):
                await asyncio.sleep(AGAIN_AFTER)
            else:
                self.line.tally.done["mails"] += 1
                return
