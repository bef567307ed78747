"""Pure decisions about messages."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from contact_center.channels.base import Button
from contact_center.errors import Invalid
from contact_center.messages.models import Author, Direction, Message
from contact_center.search import tokens
from contact_center.storage import StoredFile


def search_terms(text: str) -> list[str]:
    """What a message must contain, all of it. Raises Invalid when there is nothing to look for."""
    terms = list(dict.fromkeys(tokens(text)))[:12]
    if not terms:
        raise Invalid(code="search.no_word")
    return terms


def unanswered_since(said: Iterable[Message]) -> datetime | None:
    """When the oldest of a customer's messages came that no human has answered."""
    since = None
    for message in said:
        if message.author is Author.CUSTOMER:
            since = since or message.created_at
        elif message.author is Author.AGENT and message.direction is Direction.OUT:
            since = None
    return since


def message_row(
    *,
    ticket_id: int,
    conversation_id: int,
    direction: Direction,
    author: Author,
    author_id: int | None,
    channel: str,
    external_id: str | None,
    text: str,
    now: datetime,
    original: str | None = None,
    sender: str | None = None,
    buttons: Sequence[Button] = (),
    has_attachments: bool = False,
) -> dict[str, Any]:
    return {
        "ticket_id": ticket_id,
        "conversation_id": conversation_id,
        "direction": direction.value,
        "author": author.value,
        "author_id": author_id,
        "sender": sender,
        "channel": channel,
        "external_id": external_id,
        "text": text,
        "original": original,
        "buttons": [{"label": button.label, "value": button.value} for button in buttons],
        "has_attachments": has_attachments,
        "created_at": now,
    }


def attachment_rows(
    message_id: int, files: Sequence[StoredFile], *, now: datetime
) -> list[dict[str, Any]]:
    return [
        {
            "message_id": message_id,
            "storage_key": file.key,
            "name": file.name,
            "content_type": file.content_type,
            "size": file.size,
            "sha256": file.sha256,
            "created_at": now,
        }
        for file in files
    ]
