"""The interface's description: as OpenAPI, and as a page to read."""

import asyncio
import inspect
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from contact_center.errors import ContactCenterError
from contact_center.web.call import Call
from contact_center.web.problems import SLUGS, BadRequest, slug_of_kind, status_of_kind
from contact_center.web.routes import API, Routes
from contact_center.web.storable import LARGEST

HERE = Path(__file__).parent
CSS = (HERE / "docs.css").read_bytes()
_LIMITS = {"minLength": "from", "maxLength": "to", "minimum": "≥", "maximum": "≤"}
Schema = dict[str, Any]

routes = Routes("docs", prefix="", documented=False)

_pages = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True)


class Document:
    """Made when it is first asked for, and once: no start need wait the second that it takes."""

    def __init__(self, make: Callable[[], Schema]) -> None:
        self._make = make
        self._made: asyncio.Future[Schema] | None = None

    async def get(self) -> Schema:
        if self._made is None:
            self._made = asyncio.ensure_future(asyncio.to_thread(self._make))
        return await asyncio.shield(self._made)  # who asked first may go away


DOCUMENT = web.AppKey("openapi document", Document)


@routes.get(f"{API}/openapi.json", public=True, transaction=False)
async def openapi(call: Call) -> web.Response:
    document = await call.request.app[DOCUMENT].get()
    body = json.dumps(document, ensure_ascii=False).encode()
    return web.Response(body=body, content_type="application/json")


@routes.get("/api/docs", public=True, transaction=False)
async def show_docs(call: Call) -> web.Response:
    shown = await call.request.app[DOCUMENT].get()
    text = _pages.get_template("docs.html").render(
        document=shown, groups=_by_tag(shown), problems=_problems(), type_of=type_of
    )
    return web.Response(text=text, content_type="text/html")


@routes.get("/api/docs.css", public=True, transaction=False)
async def show_docs_style(call: Call) -> web.Response:
    return web.Response(
        body=CSS, content_type="text/css", headers={"Cache-Control": "public, max-age=3600"}
    )


def type_of(schema: Schema) -> str:
    """A schema in a few words, with links to what has a name; HTML."""
    if reference := schema.get("$ref"):
        name = escape(reference.rsplit("/", 1)[-1])
        return Markup(f'<a href="#schema-{name}">{name}</a>')  # noqa: S704  escaped above
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return Markup(" or ").join(type_of(choice) for choice in choices)
    if "enum" in schema:
        return Markup(" | ").join(map(str, schema["enum"]))
    if "const" in schema:
        return escape(json.dumps(schema["const"]))
    if schema.get("type") == "array":
        return Markup("list of ") + type_of(schema.get("items", {}))
    kind = schema.get("format") or schema.get("type") or "anything"
    return escape(kind) + _limits(schema)


def _limits(schema: Schema) -> str:
    """What is narrower than 64 bits."""
    limits = {word: schema[key] for key, word in _LIMITS.items() if key in schema}
    said = [f"{word} {limit}" for word, limit in limits.items() if abs(limit) < LARGEST]
    return f" ({', '.join(said)})" if said else ""


def _by_tag(document: Schema) -> list[tuple[str, list[Schema]]]:
    groups: dict[str, list[Schema]] = defaultdict(list)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            shown = operation | {"path": path, "method": method}
            groups[operation["tags"][0]].append(shown)
    return list(groups.items())


def _problems() -> list[Schema]:
    """What a caller may meet: refusals of the form, and every error there is a class for."""
    found = {slug: (status, "") for status, slug in SLUGS.items()}
    for kind in _kinds(ContactCenterError):
        found[slug_of_kind(kind)] = (status_of_kind(kind), inspect.getdoc(kind) or "")
    rows = sorted((status, slug, meaning) for slug, (status, meaning) in found.items())
    first = {status: slug for status, slug, _ in reversed(rows)}
    return [
        {"status": status, "slug": slug, "meaning": meaning, "first": first[status] == slug}
        for status, slug, meaning in rows
    ]


def _kinds(base: type[ContactCenterError]) -> Iterator[type[ContactCenterError]]:
    for kind in base.__subclasses__():
        if kind is not BadRequest:
            yield kind
        yield from _kinds(kind)
