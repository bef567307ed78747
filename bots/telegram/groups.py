"""What happens in groups: agents claim tickets there; everything else is not for us."""

from functools import partial

from telegram import CallbackQuery, Message, Update

from bots.telegram import buttons
from bots.telegram.connection import Connection
from bots.telegram.contents import Say, command_of
from contact_center.agents import actions as agents
from contact_center.agents.models import Agent
from contact_center.agents.queries import find_agent_by_telegram, is_team_chat
from contact_center.errors import ContactCenterError
from contact_center.events import rules as actors
from contact_center.routing.rules.notices import claimed_ticket
from contact_center.runtime import Runtime
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import AlreadyClaimed


class Groups:
    def __init__(self, runtime: Runtime, connection: Connection) -> None:
        self._runtime = runtime
        self._connection = connection

    async def handle(self, update: Update) -> None:
        if query := update.callback_query:
            await self._pressed(query)
        elif message := update.message:
            if message.migrate_to_chat_id is not None:
                await self._moved(message.chat.id, message.migrate_to_chat_id)
            else:
                await self._command(message)

    async def _command(self, message: Message) -> None:
        """`/id` is how an administrator learns what to enter for the team."""
        command = command_of(message.text or "")
        if command and command[0] == "id":
            say = partial(self._runtime.texts.say, self._runtime.settings.language)
            await self._connection.tell(
                message.chat.id, say("telegram.chat_id", chat=message.chat.id)
            )

    async def _moved(self, old: int, new: int) -> None:
        async with self._runtime.db.begin() as session:
            await agents.move_team_chat(
                session, old=str(old), new=str(new), now=self._runtime.now()
            )

    async def _pressed(self, query: CallbackQuery) -> None:
        chat = str(query.message.chat.id) if query.message else ""
        value = buttons.value(self._runtime.secret, chat=chat, data=query.data or "")
        ticket_id = claimed_ticket(value or "")
        async with self._runtime.db.read() as session:
            agent = await find_agent_by_telegram(session, str(query.from_user.id))
            known = await is_team_chat(session, chat)
        language = agent.language if agent else self._runtime.settings.language
        say = partial(self._runtime.texts.say, language)
        if ticket_id is None or not known:
            await self._connection.answer(query, say("telegram.button_stale"))
        elif agent is None:
            await self._connection.answer(query, say("telegram.not_linked"))
        else:
            await self._connection.answer(query, await self._claim(ticket_id, agent, say))

    async def _claim(self, ticket_id: int, agent: Agent, say: Say) -> str:
        """What the agent is told about the result."""
        try:
            async with self._runtime.db.begin() as session:
                ticket = await tickets.claim(
                    session, ticket_id, by=actors.agent(agent.id), now=self._runtime.now()
                )
        except AlreadyClaimed as lost:
            return say("telegram.claim_lost", name=lost.facts["assignee"]["name"])
        except ContactCenterError:
            return say("telegram.claim_gone")
        return say("telegram.claim_won", reference=ticket.reference)
