"""A request's own page behind an unguessable link: for its customer, whoever that is.

It tells nothing that is not the customer's to know, and of links that lead nowhere only that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import Field

from contact_center.errors import NotFound
from contact_center.standing.actions import find_course
from contact_center.standing.models import Course
from contact_center.standing.rules import TOKEN
from contact_center.texts import FALLBACK
from contact_center.web.addresses import client_network
from contact_center.web.call import Call
from contact_center.web.limits import RateLimit
from contact_center.web.routes import Routes

routes = Routes("status page", prefix="", documented=False)

A_MINUTE = 60  # looks from one network
LOOKS: web.AppKey[RateLimit] = web.AppKey("looks at status pages")
LANGUAGES = {"en": "English", "zh": "简体中文"}
HEADERS = {
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",  # the address is the key
}
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_FILES = {file.name: file.read_bytes() for file in (Path(__file__).parent / "static").iterdir()}
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)

Language = Literal["en", "zh"]


def setup(app: web.Application) -> None:
    app[LOOKS] = RateLimit(A_MINUTE)


@routes.get("/t/static/{name}", public=True, transaction=False)
async def show_file(call: Call, name: str) -> web.Response:
    if name not in _FILES:
        raise NotFound(code="file.unknown")
    return web.Response(
        body=_FILES[name],
        content_type=_TYPES[Path(name).suffix],
        charset="utf-8",
        headers={"Cache-Control": "public, max-age=3600"},
    )


@routes.get("/t/{token}", public=True, transaction=False)
async def show_status(
    call: Call,
    token: Annotated[str, Field(max_length=400)],
    lang: Language | None = None,
) -> web.Response:
    """The same answer, and the same work, for every link that leads nowhere."""
    call.request.app[LOOKS].hit(client_network(call))
    known = call.runtime.texts.keys(FALLBACK)
    wanted = token if TOKEN.fullmatch(token) else "-"
    async with call.runtime.db.read() as session:
        course = await find_course(session, wanted, known=known, now=call.now)
    if course is None:
        language = lang or _spoken(call)
        return _page(call, "unknown.html", language=language, status=404)
    language = lang or (course.language if course.language in LANGUAGES else _spoken(call))
    return _page(
        call,
        "status.html",
        language=language,
        standing=course.standing,
        steps=_told(call, course, language),
        next_at=_moment(call, course.standing.next_at),
    )


@dataclass(frozen=True, slots=True)
class _Moment:
    iso: str
    text: str


@dataclass(frozen=True, slots=True)
class _Step:
    at: _Moment
    words: str


def _told(call: Call, course: Course, language: str) -> Sequence[_Step]:
    """The latest first; where it stands now is said above them."""
    say = call.runtime.texts.say
    return [
        _Step(_when(call, step.at), say(language, step.stage)) for step in reversed(course.steps)
    ]


def _moment(call: Call, at: datetime | None) -> _Moment | None:
    return None if at is None else _when(call, at)


def _when(call: Call, at: datetime) -> _Moment:
    """In the company's zone; the page's script writes it in the reader's."""
    local = at.astimezone(ZoneInfo(call.runtime.settings.time_zone))
    return _Moment(at.isoformat(), f"{local:%Y-%m-%d %H:%M %Z}")


def _page(
    call: Call, template: str, *, language: str, status: int = 200, **values: Any
) -> web.Response:
    texts = call.runtime.texts
    text = _ENVIRONMENT.get_template(template).render(
        **values,
        language=language,
        languages=LANGUAGES,
        company=call.runtime.settings.company,
        t=lambda key, **more: texts.say(language, key, **more),
    )
    return web.Response(
        text=text, status=status, content_type="text/html", charset="utf-8", headers=HEADERS
    )


def _spoken(call: Call) -> str:
    accepted = call.request.headers.get("Accept-Language", "").lower()
    return "zh" if accepted.startswith("zh") else FALLBACK
