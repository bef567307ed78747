"""Logins, passwords and tokens. Callers own the transaction."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Agent
from contact_center.db import hint
from contact_center.errors import Invalid
from contact_center.events import rules as actors
from contact_center.events.actions import record
from contact_center.events.rules import Actor
from contact_center.logins import queries, rules
from contact_center.logins.models import ApiToken, LoginSession
from contact_center.settings import Logins
from contact_center.web.permissions import Permission

TOKENS = "tokens"  # hinted at when one is no longer valid


async def open_session(
    session: AsyncSession, agent: Agent, *, user_agent: str, now: datetime, settings: Logins
) -> tuple[str, LoginSession]:
    """The cookie, which is not kept, and the login."""
    cookie = secrets.token_urlsafe(32)
    login = LoginSession(
        id_hash=rules.digest(cookie),
        agent_id=agent.id,
        csrf_token=secrets.token_urlsafe(24),
        user_agent=user_agent[:200],
        created_at=now,
        seen_at=now,
        expires_at=rules.session_end(created_at=now, seen_at=now, settings=settings),
    )
    session.add(login)
    await session.flush()
    by = actors.agent(agent.id)
    await record(session, "agent.logged_in", actor=by, now=now, data={"agent_id": agent.id})
    return cookie, login


async def log_out(session: AsyncSession, agent_id: int, *, id_hash: str, now: datetime) -> None:
    await queries.delete_sessions(session, agent_id, only=id_hash)
    by = actors.agent(agent_id)
    await record(session, "agent.logged_out", actor=by, now=now, data={"agent_id": agent_id})


async def log_out_everywhere(
    session: AsyncSession, agent_id: int, *, by: Actor, now: datetime
) -> None:
    await queries.delete_sessions(session, agent_id)
    data = {"agent_id": agent_id, "everywhere": True}
    await record(session, "agent.logged_out", actor=by, now=now, data=data)


async def set_password(
    session: AsyncSession,
    agent: Agent,
    *,
    password_hash: str,
    by: Actor,
    now: datetime,
    keep: str | None = None,
) -> None:
    """Every login ends, but for the one whose cookie's hash is `keep`."""
    agent.password_hash = password_hash
    await session.flush()
    await queries.delete_sessions(session, agent.id, but=keep)
    data = {"agent_id": agent.id}
    await record(session, "agent.password_changed", actor=by, now=now, data=data)


async def create_token(
    session: AsyncSession,
    *,
    name: str,
    scopes: Sequence[Permission],
    expires_at: datetime | None,
    own: frozenset[Permission],
    created_by: int | None,
    by: Actor,
    now: datetime,
) -> tuple[str, ApiToken]:
    """The secret, which is shown once and not kept. Raises Invalid, Forbidden."""
    rules.check_scopes(scopes, own=own)
    if expires_at is not None and expires_at <= now:
        raise Invalid(code="token.expired_already")
    token = ApiToken(
        name=name,
        secret_hash=secrets.token_hex(16),  # until its id is known, which the secret contains
        scopes=sorted(set(scopes)),
        created_by=created_by,
        created_at=now,
        expires_at=expires_at,
    )
    session.add(token)
    await session.flush()
    secret = f"cc_{token.id}_{secrets.token_urlsafe(32)}"
    token.secret_hash = rules.digest(secret)
    await session.flush()
    data = {"token_id": token.id, "scopes": token.scopes}
    await record(session, "token.created", actor=by, now=now, data=data)
    return secret, token


async def revoke_token(session: AsyncSession, token: ApiToken, *, by: Actor, now: datetime) -> None:
    """Nothing happens to one that is revoked already."""
    if token.revoked_at is not None:
        return
    token.revoked_at = now
    await session.flush()
    hint(session, TOKENS)
    await record(session, "token.revoked", actor=by, now=now, data={"token_id": token.id})
