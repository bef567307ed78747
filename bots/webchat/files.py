"""Files on their way in, before the message that carries them, and out again."""

import math
import mimetypes
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import quote
from uuid import UUID

from aiohttp import BodyPartReader, web

from bots.webchat.front import FRONT, Front, call_of, visitor_of
from bots.webchat.sniff import LOOKED_AT, SAFE_IMAGES, checked_type
from contact_center.errors import Invalid, NotFound, TooLarge, Unauthenticated
from contact_center.messages.models import Attachment, Direction
from contact_center.messages.queries import get_attachment
from contact_center.storage import CHUNK, MESSAGE_MAY_FOLLOW, StoredFile
from contact_center.web.addresses import client_network
from contact_center.web.limits import LONGEST_UPLOAD, arriving

DAY = 86400
OVERHEAD = 64 * 1024  # bytes of multipart around a file


async def upload(request: web.Request) -> web.Response:
    """Store one file; the answer's `reference` puts it into the message it was uploaded for."""
    front, visitor, call = request.app[FRONT], visitor_of(request), call_of(request)
    front.limits.files.hit(visitor.id)
    front.limits.network.hit(client_network(call))
    message = _message_id(request)
    limit = front.runtime.settings.attachments.max_bytes
    if (request.content_length or 0) > limit + OVERHEAD:
        raise TooLarge(code="file.too_large", bytes=limit)
    # A body that does not say how long it is counts as the longest.
    cost = min(request.content_length or limit, limit)
    front.limits.bytes.hit(client_network(call), cost=cost)
    async with arriving(front.uploading, client_network(call), within=LONGEST_UPLOAD):
        stored = await _store(front, await _file_part(request), limit=limit)
    reference = front.uploads.sign(
        {
            "visitor": visitor.id,
            "message": message,
            "file": asdict(stored),
            "exp": (call.now + MESSAGE_MAY_FOLLOW).timestamp(),
        }
    )
    shown = {"name": stored.name, "type": stored.content_type, "size": stored.size}
    return web.json_response({"reference": reference, **shown}, status=201)


def opened_uploads(
    front: Front, references: Sequence[str], *, visitor: str, message: str, now: float
) -> list[StoredFile]:
    """The files of one message; each may be used in the message it was uploaded for only."""
    most = front.runtime.settings.attachments.max_per_message
    if len(references) > most:
        raise Invalid(code="chat.too_many_files", most=most)
    files: dict[str, StoredFile] = {}
    for reference in references:
        facts = _upload_facts(front, reference, now=now)
        if facts["visitor"] != visitor or facts["message"] != message:
            raise Invalid(code="chat.file_for_another")
        file = StoredFile(**facts["file"])
        files[file.key] = file
    return list(files.values())


def attachment_view(front: Front, attachment: Attachment, *, now: float) -> dict[str, Any]:
    # The address stays the same for a day, so that browsers need not fetch a picture twice.
    expires = (math.floor(now / DAY) + 2) * DAY
    token = front.downloads.sign({"id": attachment.id, "exp": expires})
    return {
        "name": attachment.name,
        "type": attachment.content_type,
        "size": attachment.size,
        "url": f"files/{token}",  # below /chat/
    }


async def download(request: web.Request) -> web.Response:
    """Whoever has the link has the file: windows cannot add a header to a picture."""
    front, now = request.app[FRONT], call_of(request).now.timestamp()
    try:
        facts = front.downloads.open(request.match_info["token"], now=now)
    except Unauthenticated:
        raise NotFound(code="chat.link_over") from None
    async with front.runtime.db.read() as session:
        attachment, message = await get_attachment(session, facts["id"])
    if message.direction is Direction.NOTE:
        raise NotFound(code="chat.not_for_customers")
    content = await front.runtime.storage.load(attachment.storage_key)
    return web.Response(body=content, headers=_download_headers(attachment))


def _download_headers(attachment: Attachment) -> dict[str, str]:
    shown = "inline" if attachment.content_type in SAFE_IMAGES else "attachment"
    return {
        "Content-Type": attachment.content_type,
        "Content-Disposition": f"{shown}; filename*=UTF-8''{quote(attachment.name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=86400",
    }


def _message_id(request: web.Request) -> str:
    try:
        return str(UUID(request.query.get("message", "")))
    except ValueError:
        raise Invalid(code="chat.say_message") from None


async def _file_part(request: web.Request) -> BodyPartReader:
    if request.content_type != "multipart/form-data":
        raise Invalid(code="chat.send_multipart")
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name == "file":
                return part
    except ValueError as error:
        raise Invalid(code="chat.malformed_multipart", problem=str(error)) from None
    raise Invalid(code="chat.no_file_field")


async def _store(front: Front, part: BodyPartReader, *, limit: int) -> StoredFile:
    name = part.filename or "file"
    head = await part.read_chunk(CHUNK)
    while head and len(head) < LOOKED_AT and (more := await part.read_chunk(CHUNK)):
        head += more
    if not head:
        raise Invalid(code="chat.file_empty")
    claimed = part.headers.get("Content-Type", "").partition(";")[0]
    if not claimed or claimed == "application/octet-stream":
        claimed = mimetypes.guess_type(name)[0] or ""
    content_type = checked_type(
        claimed, head[:LOOKED_AT], allowed=front.runtime.settings.attachments.types
    )

    async def chunks() -> AsyncIterator[bytes]:
        yield head
        while chunk := await part.read_chunk(CHUNK):
            yield chunk

    return await front.runtime.storage.save(
        chunks(), name=name, content_type=content_type, limit=limit
    )


def _upload_facts(front: Front, reference: str, *, now: float) -> dict[str, Any]:
    try:
        return front.uploads.open(reference, now=now)
    except Unauthenticated:
        raise Invalid(code="chat.file_reference") from None
