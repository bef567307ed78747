"""Which sites may embed the chat: `webchat.origins`, and always our own pages."""

from urllib.parse import urlsplit

from aiohttp import web

from bots.webchat.front import FRONT
from contact_center.errors import Forbidden

PREFIX = "/chat/"
ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
    "Access-Control-Max-Age": "86400",
}


async def add_cors_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On errors too: a window on another site must be able to read them."""
    if not request.path.startswith(PREFIX):
        return
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    origin = request.headers.get("Origin")
    if origin and may_embed(request, origin):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    response.headers.add("Vary", "Origin")


async def preflight(request: web.Request) -> web.Response:
    return web.Response(status=204, headers=ALLOWED)


def check_origin(request: web.Request) -> None:
    """Browsers only hide answers from a strange site; this keeps it from writing at all."""
    origin = request.headers.get("Origin")
    if origin and not may_embed(request, origin):
        raise Forbidden(code="chat.may_not_embed")


def may_embed(request: web.Request, origin: str) -> bool:
    origins = request.app[FRONT].runtime.settings.webchat.origins
    return "*" in origins or origin in origins or urlsplit(origin).netloc == request.host
