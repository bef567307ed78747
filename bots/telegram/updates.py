"""Turns what Telegram tells us about customers into `Inbound` messages. Pure.

A message is named by its chat and its number, which are the same whether it comes by polling or
by webhook, the first time or again. (Updates are numbered anew, at random, after a quiet week.)
"""

from dataclasses import replace

from telegram import CallbackQuery, ChatMemberUpdated, Message, User

from bots.dialogs import menu, talk
from bots.telegram.connection import NAME, Connection
from bots.telegram.contents import Say, command_of, own_phone, words_of
from contact_center.channels.base import Inbound, Sender
from contact_center.storage import StoredFile

COMMANDS = {talk.HUMAN, *menu.CHOICES}  # commands that are a button of the dialogue


def language_of(user: User | None, *, spoken: list[str]) -> str | None:
    """One of our languages, from the customer's app: "zh-hans" is "zh"."""
    code = (user.language_code or "").partition("-")[0].lower() if user else ""
    return code if code in spoken else None


def from_message(
    message: Message,
    *,
    connection: Connection,
    say: Say,
    language: str | None,
    edit: int | None = None,
) -> Inbound | None:
    """`edit` is the number of the update that brought a changed text; None for Telegram's notices.

    Of two edits within a second only the update's number differs.
    """
    words = words_of(message, say)
    if words is None or message.from_user is None or message.from_user.is_bot:
        return None
    chat, name = str(message.chat.id), connection.message_name(message.chat.id, message.message_id)
    answered = message.reply_to_message
    inbound = Inbound(
        channel=NAME,
        external_id=name,
        sender=replace(_sender(message.from_user, language), phone=own_phone(message)),
        thread=chat,
        text=words,
        references=((connection.message_name(chat, answered.message_id),) if answered else ()),
        dialogue=True,
        sent_at=message.date,
    )
    if edit is not None:
        return replace(
            inbound,
            external_id=f"{name}:e{edit}",
            text=say("telegram.edited", text=words),
            sent_at=message.edit_date or message.date,
        )
    command = command_of(words)
    return replace(inbound, button=command[0]) if command and command[0] in COMMANDS else inbound


def with_file(inbound: Inbound, file: StoredFile) -> Inbound:
    return replace(inbound, attachments=(*inbound.attachments, file))


def with_note(inbound: Inbound, note: str) -> Inbound:
    return replace(inbound, text=f"{inbound.text}\n{note}".strip())


def from_button(
    query: CallbackQuery, *, chat: int, value: str, connection: Connection, language: str | None
) -> Inbound:
    """A pressed button reads in the conversation like its label."""
    return Inbound(
        channel=NAME,
        external_id=f"{connection.bot_id}:{chat}:b{query.id}",
        sender=_sender(query.from_user, language),
        thread=str(chat),
        text=_label(query) or value,
        button=value,
        dialogue=True,
    )


def from_block(
    change: ChatMemberUpdated, *, update_id: int, connection: Connection, say: Say
) -> Inbound:
    """The customer blocked the bot: a note, so that nobody waits for an answer in vain."""
    return Inbound(
        channel=NAME,
        external_id=f"{connection.bot_id}:{change.chat.id}:m{update_id}",
        sender=_sender(change.from_user, None),
        thread=str(change.chat.id),
        text=say("telegram.blocked"),
        automatic=True,
        dialogue=True,
        sent_at=change.date,
    )


def _sender(user: User, language: str | None) -> Sender:
    return Sender(address=str(user.id), name=user.full_name, language=language, verified=True)


def _label(query: CallbackQuery) -> str | None:
    message = query.message
    if not isinstance(message, Message) or message.reply_markup is None:
        return None
    keys = (key for row in message.reply_markup.inline_keyboard for key in row)
    return next((key.text for key in keys if key.callback_data == query.data), None)
