"""Every SQL statement about logins and tokens."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Agent
from contact_center.errors import NotFound
from contact_center.logins.models import ApiToken, LoginSession


async def find_session(
    session: AsyncSession, id_hash: str, *, now: datetime
) -> tuple[LoginSession, Agent] | None:
    """An unexpired login of somebody who still works here."""
    found = select(LoginSession, Agent).join(Agent, Agent.id == LoginSession.agent_id)
    found = found.where(
        LoginSession.id_hash == id_hash, LoginSession.expires_at > now, Agent.active.is_(True)
    )
    return (await session.execute(found)).one_or_none()


async def sessions_of(
    session: AsyncSession, agent_id: int, *, now: datetime
) -> Sequence[LoginSession]:
    """The latest used first."""
    found = select(LoginSession).where(
        LoginSession.agent_id == agent_id, LoginSession.expires_at > now
    )
    return (await session.scalars(found.order_by(LoginSession.seen_at.desc()))).all()


async def delete_sessions(
    session: AsyncSession, agent_id: int, *, only: str | None = None, but: str | None = None
) -> None:
    """`only` and `but` are hashes of cookies."""
    gone = delete(LoginSession).where(LoginSession.agent_id == agent_id)
    if only is not None:
        gone = gone.where(LoginSession.id_hash == only)
    if but is not None:
        gone = gone.where(LoginSession.id_hash != but)
    await session.execute(gone)


async def delete_expired_sessions(session: AsyncSession, *, now: datetime) -> None:
    await session.execute(delete(LoginSession).where(LoginSession.expires_at <= now))


async def touch_session(
    session: AsyncSession, id_hash: str, *, seen_at: datetime, expires_at: datetime
) -> None:
    await session.execute(
        update(LoginSession)
        .where(LoginSession.id_hash == id_hash)
        .values(seen_at=seen_at, expires_at=expires_at)
    )


async def get_token(session: AsyncSession, token_id: int) -> ApiToken:
    token = await session.get(ApiToken, token_id)
    if token is None:
        raise NotFound(code="token.unknown", token_id=token_id)
    return token


async def find_token(session: AsyncSession, token_id: int) -> ApiToken | None:
    return await session.get(ApiToken, token_id)


async def page_of_tokens(session: AsyncSession, *, after: int, limit: int) -> Sequence[ApiToken]:
    found = select(ApiToken).where(ApiToken.id > after).order_by(ApiToken.id).limit(limit)
    return (await session.scalars(found)).all()


async def touch_tokens(session: AsyncSession, used: Mapping[int, datetime]) -> None:
    for token_id, at in used.items():
        await session.execute(update(ApiToken).where(ApiToken.id == token_id).values(used_at=at))
