"""Every SQL statement about uploads."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select
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


async def delete_older(session: AsyncSession, *, before: datetime, limit: int) -> Sequence[str]:
    """Storage keys of uploads that no message has carried."""
    old = select(Upload.id).where(Upload.created_at < before).order_by(Upload.id).limit(limit)
    statement = (
        delete(Upload)
        .where(Upload.id.in_(old.scalar_subquery()))
        .returning(Upload.storage_key)
        .execution_options(synchronize_session=False)
    )
    return (await session.scalars(statement)).all()
