"""How a conversation looks in the window."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bots.webchat.files import attachment_view
from bots.webchat.front import CHANNEL, Front
from bots.webchat.visitors import Visitor
from contact_center.agents.queries import agent_names
from contact_center.conversations.models import Conversation
from contact_center.conversations.queries import find_conversation
from contact_center.messages.models import Attachment, Author, Message
from contact_center.messages.queries import (
    attachments_of,
    conversation_messages,
    latest_in_conversation,
)
from contact_center.standing.actions import standings
from contact_center.standing.models import Standing
from contact_center.standing.rules import page_of
from contact_center.texts import FALLBACK
from contact_center.tickets.models import Status, Ticket
from contact_center.tickets.queries import get_ticket

SHOWN_AT_FIRST = 100  # messages of a long conversation
PAGE = 200


@dataclass(frozen=True, slots=True)
class News:
    """What a window is to show: all of it read in one look at the database."""

    conversation: Conversation
    messages: Sequence[Message]
    views: Sequence[dict[str, Any]]  # of the messages, in the same order
    ticket: dict[str, Any] | None
    helper: str | None  # who works on the ticket: shown while he types


async def find(front: Front, visitor: Visitor) -> Conversation | None:
    async with front.runtime.db.read() as session:
        return await find_conversation(session, channel=CHANNEL, thread=visitor.id)


async def look(front: Front, visitor: Visitor, *, after: int | None, now: datetime) -> News | None:
    """What was said after a message, or the end of it all; None before the first word."""
    async with front.runtime.db.read() as session:
        conversation = await find_conversation(session, channel=CHANNEL, thread=visitor.id)
        if conversation is None:
            return None
        number = conversation.id
        if after is None:
            messages = await latest_in_conversation(session, number, limit=SHOWN_AT_FIRST)
        else:
            messages = await conversation_messages(session, number, after=after, limit=PAGE)
        carrying = [message.id for message in messages if message.has_attachments]
        files = await attachments_of(session, carrying) if carrying else {}
        ticket, standing = None, None
        if conversation.ticket_id is not None:
            ticket = await get_ticket(session, conversation.ticket_id)
            known = front.runtime.texts.keys(FALLBACK)
            [standing] = await standings(session, [ticket], known=known, now=now)
        people = {m.author_id for m in messages if m.author is Author.AGENT}
        people |= {ticket.owner_id, ticket.assignee_id} if ticket else set()
        names = await agent_names(session, people) if people - {None} else {}
    views = [
        _message_view(front, visitor, message, files.get(message.id, ()), names, now=now)
        for message in messages
    ]
    shown = _ticket_view(front, visitor, ticket, standing) if ticket and standing else None
    helper = names.get(ticket.assignee_id or ticket.owner_id or 0) if ticket else None
    return News(conversation, messages, views, shown, helper)


def _message_view(
    front: Front,
    visitor: Visitor,
    message: Message,
    files: Sequence[Attachment],
    names: dict[int, str],
    *,
    now: datetime,
) -> dict[str, Any]:
    return {
        "id": message.id,
        "client_id": _client_id(visitor, message),
        "from": message.author,
        "name": _name(front, visitor, message, names),
        "text": message.text,
        "buttons": message.buttons,
        "files": [attachment_view(front, file, now=now.timestamp()) for file in files],
        "at": message.created_at.isoformat(),
    }


def _client_id(visitor: Visitor, message: Message) -> str | None:
    """What the window called its own message."""
    prefix = f"{visitor.id}:"
    if message.author is Author.CUSTOMER and (message.external_id or "").startswith(prefix):
        return str(message.external_id)[len(prefix) :]
    return None


def _name(front: Front, visitor: Visitor, message: Message, names: dict[int, str]) -> str:
    if message.author is Author.CUSTOMER:
        return visitor.name
    if message.author is Author.AGENT:
        return names.get(message.author_id or 0, "")
    return front.runtime.settings.company


def _ticket_view(
    front: Front, visitor: Visitor, ticket: Ticket, standing: Standing
) -> dict[str, Any] | None:
    """Nothing while the dialogue talks: there is nobody in charge yet."""
    if ticket.status is Status.BOT:
        return None
    return {
        "reference": standing.reference,
        "status": ticket.status,
        "words": front.runtime.texts.say(visitor.language, standing.stage),
        "owner": standing.owner,
        "acting": standing.acting,
        "promised_at": standing.next_at.isoformat() if standing.next_at else None,
        "finished": standing.is_over,
        "page": page_of(front.runtime.settings.server.public_url, standing.token),
    }
