"""One bot account: its token, its transport, and how its messages are named."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from telegram import Bot, CallbackQuery
from telegram.error import TelegramError

from bots.telegram.transport import AiohttpTransport
from contact_center.settings import Telegram

log = logging.getLogger(__name__)

NAME = "telegram"  # of the channel
LONGEST_ANSWER = 200  # characters Telegram shows when a button was pressed


class Connection:
    """Building one touches no network."""

    def __init__(self, settings: Telegram) -> None:
        assert settings.token is not None
        token = settings.token.get_secret_value()
        self.transport = AiohttpTransport()
        self.bot = Bot(
            token,
            base_url=settings.base_url,
            base_file_url=settings.base_file_url,
            request=self.transport,
            get_updates_request=self.transport,
        )
        self.bot_id = token.partition(":")[0]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with self.transport:
            yield

    def message_name(self, chat: int | str, message_id: int) -> str:
        """The same for a message that came and one that was sent, so that answers find both."""
        return f"{self.bot_id}:{chat}:{message_id}"

    async def answer(self, query: CallbackQuery, text: str | None = None) -> None:
        """Stop the pressed button's spinner; nothing depends on whether that works."""
        try:
            await self.bot.answer_callback_query(query.id, (text or "")[:LONGEST_ANSWER] or None)
        except TelegramError as error:
            log.info("a press went unanswered", extra={"reason": error.message})

    async def tell(self, chat: int, text: str) -> None:
        """An answer to a command; whoever gets none asks again."""
        try:
            await self.bot.send_message(chat, text)
        except TelegramError as error:
            log.info("a command went unanswered", extra={"reason": error.message})
