"""Mounts the chat: `setup(app, runtime)` after `build_app`, before the application starts."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from bots.webchat import files, messages, sessions, stream
from bots.webchat.cors import add_cors_headers, check_origin, preflight
from bots.webchat.front import FRONT, build_front
from bots.webchat.pages import page
from contact_center.runtime import Runtime

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def setup(app: web.Application, runtime: Runtime) -> None:
    app[FRONT] = build_front(runtime)
    app.on_response_prepare.append(add_cors_headers)
    app.router.add_route("OPTIONS", "/chat/{anything:.*}", preflight)
    app.router.add_post("/chat/session", _embedded(sessions.open_session))
    app.router.add_post("/chat/messages", _embedded(messages.send_message))
    app.router.add_post("/chat/typing", _embedded(messages.tell_typing))
    app.router.add_post("/chat/read", _embedded(messages.tell_read))
    app.router.add_post("/chat/files", _embedded(files.upload))
    app.router.add_get("/chat/files/{token}", files.download)
    app.router.add_get("/chat/stream", _embedded(stream.stream), allow_head=False)
    app.router.add_get("/chat/widget.js", page("widget.js"))
    app.router.add_get("/shop", page("shop.html"))
    for name in ("shop.css", "shop.js"):
        app.router.add_get(f"/shop/{name}", page(name))


def _embedded(handler: Handler) -> Handler:
    async def from_allowed_site(request: web.Request) -> web.StreamResponse:
        check_origin(request)
        return await handler(request)

    return from_allowed_site
