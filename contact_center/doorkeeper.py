"""Tells the web toolkit who is calling.

A request is refused or let in before its own transaction begins, so each look here is a short one
of its own. When something was last used is written now and then, not at every request.
"""

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contact_center.agents.models import Agent
from contact_center.agents.queries import find_agent_by_email
from contact_center.errors import Unauthenticated
from contact_center.logins import actions, queries, rules
from contact_center.logins.models import ApiToken, LoginSession
from contact_center.runtime import Runtime
from contact_center.web.limits import Limits
from contact_center.web.passwords import Passwords
from contact_center.web.permissions import ROLES, Permission
from contact_center.web.principal import Kind, LoggedIn, Principal

log = logging.getLogger(__name__)

TRUST_TOKEN = timedelta(seconds=5)  # without asking again; a revoked one is hinted at
TOUCH_SESSION = timedelta(minutes=5)
NOTE_USE_EVERY = 30.0  # seconds
MOST_TOKENS = 10_000  # remembered


@dataclass(slots=True)
class Doorkeeper:
    """Implements web.principal.Authenticator."""

    runtime: Runtime
    limits: Limits
    passwords: Passwords
    _trusted: dict[str, tuple[Principal, datetime]] = field(default_factory=dict)
    _tokens_used: dict[int, datetime] = field(default_factory=dict)
    _sessions_seen: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)

    async def by_token(self, token: str, *, now: datetime) -> Principal | None:
        secret_hash = rules.digest(token)
        known = self._trusted.get(secret_hash)
        if known is not None and now < known[1]:
            self._tokens_used[known[0].id] = now
            return known[0]
        self._trusted.pop(secret_hash, None)
        token_id = rules.token_id(token)
        if token_id is None:
            return None
        async with self.runtime.db.read() as session:
            stored = await queries.find_token(session, token_id)
        if stored is None or not hmac.compare_digest(stored.secret_hash, secret_hash):
            return None
        if not rules.is_valid(stored, now=now):
            return None
        return self._trust(secret_hash, stored, now=now)

    async def by_cookie(self, cookie: str, *, now: datetime) -> Principal | None:
        id_hash = rules.digest(cookie)
        async with self.runtime.db.read() as session:
            found = await queries.find_session(session, id_hash, now=now)
        if found is None:
            return None
        login, agent = found
        if now - login.seen_at >= TOUCH_SESSION:
            self._sessions_seen[id_hash] = (login.created_at, now)
        return _agent_principal(agent, login)

    async def log_in(
        self, *, email: str, password: str, address: str, user_agent: str, now: datetime
    ) -> LoggedIn:
        """Raises Unauthenticated, TooMany."""
        account = email.strip().lower()
        self.limits.login_accounts.check(account)
        self.limits.login_addresses.check(address)
        async with self.runtime.db.read() as session:
            agent = await find_agent_by_email(session, account)
        # Counted before the slow part, or many guesses at once would all be free.
        self.limits.login_accounts.fail(account)
        self.limits.login_addresses.fail(address)
        stored = agent.password_hash if agent is not None and agent.active else None
        if not await self.passwords.verify(password, stored) or agent is None:
            log.info("login refused", extra={"address": address})
            raise Unauthenticated(code="login.wrong")
        self.limits.login_accounts.clear(account)
        self.limits.login_addresses.forgive(address)
        return await self._open(agent, user_agent=user_agent, now=now)

    async def note_use(self) -> None:
        """Write down what was used since the last time, and forget what has expired."""
        tokens, self._tokens_used = self._tokens_used, {}
        sessions, self._sessions_seen = self._sessions_seen, {}
        settings, now = self.runtime.settings.logins, self.runtime.now()
        async with self.runtime.db.begin() as session:
            await queries.touch_tokens(session, tokens)
            for id_hash, (created_at, seen_at) in sessions.items():
                end = rules.session_end(created_at=created_at, seen_at=seen_at, settings=settings)
                await queries.touch_session(session, id_hash, seen_at=seen_at, expires_at=end)
            await queries.delete_expired_sessions(session, now=now)

    @asynccontextmanager
    async def on_duty(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._watch(), name="doorkeeper")
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await self._note_use_safely()
        self.passwords.close()

    async def _open(self, agent: Agent, *, user_agent: str, now: datetime) -> LoggedIn:
        settings = self.runtime.settings.logins
        async with self.runtime.db.begin() as session:
            cookie, login = await actions.open_session(
                session, agent, user_agent=user_agent, now=now, settings=settings
            )
        return LoggedIn(
            cookie=cookie,
            principal=_agent_principal(agent, login),
            max_age=settings.longest_days * 24 * 3600,
        )

    async def _watch(self) -> None:
        with self.runtime.bus.subscribe(actions.TOKENS) as subscription:
            while True:
                if await subscription.wait(NOTE_USE_EVERY):
                    self._trusted.clear()
                else:
                    await self._note_use_safely()

    async def _note_use_safely(self) -> None:
        if not (self._tokens_used or self._sessions_seen):
            return
        try:
            await self.note_use()
        except Exception:
            log.exception("could not write down which logins were used")

    def _trust(self, secret_hash: str, token: ApiToken, *, now: datetime) -> Principal:
        principal = _token_principal(token)
        if len(self._trusted) >= MOST_TOKENS:
            self._trusted.clear()
        until = now + TRUST_TOKEN
        self._trusted[secret_hash] = (principal, min(until, token.expires_at or until))
        self._tokens_used[token.id] = now
        return principal


def _token_principal(token: ApiToken) -> Principal:
    known = frozenset(Permission)  # a scope may have been abolished since
    scopes = frozenset(scope for scope in known if scope in token.scopes)
    return Principal(kind=Kind.TOKEN, id=token.id, name=token.name, permissions=scopes)


def _agent_principal(agent: Agent, login: LoginSession) -> Principal:
    return Principal(
        kind=Kind.AGENT,
        id=agent.id,
        name=agent.name,
        role=agent.role,
        permissions=ROLES[agent.role],
        language=agent.language,
        time_zone=agent.time_zone,
        session=login.id_hash,
        csrf_token=login.csrf_token,
    )
