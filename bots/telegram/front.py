"""What one update means: a customer's message, or something in a team's group."""

from dataclasses import dataclass
from functools import partial

from telegram import CallbackQuery, ChatMemberUpdated, Message, Update
from telegram.constants import ChatMemberStatus, ChatType

from bots.telegram import buttons, linking, updates
from bots.telegram.connection import NAME, Connection
from bots.telegram.contents import Say, file_of
from bots.telegram.files import Files, NotFetched
from bots.telegram.groups import Groups
from bots.telegram.turns import Turns
from contact_center.channels.base import Inbound
from contact_center.conversations.queries import find_conversation
from contact_center.errors import Unavailable
from contact_center.runtime import Runtime
from contact_center.tickets.models import ACTIVE
from contact_center.tickets.queries import get_ticket

WANTED = ["message", "edited_message", "callback_query", "my_chat_member"]
_GROUPS = {ChatType.GROUP, ChatType.SUPERGROUP}


@dataclass(frozen=True, slots=True)
class Speaker:
    """How we talk to the one who sent an update."""

    language: str | None  # where the app told one that we speak
    say: Say


class Front:
    def __init__(self, runtime: Runtime, connection: Connection) -> None:
        self._runtime = runtime
        self._connection = connection
        self._files = Files(
            connection, storage=runtime.storage, limits=runtime.settings.attachments
        )
        self._groups = Groups(runtime, connection)
        self._turns = Turns()

    async def handle(self, update: Update) -> None:
        """Return when what the update brought is safe; raise when it must be sent again."""
        chat = update.effective_chat
        if chat is None:
            return
        async with self._turns.of(chat.id):
            if chat.type == ChatType.PRIVATE:
                await self._private(update)
            elif chat.type in _GROUPS:
                await self._groups.handle(update)

    async def _private(self, update: Update) -> None:
        speaker = self._speaker(update)
        if query := update.callback_query:
            await self._button(query, speaker)
        elif change := update.my_chat_member:
            await self._membership(change, update.update_id, speaker)
        elif message := update.edited_message:
            await self._message(message, speaker, edit=update.update_id)
        elif message := update.message:
            if (code := linking.code_in(message.text or "")) is not None:
                await linking.link(
                    self._runtime,
                    self._connection,
                    message,
                    code=code,
                    language=speaker.language or self._runtime.settings.language,
                )
            else:
                await self._message(message, speaker, edit=None)

    def _speaker(self, update: Update) -> Speaker:
        texts = self._runtime.texts
        language = updates.language_of(update.effective_user, spoken=texts.languages)
        return Speaker(language, partial(texts.say, language or self._runtime.settings.language))

    async def _message(self, message: Message, speaker: Speaker, *, edit: int | None) -> None:
        inbound = updates.from_message(
            message,
            connection=self._connection,
            say=speaker.say,
            language=speaker.language,
            edit=edit,
        )
        if inbound is None:
            return
        # An edited caption comes with the file that we already have.
        if edit is None and (ref := file_of(message)):
            try:
                inbound = updates.with_file(inbound, await self._files.fetch(ref))
            except NotFetched as lost:
                note = speaker.say(f"telegram.{lost.reason}", name=ref.name)
                inbound = updates.with_note(inbound, note)
        await self._submit(inbound)

    async def _submit(self, inbound: Inbound) -> None:
        try:
            receipt = await self._runtime.inbox.submit(inbound)
        except Unavailable:
            await self._forget_files(inbound)
            raise
        if receipt.duplicate:
            await self._forget_files(inbound)

    async def _forget_files(self, inbound: Inbound) -> None:
        """The message is here already, or will come again: with files of its own."""
        for file in inbound.attachments:
            await self._runtime.storage.delete(file.key)

    async def _button(self, query: CallbackQuery, speaker: Speaker) -> None:
        if query.message is None:
            return
        chat = query.message.chat.id
        value = buttons.value(self._runtime.secret, chat=str(chat), data=query.data or "")
        if value is None:
            await self._connection.answer(query, speaker.say("telegram.button_stale"))
            return
        inbound = updates.from_button(
            query,
            chat=chat,
            value=value,
            connection=self._connection,
            language=speaker.language,
        )
        await self._submit(inbound)
        await self._connection.answer(query)

    async def _membership(
        self, change: ChatMemberUpdated, update_id: int, speaker: Speaker
    ) -> None:
        blocked = change.new_chat_member.status == ChatMemberStatus.BANNED
        if blocked and await self._has_open_ticket(change.chat.id):
            inbound = updates.from_block(
                change, update_id=update_id, connection=self._connection, say=speaker.say
            )
            await self._submit(inbound)

    async def _has_open_ticket(self, chat: int) -> bool:
        async with self._runtime.db.read() as session:
            conversation = await find_conversation(session, channel=NAME, thread=str(chat))
            if conversation is None or conversation.ticket_id is None:
                return False
            ticket = await get_ticket(session, conversation.ticket_id)
            return ticket.status in ACTIVE
