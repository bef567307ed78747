"""Answers that were given before."""

from datetime import datetime

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.db import insert_or_ignore
from contact_center.web.models import IdempotentAnswer


async def reserve_answer(
    session: AsyncSession, *, caller: str, key: str, fingerprint: str, now: datetime
) -> IdempotentAnswer | None:
    """The earlier answer, or None when the key is new and now taken.

    On PostgreSQL this waits while another transaction holds the same key.
    """
    statement = insert_or_ignore(session, IdempotentAnswer).values(
        caller=caller,
        key=key,
        fingerprint=fingerprint,
        status=0,
        body="",
        headers={},
        created_at=now,
    )
    taken = await session.scalar(statement.returning(IdempotentAnswer.key))
    return None if taken else await session.get_one(IdempotentAnswer, (caller, key))


async def keep_answer(
    session: AsyncSession,
    *,
    caller: str,
    key: str,
    status: int,
    body: str,
    headers: dict[str, str],
) -> None:
    await session.execute(
        update(IdempotentAnswer)
        .where(IdempotentAnswer.caller == caller, IdempotentAnswer.key == key)
        .values(status=status, body=body, headers=headers)
    )


async def forget_answers(session: AsyncSession, *, before: datetime, limit: int) -> int:
    """Forget at most `limit` answers; returns how many there were."""
    key = tuple_(IdempotentAnswer.caller, IdempotentAnswer.key)
    old = select(IdempotentAnswer.caller, IdempotentAnswer.key)
    old = old.where(IdempotentAnswer.created_at < before).limit(limit)
    gone = delete(IdempotentAnswer).where(key.in_(old)).returning(IdempotentAnswer.key)
    gone = gone.execution_options(synchronize_session=False)
    return len((await session.scalars(gone)).all())
