"""Starts and stops the Telegram front; `contact_center.serve` is the only one who calls it.

front = TelegramFront(runtime)               # no network; `front.channel` sends
build_app(runtime, fronts=[front.routes()])  # where updates are pushed to us
async with front.running(receive=True):      # until the process stops
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from telegram import BotCommand
from telegram.error import TelegramError

from bots.telegram.announcing import Announcer
from bots.telegram.channel import TelegramChannel
from bots.telegram.connection import Connection
from bots.telegram.front import WANTED, Front
from bots.telegram.polling import Poller
from bots.telegram.webhook import PATH, webhook, webhook_secret
from contact_center.runtime import Runtime
from contact_center.texts import FALLBACK
from contact_center.web.routes import Routes

log = logging.getLogger(__name__)

COMMANDS = ("start", "human", "complaint", "tickets")
RETRY = 15.0  # seconds


class TelegramFront:
    def __init__(self, runtime: Runtime) -> None:
        """For a runtime with a token in its settings."""
        self._runtime = runtime
        self._settings = runtime.settings.telegram
        self._connection = Connection(self._settings)
        self._secret = webhook_secret(self._settings, runtime.secret)
        self._handle = Front(runtime, self._connection).handle
        self.channel = TelegramChannel(
            self._connection, storage=runtime.storage, secret=runtime.secret
        )

    def routes(self) -> Routes:
        """None while we poll: a door nobody uses stays shut."""
        if self._settings.mode != "webhook":
            return Routes("telegram")
        return webhook(self._connection, handle=self._handle, secret=self._secret)

    @asynccontextmanager
    async def running(
        self, *, receive: bool = True, watch: Callable[[asyncio.Task[None]], None] | None = None
    ) -> AsyncIterator[None]:
        """Send; and where this process is to `receive`, poll or register the webhook too.

        `watch` is told of tasks that end though they should not.
        """
        async with self._connection.open():
            jobs = [("telegram groups", Announcer(self._runtime).run())]
            if receive:
                jobs.append(("telegram updates", self._receive()))
                jobs.append(("telegram commands", self._offer_commands()))
            tasks = [asyncio.create_task(job, name=name) for name, job in jobs]
            for task in tasks:
                task.add_done_callback(partial(self._ended, watch))
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(
        self, watch: Callable[[asyncio.Task[None]], None] | None, task: asyncio.Task[None]
    ) -> None:
        once = {"telegram commands"}
        if self._settings.mode == "webhook":
            once.add("telegram updates")  # registered, and done
        is_done = not task.cancelled() and task.exception() is None
        if watch is not None and not (is_done and task.get_name() in once):
            watch(task)

    def _receive(self) -> Coroutine[Any, Any, None]:
        if self._settings.mode == "webhook":
            return self._register_webhook()
        poller = Poller(
            self._runtime,
            self._connection,
            handle=self._handle,
            owner=f"telegram-{secrets.token_hex(8)}",
            wanted=WANTED,
        )
        return poller.run()

    async def _register_webhook(self) -> None:
        """Every node says the same, so it does not matter which one says it last."""
        while True:
            try:
                await self._connection.bot.set_webhook(
                    self._runtime.settings.server.public_url.rstrip("/") + PATH,
                    allowed_updates=WANTED,
                    secret_token=self._secret,
                    drop_pending_updates=False,
                )
            except TelegramError as error:
                log.warning("the webhook is not registered", extra={"reason": error.message})
                await asyncio.sleep(RETRY)
            else:
                return

    async def _offer_commands(self) -> None:
        """The menu beside the input field; without it commands work all the same."""
        texts = self._runtime.texts
        try:
            for language in texts.languages:
                offered = [
                    BotCommand(name, texts.say(language, f"telegram.command_{name}"))
                    for name in COMMANDS
                ]
                code = None if language == FALLBACK else language
                await self._connection.bot.set_my_commands(offered, language_code=code)
        except TelegramError as error:
            log.info("the menu of commands was not set", extra={"reason": error.message})
