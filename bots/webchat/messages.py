"""What a visitor writes, and the small signs that he writes or reads."""

import re
from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from bots.webchat.files import opened_uploads
from bots.webchat.front import CHANNEL, FRONT, Front, call_of, topic_of, visitor_of
from bots.webchat.visitors import Visitor
from contact_center.channels.base import Inbound
from contact_center.conversations.actions import mark_read_by_customer
from contact_center.conversations.queries import find_conversation
from contact_center.errors import Invalid, TooLarge
from contact_center.ledger.models import Outcome
from contact_center.web.addresses import client_network
from contact_center.web.json_body import read_json

LONGEST_TEXT = 10_000  # characters
LARGEST_BODY = 128 * 1024  # bytes
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Written(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: UUID  # made by the window: sent twice, it counts once
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    button: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    files: Annotated[list[Annotated[str, Field(max_length=2000)]], Field(max_length=50)] = []


class Read(BaseModel):
    model_config = ConfigDict(extra="forbid")

    message_id: Annotated[int, Field(ge=1, le=2**63 - 1)]


_WRITTEN, _READ = TypeAdapter(Written), TypeAdapter(Read)


async def send_message(request: web.Request) -> web.Response:
    """Answers when the message is safely stored."""
    front, visitor = request.app[FRONT], visitor_of(request)
    front.limits.messages.hit(visitor.id)
    front.limits.network.hit(client_network(call_of(request)))
    written: Written = await _body(request, _WRITTEN)
    receipt = await front.runtime.inbox.submit(
        _inbound(front, visitor, written, now=call_of(request).now.timestamp())
    )
    if receipt.outcome == Outcome.TICKETED:  # his stream may know no conversation to wait for yet
        front.runtime.bus.publish([topic_of(visitor.id)])
    answer = {"id": str(written.id), "message_id": receipt.message_id}
    return web.json_response({"receipt": answer | {"duplicate": receipt.duplicate}}, status=201)


def _inbound(front: Front, visitor: Visitor, written: Written, *, now: float) -> Inbound:
    text = _UNPRINTABLE.sub("", written.text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    files = opened_uploads(
        front, written.files, visitor=visitor.id, message=str(written.id), now=now
    )
    if not (text or files or written.button):
        raise Invalid(code="chat.nothing_said")
    return Inbound(
        channel=CHANNEL,
        external_id=f"{visitor.id}:{written.id}",
        sender=visitor.sender,
        thread=visitor.id,
        text=text,
        button=written.button,
        attachments=files,
        facts={"page": visitor.page} if visitor.page else {},
        dialogue=True,
    )


async def tell_typing(request: web.Request) -> web.Response:
    """Agents who look at the ticket see that the customer is writing; nothing is stored."""
    front, visitor = request.app[FRONT], visitor_of(request)
    front.limits.hints.hit(visitor.id)
    front.limits.network_hints.hit(client_network(call_of(request)))
    async with front.runtime.db.read() as session:
        conversation = await find_conversation(session, channel=CHANNEL, thread=visitor.id)
    if conversation is not None:
        front.runtime.bus.publish([f"typing:customer:{conversation.id}"])
    return web.Response(status=204)


async def tell_read(request: web.Request) -> web.Response:
    """How far the customer has read."""
    front, visitor = request.app[FRONT], visitor_of(request)
    front.limits.hints.hit(visitor.id)
    front.limits.network_hints.hit(client_network(call_of(request)))
    read: Read = await _body(request, _READ)
    async with front.runtime.db.begin() as session:
        conversation = await find_conversation(session, channel=CHANNEL, thread=visitor.id)
        if conversation is not None:
            await mark_read_by_customer(session, conversation, message_id=read.message_id)
    return web.Response(status=204)


async def _body(request: web.Request, adapter: TypeAdapter[Any]) -> Any:
    if (request.content_length or 0) > LARGEST_BODY:
        raise TooLarge(code="chat.too_large", bytes=LARGEST_BODY)
    return await read_json(request, adapter)
