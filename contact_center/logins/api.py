"""Logging in and out, passwords and API tokens over HTTP."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contact_center.agents.queries import get_agent
from contact_center.errors import Invalid
from contact_center.events.rules import Actor
from contact_center.logins import actions, queries
from contact_center.logins.models import LoginSession
from contact_center.web.addresses import client_network
from contact_center.web.arguments import Id
from contact_center.web.call import Call
from contact_center.web.cookies import check_same_origin, clear_cookie, set_cookie
from contact_center.web.limits import LIMITS
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.passwords import LONGEST, PASSWORDS, Password
from contact_center.web.permissions import Permission
from contact_center.web.principal import AUTHENTICATOR, Principal
from contact_center.web.routes import Routes
from contact_center.web.timestamps import Timestamp

routes = Routes("logins")

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(max_length=320)]
    password: Annotated[str, Field(max_length=LONGEST)]


class CurrentLogin(BaseModel):
    agent_id: int
    name: str
    role: str | None
    permissions: list[Permission]
    csrf_token: str = Field(description="send it as X-CSRF-Token with every change")


class LoginView(BaseModel):
    user_agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


class OwnPassword(BaseModel):
    model_config = ConfigDict(extra="forbid")

    current: Annotated[str, Field(max_length=LONGEST)]
    new: Password


class NewPassword(BaseModel):
    model_config = ConfigDict(extra="forbid")

    new: Password


class NewToken(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    scopes: Annotated[list[Permission], Field(min_length=1)]
    expires_at: Timestamp | None = None


class TokenView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    scopes: list[str]
    created_by: int | None
    created_at: datetime
    used_at: datetime | None = Field(description="some seconds late")
    expires_at: datetime | None
    revoked_at: datetime | None


class CreatedToken(BaseModel):
    token: TokenView
    secret: str = Field(description="shown this once")


@routes.post("/session", public=True, transaction=False, errors=(401, 403))
async def log_in(call: Call, body: Credentials) -> CurrentLogin:
    """Log in; the answer sets a cookie."""
    check_same_origin(call)
    logged_in = await call.request.app[AUTHENTICATOR].log_in(
        email=body.email,
        password=body.password,
        address=client_network(call),
        user_agent=_user_agent(call),
        now=call.now,
    )
    set_cookie(call, logged_in.cookie, max_age=logged_in.max_age)
    return _current(logged_in.principal)


@routes.get("/session")
async def show_session(call: Call) -> CurrentLogin:
    """Show who is logged in here."""
    return _current(call.agent)


@routes.delete("/session")
async def log_out(call: Call) -> None:
    """Log out."""
    await actions.log_out(
        call.session, call.agent.id, id_hash=call.agent.session or "", now=call.now
    )
    clear_cookie(call)


@routes.get("/sessions")
async def list_sessions(call: Call) -> list[LoginView]:
    """List where one is logged in."""
    logins = await queries.sessions_of(call.session, call.agent.id, now=call.now)
    return [_login_view(login, current=call.agent.session) for login in logins]


@routes.delete("/sessions")
async def log_out_everywhere(call: Call) -> None:
    """Log out everywhere, here too."""
    await actions.log_out_everywhere(call.session, call.agent.id, by=_by(call), now=call.now)
    clear_cookie(call)


@routes.put("/me/password", errors=(429,))
async def change_my_password(call: Call, body: OwnPassword) -> None:
    """Change one's own password; every other login ends."""
    agent = call.agent
    passwords, attempts = call.request.app[PASSWORDS], call.request.app[LIMITS].login_accounts
    key = f"password of {agent.id}"
    attempts.check(key)
    attempts.fail(key)
    # The slow part comes before the transaction's first statement that writes.
    async with call.runtime.db.read() as session:
        stored = (await get_agent(session, agent.id)).password_hash
    if not await passwords.verify(body.current, stored):
        raise Invalid(code="login.wrong_current_password")
    attempts.clear(key)
    password_hash = await passwords.hash(body.new)
    await actions.set_password(
        call.session,
        await get_agent(call.session, agent.id),
        password_hash=password_hash,
        keep=agent.session,
        by=_by(call),
        now=call.now,
    )


@routes.put("/agents/{agent_id}/password", permission=Permission.AGENTS_ADMIN)
async def set_agent_password(call: Call, agent_id: Id, body: NewPassword) -> None:
    """Give somebody a new password; all their logins end."""
    password_hash = await call.request.app[PASSWORDS].hash(body.new)
    agent = await get_agent(call.session, agent_id)
    await actions.set_password(
        call.session, agent, password_hash=password_hash, by=_by(call), now=call.now
    )


@routes.get("/tokens", permission=Permission.TOKENS_ADMIN)
async def list_tokens(
    call: Call, after: Cursor | None = None, limit: Limit = 50
) -> Page[TokenView]:
    """List API tokens, revoked ones too."""
    (last,) = read_cursor(after, int) or (0,)
    rows = await queries.page_of_tokens(call.session, after=last, limit=limit + 1)
    return page_of(rows, limit=limit, key=lambda token: (token.id,), show=TokenView.model_validate)


@routes.post("/tokens", permission=Permission.TOKENS_ADMIN)
async def create_token(call: Call, body: NewToken) -> CreatedToken:
    """Create an API token; its secret is shown this once.

    That is why a repeated call creates another one: no answer is kept.
    """
    secret, token = await actions.create_token(
        call.session,
        name=body.name,
        scopes=body.scopes,
        expires_at=body.expires_at,
        own=call.principal.permissions,
        created_by=call.principal.id if call.principal.is_agent else None,
        by=_by(call),
        now=call.now,
    )
    return CreatedToken(token=TokenView.model_validate(token), secret=secret)


@routes.get("/tokens/{token_id}", permission=Permission.TOKENS_ADMIN)
async def show_token(call: Call, token_id: Id) -> TokenView:
    """Show an API token."""
    return TokenView.model_validate(await queries.get_token(call.session, token_id))


@routes.delete("/tokens/{token_id}", permission=Permission.TOKENS_ADMIN)
async def revoke_token(call: Call, token_id: Id) -> None:
    """Revoke an API token, for good."""
    token = await queries.get_token(call.session, token_id)
    await actions.revoke_token(call.session, token, by=_by(call), now=call.now)


def _current(principal: Principal) -> CurrentLogin:
    return CurrentLogin(
        agent_id=principal.id,
        name=principal.name,
        role=principal.role,
        permissions=sorted(principal.permissions),
        csrf_token=principal.csrf_token or "",
    )


def _login_view(login: LoginSession, *, current: str | None) -> LoginView:
    return LoginView(
        user_agent=login.user_agent,
        created_at=login.created_at,
        seen_at=login.seen_at,
        expires_at=login.expires_at,
        current=login.id_hash == current,
    )


def _user_agent(call: Call) -> str:
    return call.request.headers.get("User-Agent", "").encode(errors="replace").decode()


def _by(call: Call) -> Actor:
    return Actor(call.principal.actor)
