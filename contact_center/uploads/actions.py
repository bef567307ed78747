"""What can be done with uploads. Callers own the transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.errors import NotFound
from contact_center.events.rules import Actor
from contact_center.storage import StoredFile
from contact_center.uploads import queries
from contact_center.uploads.models import Upload


async def add_upload(
    session: AsyncSession, file: StoredFile, *, by: Actor, now: datetime
) -> Upload:
    values = {
        "uploader": by,
        "storage_key": file.key,
        "name": file.name,
        "content_type": file.content_type,
        "size": file.size,
        "sha256": file.sha256,
        "created_at": now,
    }
    return await queries.insert_upload(session, values)


async def take(
    session: AsyncSession, upload_ids: Collection[int], *, by: Actor
) -> Sequence[StoredFile]:
    """One's own files, to be carried by a message of the same transaction. Raises NotFound."""
    wanted = set(upload_ids)
    if not wanted:
        return []
    found = await queries.take_uploads(session, wanted, uploader=by)
    if missing := wanted - {upload.id for upload in found}:
        raise NotFound(code="upload.unknown", upload_id=min(missing))
    return [upload.file for upload in found]
