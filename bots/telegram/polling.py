"""Asks Telegram for updates; one node of the fleet does at a time.

An update is confirmed, by asking for those after it, only when what it brought is committed. After
a crash Telegram sends the unconfirmed ones again, and intake knows those that it has already.
"""

import asyncio
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from telegram import Update
from telegram.error import Conflict, InvalidToken, TelegramError

from bots.telegram.connection import NAME, Connection
from bots.telegram.transport import Flood
from contact_center.channels.base import Inbound, Sender
from contact_center.errors import Unavailable
from contact_center.jobs import actions as jobs
from contact_center.ledger.actions import quarantine
from contact_center.runtime import Runtime

log = logging.getLogger(__name__)

Handle = Callable[[Update], Awaitable[None]]

LONG_POLL = 25  # seconds Telegram keeps a question open
LEASE = 90.0  # seconds: longer than a poll and the handling of what it brought usually take
STANDBY = 10.0  # seconds between looks whether the polling node has died
CONFLICT = 15.0
BAD_TOKEN = 300.0
LONGEST_PAUSE = 60.0
MOST_TRIES = 5  # then an update is put aside: it must not hold up its chat for ever
MOST = 100  # updates at once, Telegram's limit


class Poller:
    def __init__(
        self,
        runtime: Runtime,
        connection: Connection,
        *,
        handle: Handle,
        owner: str,
        wanted: Sequence[str],
    ) -> None:
        self._runtime = runtime
        self._connection = connection
        self._handle = handle
        self._owner = owner
        self._wanted = json.dumps(list(wanted))
        self._lease = f"telegram:{connection.bot_id}"
        self._offset: int | None = None  # None: whatever Telegram holds as unconfirmed
        self._done: set[int] = set()  # handled, but behind one that failed
        self._tries: Counter[int] = Counter()  # by update, those that failed
        self._ready = False
        self._failures = 0

    async def run(self) -> None:
        """Poll until cancelled."""
        try:
            pause = 0.0
            while True:
                await asyncio.sleep(pause)
                pause = await self.step()
        finally:
            await self._hand_over()

    async def step(self) -> float:
        """One round; returns the seconds to pause before the next one."""
        try:
            if not await self._hold_lease():
                self._offset, self._ready = None, False
                return STANDBY
            received = await self._receive()
            complete = await self._process(received)
        except Exception as error:  # noqa: BLE001  the loop outlives whatever happens in a round
            return self._pause_after(error)
        self._failures = 0 if complete else self._failures + 1
        return 0.0 if complete else self._back_off()

    async def _hold_lease(self) -> bool:
        async with self._runtime.db.begin() as session:
            return await jobs.claim_lease(
                session,
                name=self._lease,
                owner=self._owner,
                now=self._runtime.now(),
                seconds=LEASE,
            )

    async def _hand_over(self) -> None:
        async with self._runtime.db.begin() as session:
            await jobs.release_lease(session, name=self._lease, owner=self._owner)

    async def _receive(self) -> list[dict[str, Any]]:
        """Updates as they came: the library logs their contents when one cannot be parsed."""
        if not self._ready:
            await self._connection.bot.delete_webhook(drop_pending_updates=False)
            self._ready = True
        question: dict[str, Any] = {"timeout": LONG_POLL, "limit": MOST}
        question["allowed_updates"] = self._wanted
        if self._offset is not None:
            question["offset"] = self._offset
        answer: Any = await self._connection.transport.post(
            f"{self._connection.bot.base_url}/getUpdates?{urlencode(question)}",
            read_timeout=LONG_POLL + 10,
        )
        return list(answer)

    async def _process(self, received: Sequence[dict[str, Any]]) -> bool:
        """Chats in parallel, each in order; a failure stops its chat. True when all is done."""
        chats: dict[object, list[Update]] = defaultdict(list)
        for raw in received:
            update = parse(raw, self._connection)
            if update is not None and update.update_id not in self._done:
                chat = update.effective_chat
                chats[chat.id if chat else None].append(update)
        failed = await asyncio.gather(*(self._process_chat(updates) for updates in chats.values()))
        behind = [update_id for update_id in failed if update_id is not None]
        if received:
            last: int = max(raw["update_id"] for raw in received)
            self._offset = min(behind, default=last + 1)
            self._done = {done for done in self._done if done >= self._offset}
        return not behind

    async def _process_chat(self, updates: Sequence[Update]) -> int | None:
        """The number of the update that must come again, if any."""
        for update in updates:
            try:
                await self._handle(update)
            except Unavailable:
                log.warning("updates have to wait", extra={"update": update.update_id})
                return update.update_id
            except Exception:
                log.exception("an update was not handled", extra={"update": update.update_id})
                if not await self._put_aside(update):
                    return update.update_id
            self._done.add(update.update_id)
            self._tries.pop(update.update_id, None)
        return None

    async def _put_aside(self, update: Update) -> bool:
        """Into quarantine, as it came, after the last try; False when it is to come again."""
        self._tries[update.update_id] += 1
        if self._tries[update.update_id] < MOST_TRIES:
            return False
        chat = str(update.effective_chat.id) if update.effective_chat else ""
        inbound = Inbound(
            channel=NAME,
            external_id=f"update:{self._connection.bot_id}:{update.update_id}",
            sender=Sender(address=chat),
            thread=chat,
            text=update.to_json().replace("\\u0000", ""),
        )
        reason = f"it could not be handled in {MOST_TRIES} tries: the log says why"
        try:
            async with self._runtime.db.begin() as session:
                await quarantine(session, [(inbound, reason)], now=self._runtime.now())
        except Exception:
            log.exception("an update was not put aside", extra={"update": update.update_id})
            return False
        log.error("an update was put aside", extra={"update": update.update_id})
        return True

    def _pause_after(self, error: Exception) -> float:
        self._failures += 1
        if isinstance(error, Flood):
            return error.retry_after
        match error:
            case Conflict():
                # A webhook may have been set meanwhile: the next round removes it.
                self._ready = False
                log.warning("another program asks for this bot's updates")
                return CONFLICT
            case InvalidToken():
                log.error("Telegram does not accept the bot's token")
                return BAD_TOKEN
            case TelegramError():
                log.warning("Telegram cannot be asked", extra={"reason": error.message})
            case _:
                log.exception("a round of polling failed", exc_info=error)
        return self._back_off()

    def _back_off(self) -> float:
        return min(LONGEST_PAUSE, 0.5 * 2.0 ** min(self._failures, 10))


def parse(raw: dict[str, Any], connection: Connection) -> Update | None:
    """None, and a line in the log, for what cannot be understood."""
    try:
        return Update.de_json(raw, connection.bot)
    except Exception as error:  # noqa: BLE001  whatever a foreign structure makes the library raise
        facts = {"update": raw.get("update_id"), "reason": type(error).__name__}
        log.warning("an update cannot be read", extra=facts)
        return None
