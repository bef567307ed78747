"""Every SQL statement about uploads."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.bulk import next_ids
from contact_center.db import Table, among
from contact_center.uploads.models import Upload

UPLOADS = Table.metadata.tables["uploads"]


async def insert_upload(session: AsyncSession, values: Mapping[str, Any]) -> Upload:
    [number] = await next_ids(session, UPLOADS, 1)
    upload = Upload(id=number, **values)
    session.add(upload)
    await session.flush()
    return upload


async def take_uploads(
    session: AsyncSession, upload_ids: Collection[int], *, uploader: str
) -> Sequence[Upload]:
    """Delete and return somebody's uploads, oldest first; of two who try one gets them."""
    statement = (
        delete(Upload)
        .where(Upload.id.in_(upload_ids), Upload.uploader == uploader)
        .returning(Upload)
        .execution_options(synchronize_session=False)
    )
    return sorted((await session.scalars(statement)).all(), key=lambda upload: upload.id)


async def waiting_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Those of the keys that a message may still carry."""
    found = select(Upload.storage_key).where(among(session, Upload.storage_key, keys))
    return set(await session.scalars(found))


async def delete_older(session: AsyncSession, *, before: datetime) -> int:
    """Forget uploads that no message has carried; returns how many."""
    statement = delete(Upload).where(Upload.created_at < before).returning(Upload.id)
    gone = await session.scalars(statement.execution_options(synchronize_session=False))
    return len(gone.all())
