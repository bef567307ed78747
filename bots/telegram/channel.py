"""Sends the service's messages through the bot."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from telegram import InlineKeyboardMarkup, InputFile, LinkPreviewOptions, Message
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    TelegramError,
)

from bots.telegram import buttons
from bots.telegram.connection import Connection
from bots.telegram.splitting import split
from bots.telegram.transport import Flood
from contact_center.channels.base import Button, DeliveryFailed, Outgoing
from contact_center.errors import NotFound
from contact_center.storage import Storage, StoredFile

REMEMBERED = 2_000  # messages whose sent parts are known
PHOTOS = {"image/jpeg", "image/png", "image/webp"}
LARGEST_PHOTO = 10 * 1024 * 1024  # bytes; larger ones go as documents
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


@dataclass(frozen=True, slots=True)
class Part:
    """What one Telegram message can hold."""

    text: str = ""
    file: StoredFile | None = None
    buttons: Sequence[Button] = ()


class TelegramChannel:
    def __init__(self, connection: Connection, *, storage: Storage, secret: bytes) -> None:
        self._connection = connection
        self._bot = connection.bot
        self._storage = storage
        self._secret = secret
        self._sent: OrderedDict[str, list[str]] = OrderedDict()  # names of sent parts, by key
        self._moved: OrderedDict[str, str] = OrderedDict()  # groups that became supergroups

    async def send(self, message: Outgoing) -> str | None:
        """Parts that an earlier attempt sent are not sent again."""
        if "edit" in message.extra:
            return await self._edit(message)
        parts = parts_of(message)
        sent = self._sent.setdefault(message.idempotency_key, [])
        _trim(self._sent)
        for part in parts[len(sent) :]:
            sent.append(await self._send_part(message.address, part))
        return sent[0]

    async def _send_part(self, address: str, part: Part) -> str:
        chat = self._moved.get(address, address)
        try:
            try:
                sent = await self._post(chat, part)
            except ChatMigrated as error:
                chat = self._moved[address] = str(error.new_chat_id)
                _trim(self._moved)
                sent = await self._post(chat, part)
        except TelegramError as error:
            raise failure(error) from error
        return self._connection.message_name(chat, sent.message_id)

    async def _post(self, chat: str, part: Part) -> Message:
        markup = _keyboard(part.buttons, secret=self._secret, chat=chat)
        if part.file is None:
            return await self._bot.send_message(
                chat, part.text, reply_markup=markup, link_preview_options=_NO_PREVIEW
            )
        content = InputFile(await self._load(part.file), filename=part.file.name)
        if part.file.content_type in PHOTOS and part.file.size <= LARGEST_PHOTO:
            try:
                return await self._bot.send_photo(chat, content)
            except BadRequest as error:
                if not _is_about_the_picture(error):
                    raise
        return await self._bot.send_document(chat, content)

    async def _load(self, file: StoredFile) -> bytes:
        try:
            return await self._storage.load(file.key)
        except NotFound as error:
            raise DeliveryFailed("an attachment is gone from storage", permanent=True) from error

    async def _edit(self, message: Outgoing) -> str:
        """Replace an earlier message, named in `extra["edit"]`, buttons included."""
        name = str(message.extra["edit"])
        _, chat, message_id = name.split(":")
        try:
            await self._bot.edit_message_text(
                message.text,
                chat_id=self._moved.get(chat, chat),
                message_id=int(message_id),
                reply_markup=_keyboard(message.buttons, secret=self._secret, chat=chat),
                link_preview_options=_NO_PREVIEW,
            )
        except BadRequest as error:
            if "not modified" not in error.message.lower():
                raise failure(error) from error
        except TelegramError as error:
            raise failure(error) from error
        return name


def parts_of(message: Outgoing) -> list[Part]:
    """Text first, its last part with the buttons, then the files."""
    text = f"{message.sender_name}:\n{message.text}" if message.sender_name else message.text
    texts = split(text)
    parts = [Part(text=part) for part in texts[:-1]]
    parts += [Part(text=part, buttons=message.buttons) for part in texts[-1:]]
    parts += [Part(file=file) for file in message.attachments]
    if not parts:
        raise DeliveryFailed("there is neither text nor a file in it", permanent=True)
    return parts


def failure(error: TelegramError) -> DeliveryFailed:
    match error:
        case Flood():
            return DeliveryFailed(error.message, retry_after=error.retry_after)
        case Forbidden():  # blocked, kicked out of the group, or the user deleted the account
            return DeliveryFailed(f"Telegram forbids it: {error.message}", permanent=True)
        case BadRequest():  # chat not found, and messages no repetition makes acceptable
            return DeliveryFailed(f"Telegram refused it: {error.message}", permanent=True)
        case InvalidToken():
            return DeliveryFailed("Telegram does not accept the bot's token", retry_after=300)
        case _:
            return DeliveryFailed(f"Telegram failed: {error.message}")


def _keyboard(
    offered: Sequence[Button], *, secret: bytes, chat: str
) -> InlineKeyboardMarkup | None:
    try:
        return buttons.keyboard(offered, secret=secret, chat=chat)
    except ValueError as error:
        raise DeliveryFailed(str(error), permanent=True) from error


def _is_about_the_picture(error: BadRequest) -> bool:
    said = error.message.lower()
    return "photo" in said or "image" in said


def _trim(remembered: OrderedDict[str, Any]) -> None:
    while len(remembered) > REMEMBERED:
        remembered.popitem(last=False)
