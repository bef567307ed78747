"""Customers in the chat window: they write, answer what they are asked, and wait."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from contact_center.demo.line import AGAIN_AFTER, Line
from contact_center.demo.stories import Telling

Pause = Callable[[float, float], float]  # seconds a person takes, between two figures


@dataclass(kw_only=True)
class Visitor:
    line: Line
    telling: Telling
    language: str
    random: Random
    pause: Pause
    _token: str = ""
    _seen: str = ""  # the last event's id
    _to_say: list[str] = field(default_factory=list)

    async def visit(self) -> None:
        """Until cancelled: whoever waits for an answer does not leave."""
        said = await self.line.ask(
            "POST", "/chat/session", body={"language": self.language, "page": "/shop"}
        )
        self._token = said["token"]
        self._to_say = [text for who, text in self.telling.lines if who == "c"]
        await self._write(self.telling.opening)
        self.line.tally.done["chats"] += 1
        async for message in self._heard():
            await self._react(message)

    async def _react(self, message: Mapping[str, Any]) -> None:
        await self._post("/chat/read", {"message_id": message["id"]})
        buttons = [button["value"] for button in message["buttons"]]
        if message["from"] == "agent":
            if self._to_say:
                await asyncio.sleep(self.pause(3, 12))
                await self._post("/chat/typing", {})
                await self._write(self._to_say.pop(0))
        elif (pressed := self._pressed(buttons)) is not None:
            await asyncio.sleep(self.pause(2, 8))
            await self._send({"button": pressed})
            self.line.tally.done["callback answers"] += 1
        elif "cancel" in buttons:
            await asyncio.sleep(self.pause(2, 6))
            await self._write(self._form_answer(buttons, message["text"]))

    def _pressed(self, buttons: list[str]) -> str | None:
        """What the callback is answered with; one in five is not satisfied."""
        if "callback:yes" in buttons:
            return "callback:no" if self.random.random() < 0.2 else "callback:yes"
        if "callback:5" in buttons:
            return f"callback:{self.random.choice((2, 3, 4, 4, 5, 5, 5))}"
        return None

    def _form_answer(self, buttons: list[str], question: str) -> str:
        story, telling = self.telling.story, self.telling
        if "skip" in buttons:
            return telling.facts["order"]
        asks_when = "when" in question or "时候" in question or "什么时" in question
        return telling.fill(story.since if asks_when else story.remedy) or telling.opening

    async def _write(self, text: str) -> None:
        await self._send({"text": text})

    async def _send(self, what: Mapping[str, Any]) -> None:
        await self._post(
            "/chat/messages",
            {"id": str(uuid.UUID(int=self.random.getrandbits(128), version=4)), **what},
        )
        self.line.tally.done["chat messages"] += 1

    async def _post(self, path: str, body: Mapping[str, Any]) -> None:
        await self.line.ask("POST", path, body=body, headers=self._headers)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    async def _heard(self) -> AsyncIterator[Mapping[str, Any]]:
        """What others say, each message once, however often the stream breaks off."""
        while True:
            headers = self._headers | ({"Last-Event-ID": self._seen} if self._seen else {})
            try:
                async with self.line.http.get(
                    f"{self.line.url}/chat/stream",
                    headers=headers,
                    timeout=aiohttp.ClientTimeout(total=None, sock_read=60),
                ) as answer:
                    async for kind, number, data in _events(answer.content):
                        self._seen = number or self._seen
                        if kind == "message" and data["from"] != "customer":
                            yield data
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass  # it is being restarted
            await asyncio.sleep(AGAIN_AFTER)


async def _events(content: aiohttp.StreamReader) -> AsyncIterator[tuple[str, str, Any]]:
    """Kind, id and data of server-sent events."""
    kind, number = "", ""
    async for raw in content:
        name, _, value = raw.decode().rstrip("\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "id":
            number = value
        elif name == "data":
            yield kind, number, json.loads(value)
            kind, number = "", ""
