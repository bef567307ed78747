"""Replies and notes with their files, and telling others that one is being written."""

import mimetypes
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import BodyPartReader, web

from contact_center.closure import actions as closure
from contact_center.desk.steps import check_is_theirs
from contact_center.desk.ticket import message_since, state
from contact_center.desk.times import local_time, zone_of
from contact_center.errors import ContactCenterError, Invalid, TooLarge
from contact_center.events.rules import Actor
from contact_center.messages import actions as messages
from contact_center.messages.models import Message
from contact_center.promises import actions as promises
from contact_center.promises.rules.detecting import LONGEST_SENTENCE, detect
from contact_center.storage import CHUNK, StoredFile
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import ResolutionCode, Status
from contact_center.tickets.queries import get_ticket
from contact_center.uploads.rules import check_type
from contact_center.web.arguments import Id
from contact_center.web.call import Call
from contact_center.web.limits import LIMITS, LONGEST_UPLOAD, arriving
from contact_center.web.permissions import Permission
from contact_center.web.problems import BadRequest
from contact_center.web.routes import Routes
from contact_center.web.storable import is_storable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

routes = Routes("desk", prefix="/desk", documented=False)

LONGEST = 100_000  # characters
_FIELDS = ("text", "mode", "then", "code", "after", "promise_until")


@dataclass(slots=True)
class Draft:
    """What an agent has written, and what is to happen once it is sent."""

    text: str = ""
    mode: str = "reply"  # or "note"
    then: str = ""  # "resolve", "wait"
    code: str = ResolutionCode.SOLVED.value
    after: str = "0"  # the last message the page knows
    promise_until: str = ""  # local: what is said is a promise for that time
    files: list[StoredFile] = field(default_factory=list)


@routes.post(
    "/tickets/{ticket_id}/say", permission=Permission.TICKETS_WRITE, transaction=False, status=200
)
async def say_on_ticket(call: Call, ticket_id: Id) -> web.Response:
    """A reply or a note; files are stored before the transaction and dropped if it fails."""
    draft = Draft()
    try:
        await _read(call, draft)
        await _send(call, ticket_id, draft)
    except (ContactCenterError, BadRequest):  # after others it may have been committed
        for file in draft.files:
            await call.runtime.storage.delete(file.key)
        raise
    after = int(draft.after) if draft.after.isdecimal() and len(draft.after) < 19 else 0
    async with call.runtime.db.read() as session:
        fresh = await message_since(session, ticket_id, after)
        return await state(call, session, ticket_id, fresh=fresh)


@routes.post("/tickets/{ticket_id}/typing", permission=Permission.TICKETS_WRITE, transaction=False)
async def tell_typing(call: Call, ticket_id: Id, note: bool = False) -> None:
    """Colleagues see it on the page; the customer sees it in the chat, but not for a note."""
    topics = [f"desk-typing:{ticket_id}:{call.agent.id}"]
    if not note:
        async with call.runtime.db.read() as session:
            ticket = await get_ticket(session, ticket_id)
        topics.append(f"typing:{ticket.conversation_id}")
    call.runtime.bus.publish(topics)


async def _send(call: Call, ticket_id: int, draft: Draft) -> None:
    by, now = Actor(call.agent.actor), call.now
    async with call.runtime.db.begin() as session:
        speak = messages.add_note if draft.mode == "note" else messages.reply
        said = await speak(session, ticket_id, text=draft.text, by=by, now=now, files=draft.files)
        if draft.mode != "note" and draft.promise_until:
            await _promise(call, session, said, draft)
        if draft.mode == "note" or not draft.then:
            return
        await check_is_theirs(call, session, ticket_id)
        if draft.then == "resolve":
            code = ResolutionCode(draft.code)
            await closure.resolve(session, ticket_id, code=code, by=by, now=now)
        elif draft.then == "wait":
            await tickets.wait(session, ticket_id, status=Status.WAITING_CUSTOMER, by=by, now=now)


async def _promise(call: Call, session: "AsyncSession", said: Message, draft: Draft) -> None:
    """What was said is a promise: the sentence that gives the time, else its beginning."""
    due_at = local_time(draft.promise_until, zone=call.agent.time_zone)
    if due_at is None:
        return
    offer = detect(said.text, now=call.now, zone=zone_of(call.agent.time_zone))
    text = offer.text if offer else said.text.strip()[:LONGEST_SENTENCE]
    await promises.make(
        session,
        said.ticket_id,
        text=text,
        due_at=due_at,
        by=Actor(call.agent.actor),
        now=call.now,
        message_id=said.id,
    )


async def _read(call: Call, draft: Draft) -> None:
    if call.request.content_type != "multipart/form-data":
        raise BadRequest(415, code="form.with_files")
    limits = call.runtime.settings.attachments
    async for part in await call.request.multipart():
        if not isinstance(part, BodyPartReader):
            raise BadRequest(400, code="form.unreadable")
        if part.name in _FIELDS:
            setattr(draft, part.name, await _text(part))
        elif part.name == "files" and part.filename:
            if len(draft.files) >= limits.max_per_message:
                raise TooLarge(code="message.too_many_files", most=limits.max_per_message)
            draft.files.append(await _store(call, part, name=part.filename))
    if draft.code not in set(ResolutionCode):
        raise Invalid(code="form.no_such_resolution")


async def _store(call: Call, part: BodyPartReader, *, name: str) -> StoredFile:
    limits, kind = call.runtime.settings.attachments, _type(part)
    check_type(kind, allowed=limits.types)
    places = call.request.app[LIMITS].uploads  # those of the API
    async with arriving(places, call.agent.actor, within=LONGEST_UPLOAD):
        return await call.runtime.storage.save(
            _chunks(part), name=name, content_type=kind, limit=limits.max_bytes
        )


async def _text(part: BodyPartReader) -> str:
    raw = await part.read_chunk(4 * LONGEST + 1)
    while chunk := await part.read_chunk(CHUNK):
        raw += chunk
        if len(raw) > 4 * LONGEST:
            break
    text = raw.decode(errors="replace").replace("\r\n", "\n")
    if len(text) > LONGEST:
        raise TooLarge(code="message.too_long", most=LONGEST)
    if not is_storable(text):
        raise Invalid(code="form.unstorable")
    return text


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(CHUNK):
        yield chunk


def _type(part: BodyPartReader) -> str:
    """What the browser says; of a file it does not know, what the name says."""
    said = part.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if said in ("", "application/octet-stream"):
        said = mimetypes.guess_type(part.filename or "")[0] or "application/octet-stream"
    return said
