"""Where other systems hand in messages in our own JSON."""

import base64
import fnmatch
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contact_center.channels.base import LONGEST_TEXT, Inbound, Receipt, Sender
from contact_center.errors import Invalid
from contact_center.ledger.models import Outcome
from contact_center.storage import StoredFile, clean_name
from contact_center.tickets.models import Priority, TicketKind, reference
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("messages")

Key = Annotated[str, Field(min_length=1, max_length=400)]
Tag = Annotated[str, Field(min_length=1, max_length=64)]
MOST_FACTS = 50
# Their addresses are vouched for by their networks; `webhook` is how we call others.
_OURS = ("telegram", "webchat", "webhook")

_CONTENT = "base64; a request has at most 1 MiB, which is some 700 KB of files"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SenderBody(_Body):
    address: Annotated[str, Field(min_length=1, max_length=320)] = Field(
        description="unique on the channel"
    )
    name: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=320)] | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    language: Literal["en", "zh"] | None = None


class FileBody(_Body):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    content_type: Annotated[str, Field(pattern=r"^[\w.+-]+/[\w.+-]+$", max_length=200)]
    content: Annotated[str, Field(description=_CONTENT)]


class MessageBody(_Body):
    """A customer's message. With the same channel and external_id it counts once."""

    channel: Annotated[str, Field(pattern="^[a-z][a-z0-9_-]{0,63}$")] = "api"
    external_id: Key | None = None
    sender: SenderBody
    thread: Key | None = Field(None, description="the conversation; else all of the sender's")
    subject: Annotated[str, Field(max_length=998)] | None = None
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
    kind: TicketKind | None = None
    priority: Priority | None = None
    category: Tag | None = None
    # Factories: a default that could change would be copied for every message.
    tags: Annotated[list[Tag], Field(max_length=20)] = Field(default_factory=list)
    facts: Annotated[dict[Tag, Any], Field(max_length=MOST_FACTS)] = Field(default_factory=dict)
    attachments: Annotated[list[FileBody], Field(max_length=10)] = Field(default_factory=list)


class ReceiptView(BaseModel):
    outcome: Outcome
    duplicate: bool = Field(description="it had been received before, and changed nothing")
    message_id: int | None
    ticket_id: int | None
    ticket: str | None = Field(description="the reference customers are told")
    reason: str | None = Field(description="why it is kept in quarantine")


@routes.post(
    "/messages", permission=Permission.MESSAGES_SUBMIT, transaction=False, errors=(413, 503)
)
async def submit_message(call: Call, body: MessageBody) -> ReceiptView:
    """Hand in a customer's message; it is durable when this answers."""
    if body.channel in _OURS or body.channel not in call.runtime.channels:
        raise Invalid(code="intake.channel", channel=body.channel)
    files = [await _save(call, file) for file in body.attachments]
    external_id = body.external_id or f"api-{call.runtime.random.getrandbits(128):032x}"
    inbound = _inbound(body, external_id, files)
    return _view(await call.runtime.inbox.submit(inbound))


def _inbound(body: MessageBody, external_id: str, files: list[StoredFile]) -> Inbound:
    sender = body.sender
    return Inbound(
        channel=body.channel,
        external_id=external_id,
        sender=Sender(
            address=sender.address,
            name=sender.name,
            email=sender.email,
            phone=sender.phone,
            language=sender.language,
        ),
        thread=body.thread or sender.address,
        subject=body.subject,
        text=body.text,
        kind=body.kind,
        priority=body.priority,
        category=body.category,
        tags=body.tags,
        facts=body.facts,
        attachments=files,
    )


async def _save(call: Call, file: FileBody) -> StoredFile:
    limits = call.runtime.settings.attachments
    if not any(fnmatch.fnmatch(file.content_type, allowed) for allowed in limits.types):
        raise Invalid(code="file.type_refused", content_type=file.content_type)

    try:
        decoded = base64.b64decode(file.content, validate=True)
    except ValueError:
        raise Invalid(code="file.not_base64", name=clean_name(file.name)) from None

    async def content() -> AsyncIterator[bytes]:
        yield decoded

    return await call.runtime.storage.save(
        content(), name=file.name, content_type=file.content_type, limit=limits.max_bytes
    )


def _view(receipt: Receipt) -> ReceiptView:
    ticket = reference(receipt.ticket_id) if receipt.ticket_id else None
    return ReceiptView(
        outcome=Outcome(receipt.outcome),
        duplicate=receipt.duplicate,
        message_id=receipt.message_id,
        ticket_id=receipt.ticket_id,
        ticket=ticket,
        reason=receipt.reason,
    )
