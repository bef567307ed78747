"""A small application of every kind of route."""

import dataclasses
from datetime import datetime

import pytest
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from contact_center.app import build_app
from contact_center.errors import Conflict, NotFound
from contact_center.web.arguments import Form, Header, Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.principal import AUTHENTICATOR, Kind, Principal
from contact_center.web.routes import Routes

AGENT = Principal(
    kind=Kind.AGENT,
    id=7,
    name="Ann",
    role="agent",
    permissions=frozenset({Permission.TICKETS_READ}),
    session="s",
    csrf_token="csrf-of-ann",
)
SYSTEM = Principal(
    kind=Kind.TOKEN, id=3, name="shop", permissions=frozenset({Permission.TICKETS_READ})
)


class KnownCallers:
    """Two callers, and how often somebody asked for one."""

    def __init__(self) -> None:
        self.asked = 0

    async def by_token(self, token: str, *, now: datetime) -> Principal | None:
        self.asked += 1
        return SYSTEM if token == "cc_3_secret" else None

    async def by_cookie(self, cookie: str, *, now: datetime) -> Principal | None:
        self.asked += 1
        return AGENT if cookie == "cookie-of-ann" else None


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=100)
    score: int = 0
    weight: float = 0


class AlreadyTaken(Conflict):
    """Somebody else has it."""


TOKEN = {"Authorization": "Bearer cc_3_secret"}
COOKIE = {"Cookie": "cc=cookie-of-ann"}
CSRF = {"X-CSRF-Token": "csrf-of-ann"}


routes = Routes("samples")


@routes.get("/samples/{sample_id}", public=True)
async def show_sample(
    call: Call,
    sample_id: Id,
    limit: int = 50,
    tags: list[str] | None = None,
    accept_language: Header[str] = "en",
) -> dict[str, object]:
    """Show a sample.

    It says what it was asked.
    """
    return {"id": sample_id, "limit": limit, "tags": tags, "language": accept_language}


@routes.post("/samples", public=True, errors=(409,))
async def add_sample(call: Call, body: Note) -> Note:
    if body.text == "taken":
        raise AlreadyTaken(code="ticket.with_somebody", reference="T-1", name="Li")
    if body.text == "gone":
        raise NotFound
    if body.text == "broken":
        raise ZeroDivisionError("the secret detail")
    return body


@routes.put("/samples/{sample_id}", permission=Permission.TICKETS_READ, if_match="required")
async def change_sample(call: Call, sample_id: Id, body: Note) -> Note:
    call.check_version(2)
    call.show_version(3)
    return body


@routes.delete("/samples/{sample_id}", permission=Permission.TICKETS_WRITE)
async def delete_sample(call: Call, sample_id: Id) -> None:
    """Delete a sample."""


@routes.get("/whoami")
async def whoami(call: Call) -> dict[str, str]:
    return {"actor": call.principal.actor}


@routes.post("/forms", public=True)
async def send_form(call: Call, form: Form[Note]) -> Note:
    return form


@pytest.fixture
def callers() -> KnownCallers:
    return KnownCallers()


@pytest.fixture
def tables() -> list[Routes]:
    return [routes]


@pytest.fixture
def app(runtime, tables, callers) -> web.Application:
    app = build_app(runtime, fronts=tables)
    app[AUTHENTICATOR] = callers
    return app


def with_settings(runtime, **sections):
    """The runtime with some settings changed: `server={"behind_proxy": True}`."""
    changed = {
        name: getattr(runtime.settings, name).model_copy(update=values)
        for name, values in sections.items()
    }
    return dataclasses.replace(runtime, settings=runtime.settings.model_copy(update=changed))
