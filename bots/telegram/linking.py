"""`/link CODE`: an agent shows that a Telegram account is theirs."""

from functools import partial

from telegram import Message

from bots.telegram.connection import Connection
from bots.telegram.contents import command_of
from contact_center.agents import actions as agents
from contact_center.agents.rules import agent_of_code
from contact_center.errors import ContactCenterError
from contact_center.runtime import Runtime

DEEP_LINK = "link_"  # t.me/our_bot?start=link_CODE


def code_in(text: str) -> str | None:
    """The code of `/link CODE`, or of the `/start link_CODE` that a deep link sends."""
    command = command_of(text)
    if command is None:
        return None
    name, rest = command
    if name == "link":
        return rest
    if name == "start" and rest.startswith(DEEP_LINK):
        return rest.removeprefix(DEEP_LINK)
    return None


async def link(
    runtime: Runtime, connection: Connection, message: Message, *, code: str, language: str
) -> None:
    say, now = partial(runtime.texts.say, language), runtime.now()
    assert message.from_user is not None
    try:
        agent_id = agent_of_code(runtime.secret, code, now=now)
        async with runtime.db.begin() as session:
            agent = await agents.link_telegram(
                session, agent_id, telegram_id=str(message.from_user.id), now=now
            )
    except ContactCenterError:
        await connection.tell(message.chat.id, say("telegram.link_failed"))
    else:
        await connection.tell(message.chat.id, say("telegram.linked", name=agent.name))
