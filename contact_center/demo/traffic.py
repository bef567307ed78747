"""Plays live customers, and if wanted agents, of a running service through its real entrances."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
from pydantic import SecretStr

from contact_center.clock import utcnow
from contact_center.demo import people
from contact_center.demo.colleagues import Colleague, Login, log_in
from contact_center.demo.defaults import for_demo
from contact_center.demo.line import Line, Refused, Tally
from contact_center.demo.people import STAFF, Buyer
from contact_center.demo.stories import Telling, content_in, tell
from contact_center.demo.visitors import Visitor
from contact_center.demo.writers import ApiWriter, MailWriter, ShopWriter
from contact_center.settings import Settings

logger = logging.getLogger(__name__)

MOST_VISITORS = 60  # windows open at once
PLAYED = ("agent", "agent.zh", "lead.zh", "lead")  # agents who are played
SHARES = {"webchat": 60, "email": 14, "api": 12, "demo-shop": 14}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    minutes: float = 0  # 0 is forever
    rate: float = 6  # new customers a minute
    agents: bool = False
    seed: int | None = None
    hurry: float = 1  # how many times faster than people are


async def play_traffic(
    settings: Settings, secret_key: SecretStr, pace: Pace, *, say: Callable[[str], object]
) -> Tally:
    """Until the time is up, or somebody presses Ctrl-C."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
    url = f"http://{_host(settings)}:{settings.server.port}"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        street = Street(
            line=Line(http, url, Tally()),
            settings=for_demo(settings, taken=True),
            secret_key=secret_key,
            pace=pace,
            random=Random(pace.seed),  # noqa: S311  a play
        )
        say(f"Customers are on their way to {url}; Ctrl-C stops.")
        await street.play(stop)
    tally = street.line.tally
    say(", ".join(f"{count} {what}" for what, count in sorted(tally.done.items())) or "Nothing.")
    return tally


def _host(settings: Settings) -> str:
    host = settings.server.host
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104  what it listens on


@dataclass(kw_only=True)
class Street:
    line: Line
    settings: Settings
    secret_key: SecretStr
    pace: Pace
    random: Random
    _playing: set[asyncio.Task[None]] = field(default_factory=set)
    _logins: list[Login] = field(default_factory=list)
    _scripts: dict[str, Telling] = field(default_factory=dict)
    _token: tuple[int, str] | None = None

    async def play(self, stop: asyncio.Event) -> None:
        opened = asyncio.create_task(self._open())
        try:
            await self._until(stop, opened)
            buyers = people.buyers(self.random)
            end = self.pace.minutes * 60 or None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(end):
                    while not stop.is_set():
                        self._start(self._customer(self.random.choice(buyers)))
                        await self._wait(stop)
        finally:
            opened.cancel()
            await self._close()

    async def _until(self, stop: asyncio.Event, work: asyncio.Task[None]) -> None:
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({waiting, work}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if work.done():
            work.result()

    async def _wait(self, stop: asyncio.Event) -> None:
        gap = self.random.expovariate(self.pace.rate / 60)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), min(gap, 60.0))

    def _pause(self, least: float, most: float) -> float:
        return self.random.uniform(least, most) / self.pace.hurry

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._playing) >= MOST_VISITORS:
            work.close()
            return
        task = asyncio.create_task(work)
        self._playing.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._playing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("somebody gave up: %s", error)

    def _customer(self, buyer: Buyer) -> Coroutine[Any, Any, None]:
        story = self.random.choice(content_in(buyer.language).story)
        telling = tell(
            story,
            language=buyer.language,
            name=buyer.called,
            company=buyer.company or people.ACCOUNTS[0][0],
            agent="",
            at=utcnow(),
            random=self.random,
        )
        self._scripts[telling.opening.strip()] = telling
        common: dict[str, Any] = {
            "line": self.line,
            "telling": telling,
            "random": self.random,
            "pause": self._pause,
        }
        [channel] = self.random.choices(list(SHARES), list(SHARES.values()))
        if channel == "email" and buyer.sender.email:
            email = self.settings.email
            return MailWriter(**common, buyer=buyer, email=email).write()
        if channel == "api" and self._token is not None:
            return ApiWriter(**common, buyer=buyer, token=self._token[1]).write()
        if channel == "demo-shop":
            return ShopWriter(**common, buyer=buyer, secret_key=self.secret_key).write()
        return Visitor(**common, language=buyer.language).visit()

    async def _open(self) -> None:
        """Log in: the API's customers need a token, and agents their desks."""
        try:
            admin = await log_in(self.line, _address("admin"))
        except Refused:
            logger.warning("there are no demo log-ins here: only chats, mails and webhooks")
            return
        self._logins.append(admin)
        wish = {"name": "Live demo customers", "scopes": ["messages:submit"]}
        made = await admin.ask("POST", "/tokens", wish)
        self._token = made["token"]["id"], made["secret"]
        for email in PLAYED if self.pace.agents else ():
            login = await log_in(self.line, _address(email))
            self._logins.append(login)
            colleague = Colleague(
                login=login,
                languages=("zh",) if email.endswith(".zh") else ("en",),
                scripts=self._scripts,
                random=self.random,
                pause=self._pause,
            )
            self._start(colleague.work())

    async def _close(self) -> None:
        """Nothing is left behind but what was said; a service that is down is not waited for."""
        for task in self._playing:
            task.cancel()
        await asyncio.gather(*self._playing, return_exceptions=True)
        with contextlib.suppress(Refused, TimeoutError):
            async with asyncio.timeout(3):
                if self._token is not None:
                    await self._logins[0].ask("DELETE", f"/tokens/{self._token[0]}")
                for login in self._logins:
                    await login.ask("DELETE", "/session")
        for login in self._logins:
            await login.close()


def _address(email: str) -> str:
    return next(colleague.address for colleague in STAFF if colleague.email == email)
