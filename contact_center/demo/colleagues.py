"""Agents who claim what waits and answer it, through the interface for other systems."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from contact_center.demo.line import Line, Refused
from contact_center.demo.people import PASSWORD
from contact_center.demo.stories import Telling, content_in

Scripts = Mapping[str, Telling]  # by the opening words


async def log_in(line: Line, email: str) -> "Login":
    """Raises Refused where there are no demo log-ins."""
    http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
    own = Line(http, line.url, line.tally)
    try:
        said = await own.ask("POST", "/api/v1/session", body={"email": email, "password": PASSWORD})
    except Refused:
        await http.close()
        raise
    return Login(own, said["csrf_token"])


@dataclass(frozen=True, slots=True)
class Login:
    line: Line
    csrf: str

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        said = {"X-CSRF-Token": self.csrf} | headers
        return await self.line.ask(method, f"/api/v1{path}", body=body, headers=said)

    async def close(self) -> None:
        await self.line.http.close()


@dataclass(kw_only=True)
class Colleague:
    login: Login
    languages: tuple[str, ...]
    scripts: Scripts
    random: Random
    pause: Callable[[float, float], float]
    _answered: dict[int, int] = field(default_factory=dict)  # by ticket, how often

    async def work(self) -> None:
        while True:
            await asyncio.sleep(self.pause(3, 10))
            try:
                if not await self._answer_own():
                    await self._claim_one()
            except Refused:
                continue  # somebody was quicker, or it has just been finished

    async def _claim_one(self) -> None:
        page = await self.login.ask("GET", "/tickets?queue=unclaimed&limit=20")
        fitting = [t for t in page["items"] if t["language"] in self.languages]
        if fitting:
            ticket = self.random.choice(fitting[:5])
            await self.login.ask("PUT", f"/tickets/{ticket['id']}/claim")
            self.login.line.tally.done["claims"] += 1
            await asyncio.sleep(self.pause(5, 20))  # reads
            await self._reply(ticket)

    async def _answer_own(self) -> bool:
        """Whether there was something to do."""
        page = await self.login.ask("GET", "/tickets?queue=mine&limit=50")
        mine = [t for t in page["items"] if t["id"] in self._answered and t["status"] == "open"]
        waiting = [ticket for ticket in mine if ticket["waiting_since"] is not None]
        if waiting:
            await asyncio.sleep(self.pause(4, 15))
            await self._reply(waiting[0])
            return True
        told = [ticket for ticket in mine if self._answered[ticket["id"]] >= 2]
        if told:
            await self.login.ask("PUT", f"/tickets/{told[0]['id']}/resolution", {"code": "solved"})
            del self._answered[told[0]["id"]]
            self.login.line.tally.done["resolutions"] += 1
        return bool(told)

    async def _reply(self, ticket: Mapping[str, Any]) -> None:
        number = ticket["id"]
        said = self._answered.get(number, 0)
        text = await self._words(ticket, said)
        key = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        await self.login.ask(
            "POST", f"/tickets/{number}/replies", {"text": text}, **{"Idempotency-Key": key}
        )
        self._answered[number] = said + 1
        self.login.line.tally.done["replies"] += 1

    async def _words(self, ticket: Mapping[str, Any], said: int) -> str:
        """What the story has them say; something that always fits where it is another's story."""
        page = await self.login.ask("GET", f"/tickets/{ticket['id']}/messages")
        for message in page["items"]:
            telling = self.scripts.get(message["text"].strip())
            lines = [text for who, text in telling.lines if who == "a"] if telling else []
            if said < len(lines):
                return lines[said]
        return self.random.choice(content_in("zh" if ticket["language"] == "zh" else "en").anyhow)
