"""Every SQL statement about uploads."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.uploads.models import Upload


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


async def delete_older(session: AsyncSession, *, before: datetime) -> int:
    """Forget uploads that no message has carried; returns how many."""
    statement = delete(Upload).where(Upload.created_at < before).returning(Upload.id)
    gone = await session.scalars(statement.execution_options(synchronize_session=False))
    return len(gone.all())
