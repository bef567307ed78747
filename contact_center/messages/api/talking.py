"""Messages over HTTP: reading them, answering, and notes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.agents.queries import agent_names
from contact_center.channels.base import LONGEST_TEXT
from contact_center.deliveries.models import DeliveryStatus
from contact_center.deliveries.queries import deliveries_of_messages
from contact_center.events.rules import agent
from contact_center.messages import actions, queries
from contact_center.messages.models import Attachment, Author, Direction, Message
from contact_center.tickets.api.views import Person, actor, reader_of
from contact_center.tickets.queries import check_may_see, get_ticket
from contact_center.uploads.actions import take
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("messages")
READ, WRITE = Permission.TICKETS_READ, Permission.TICKETS_WRITE

Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Uploads = Annotated[list[Id], Field(max_length=10, description="what POST /uploads answered")]


class AttachmentView(BaseModel):
    id: int
    name: str
    content_type: str
    size: int = Field(description="bytes")
    sha256: str


class MessageView(BaseModel):
    id: int
    ticket_id: int
    direction: Direction = Field(description="a note never leaves the desk")
    author: Author
    agent: Person | None = Field(description="where an agent wrote it")
    sender: str | None = Field(description="the address, where it is not the customer's")
    channel: str
    text: str
    original: str | None = Field(description="with the quotes, where they were cut")
    attachments: list[AttachmentView]
    delivery: DeliveryStatus | None = Field(
        description="how it fares on its way out; null for what a person has said"
    )
    created_at: datetime


class Words(Body):
    """A text, files, or both."""

    text: Text = ""
    uploads: Uploads = []


class ReadMark(Body):
    message_id: Id


@routes.get("/tickets/{ticket_id}/messages", permission=READ)
async def list_messages(
    call: Call, ticket_id: Id, after: Cursor | None = None, limit: Limit = 50
) -> Page[MessageView]:
    """List what was said on a ticket, oldest first, with colleagues' notes."""
    await get_ticket(call.session, ticket_id)
    (last,) = read_cursor(after, int) or (0,)
    rows = await queries.ticket_messages(call.session, ticket_id, after=last, limit=limit + 1)
    shown = await _views(call, rows)
    return page_of(shown, limit=limit, key=lambda view: (view.id,), show=lambda view: view)


@routes.post("/tickets/{ticket_id}/replies", permission=WRITE, errors=(409,), idempotent=True)
async def reply_to_ticket(call: Call, ticket_id: Id, body: Words) -> MessageView:
    """Answer the customer in the channel they wrote in.

    On what came by phone, visit, fax or letter it is kept as said by that medium: nothing is sent.

    Who answers a ticket nobody has claims it, and is accountable from then on.
    """
    by = agent(call.agent.id)
    message = await actions.reply(
        call.session,
        ticket_id,
        text=body.text,
        files=await take(call.session, body.uploads, by=by),
        by=by,
        now=call.now,
    )
    return await _view(call, message)


@routes.post("/tickets/{ticket_id}/notes", permission=WRITE, idempotent=True)
async def add_note_to_ticket(call: Call, ticket_id: Id, body: Words) -> MessageView:
    """Leave a note for colleagues."""
    message = await actions.add_note(
        call.session,
        ticket_id,
        text=body.text,
        files=await take(call.session, body.uploads, by=actor(call)),
        by=actor(call),
        now=call.now,
    )
    return await _view(call, message)


@routes.put("/tickets/{ticket_id}/read-mark", permission=READ)
async def mark_ticket_read(call: Call, ticket_id: Id, body: ReadMark) -> None:
    """Remember that the agent has seen everything up to a message."""
    by = agent(call.agent.id)
    await actions.mark_read(call.session, ticket_id, message_id=body.message_id, by=by)


@routes.get(
    "/attachments/{attachment_id}",
    permission=READ,
    transaction=False,
    media_type="application/octet-stream",
)
async def download_attachment(call: Call, attachment_id: Id) -> web.Response:
    """Download a file; whatever it is, browsers save it and do not run it."""
    async with call.runtime.db.read() as session:
        attachment, message = await queries.get_attachment(session, attachment_id)
        await check_may_see(session, message.ticket_id, reader=reader_of(call))
    content = await call.runtime.storage.load(attachment.storage_key)
    name = quote(attachment.name, safe="")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return web.Response(body=content, content_type="application/octet-stream", headers=headers)


async def _view(call: Call, message: Message) -> MessageView:
    [view] = await _views(call, [message])
    return view


async def _views(call: Call, messages: Sequence[Message]) -> list[MessageView]:
    """Three statements, however many messages."""
    ids = [message.id for message in messages]
    files = await queries.attachments_of(call.session, ids)
    sent = await deliveries_of_messages(call.session, ids)
    staff = {message.author_id for message in messages if message.author is Author.AGENT}
    names = await agent_names(call.session, staff)
    return [
        MessageView(
            id=message.id,
            ticket_id=message.ticket_id,
            direction=message.direction,
            author=message.author,
            agent=_agent(message, names),
            sender=message.sender,
            channel=message.channel,
            text=message.text,
            original=message.original,
            attachments=[_file(file) for file in files.get(message.id, ())],
            delivery=sent[message.id].status if message.id in sent else None,
            created_at=message.created_at,
        )
        for message in messages
    ]


def _agent(message: Message, names: dict[int, str]) -> Person | None:
    if message.author is not Author.AGENT or message.author_id is None:
        return None
    return Person(id=message.author_id, name=names[message.author_id])


def _file(attachment: Attachment) -> AttachmentView:
    return AttachmentView.model_validate(attachment, from_attributes=True)
