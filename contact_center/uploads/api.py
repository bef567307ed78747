"""Files are sent first, and then named in the message that carries them."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from contact_center.events.rules import Actor
from contact_center.storage import CHUNK
from contact_center.uploads import actions, rules
from contact_center.web.call import Call
from contact_center.web.limits import LIMITS, LONGEST_UPLOAD, arriving
from contact_center.web.permissions import Permission
from contact_center.web.problems import BadRequest
from contact_center.web.routes import Routes

routes = Routes("uploads")

FileName = Annotated[str, Field(min_length=1, max_length=200, examples=["photo.png"])]


class UploadView(BaseModel):
    id: int = Field(description="name it in a reply or a note within a day")
    name: str
    content_type: str
    size: int = Field(description="bytes")
    sha256: str
    created_at: datetime


@routes.post(
    "/uploads",
    permission=Permission.TICKETS_WRITE,
    transaction=False,
    takes="application/octet-stream",
    errors=(400, 408, 413, 415, 503),
)
async def upload_file(call: Call, name: FileName, content_type: str | None = None) -> UploadView:
    """Send a file ahead of a message.

    The body is the file. Its type is `content_type`, or else the header's.
    """
    settings, runtime = call.runtime.settings.attachments, call.runtime
    kind = content_type or call.request.content_type
    rules.check_type(kind, allowed=settings.types)
    if (call.request.content_length or 0) == 0 and not call.request.can_read_body:
        raise BadRequest(400, code="upload.empty")
    # Stored before the transaction: nobody waits for a slow sender.
    places = call.request.app[LIMITS].uploads
    async with arriving(places, call.principal.actor, within=LONGEST_UPLOAD):
        file = await runtime.storage.save(
            _content(call), name=name, content_type=kind, limit=settings.max_bytes
        )
    async with runtime.db.begin() as session:
        upload = await actions.add_upload(
            session, file, by=Actor(call.principal.actor), now=call.now
        )
    return UploadView.model_validate(upload, from_attributes=True)


async def _content(call: Call) -> AsyncIterator[bytes]:
    async for chunk in call.request.content.iter_chunked(CHUNK):
        yield chunk
