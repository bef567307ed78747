"""POST /chat/session: a browser becomes a visitor, or comes back as one."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from bots.dialogs.talk import greeting
from bots.webchat.front import FRONT, Front, call_of
from bots.webchat.messages import LONGEST_TEXT
from bots.webchat.visitors import Visitor
from contact_center.errors import Unauthenticated
from contact_center.web.addresses import client_network
from contact_center.web.json_body import read_json


class Opening(BaseModel):
    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, Field(max_length=4096)] | None = None  # of the last session
    identity: Annotated[str, Field(max_length=4096)] | None = None  # signed by the host site
    language: Annotated[str, Field(max_length=35)] | None = None  # "zh-CN"
    page: Annotated[str, Field(max_length=500)] = ""


_OPENING = TypeAdapter(Opening)


async def open_session(request: web.Request) -> web.Response:
    front, call = request.app[FRONT], call_of(request)
    front.limits.sessions.hit(client_network(call))
    opening: Opening = await read_json(request, _OPENING)
    now = call.now.timestamp()
    visitor = replace(
        _visitor(front, opening, now=now),
        language=_language(front, opening.language),
        page=opening.page,
    )
    return web.json_response(_session(front, visitor))


def _visitor(front: Front, opening: Opening, *, now: float) -> Visitor:
    known = _known(front, opening.token, now=now)
    if opening.identity:
        try:
            return front.tokens.identify(opening.identity, now=now)
        except Unauthenticated:
            # A page that stayed open outlives the identity in it, not the customer's session.
            if known and known.verified and front.tokens.is_about(opening.identity, known):
                return known
            raise
    if known:
        return front.tokens.renew(known, now=now)
    return front.tokens.new_visitor(now=now)


def _known(front: Front, token: str | None, *, now: float) -> Visitor | None:
    """A token that is forged, or too old, is as good as none."""
    try:
        return front.tokens.open(token, now=now) if token else None
    except Unauthenticated:
        return None


def _language(front: Front, wanted: str | None) -> Literal["en", "zh"]:
    if not wanted:
        return front.runtime.settings.language
    return "zh" if wanted.lower().startswith("zh") else "en"


def _session(front: Front, visitor: Visitor) -> dict[str, Any]:
    settings, files = front.runtime.settings, front.runtime.settings.attachments
    said = greeting(front.runtime.texts, company=settings.company, language=visitor.language)
    return {
        "token": front.tokens.sign(visitor),
        "visitor": visitor.id,
        "verified": visitor.verified,
        "name": visitor.name,
        "language": visitor.language,
        "company": settings.company,
        "greeting": {
            "text": said.text,
            "buttons": [{"label": b.label, "value": b.value} for b in said.buttons],
        },
        "limits": {
            "text": LONGEST_TEXT,
            "files": files.max_per_message,
            "file_bytes": files.max_bytes,
            "types": files.types,
        },
    }
