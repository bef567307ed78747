"""Pages from templates: everything escaped, nothing undefined, in the reader's words and zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contact_center.desk import timeline, times, words
from contact_center.desk.static_files import address_of
from contact_center.texts import FALLBACK
from contact_center.tickets.models import reference
from contact_center.web.call import Call
from contact_center.work_orders.models import reference as order_reference

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_ENVIRONMENT.globals.update(
    static=address_of,
    reference=reference,
    order_reference=order_reference,
    languages=words.LANGUAGES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who looks at a page."""

    language: str
    time_zone: str
    now: datetime

    def helpers(self) -> dict[str, Any]:
        zone, language = times.zone_of(self.time_zone), self.language
        return {
            "language": language,
            "now": self.now,
            "t": partial(words.say, language),
            "name_of": partial(words.name_of, language),
            "when": partial(times.when, now=self.now, zone=zone, language=language),
            "exactly": partial(times.exactly, zone=zone),
            "span": partial(times.span, language=language),
            "tell": partial(timeline.tell, language),
            "why": lambda reason: reason.sentences(language, zone),
            "until": lambda at: (at - self.now).total_seconds(),
        }


def reader_of(call: Call, *, now: datetime | None = None) -> Reader:
    """The agent, or somebody who has yet to log in. A stream outlives the time of its call."""
    if call.caller is not None:
        zone, language = call.caller.time_zone, call.caller.language
        if language not in words.LANGUAGES:
            language = FALLBACK
    else:
        zone = call.runtime.settings.time_zone
        language = words.choose_language(call.request.headers.get("Accept-Language", ""))
    return Reader(language=language, time_zone=zone, now=now or call.now)


def draw(template: str, reader: Reader, values: Mapping[str, Any]) -> str:
    return _ENVIRONMENT.get_template(template).render({**reader.helpers(), **values})


def page(call: Call, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A whole page or a part of one."""
    values.setdefault("company", call.runtime.settings.company)
    values.setdefault("csrf", call.caller.csrf_token if call.caller else "")
    values.setdefault("me", call.caller)
    text = draw(template, reader_of(call), values)
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")


def is_partial(call: Call) -> bool:
    return call.request.headers.get("HX-Request") == "true"


def go_to(call: Call, address: str) -> web.Response:
    """The browser shows another page, whether a script or a plain form has asked."""
    if is_partial(call):
        return web.Response(status=200, headers={"HX-Redirect": address})
    return web.Response(status=303, headers={"Location": address})
