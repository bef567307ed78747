"""The widget's one file, and the demo shop that shows how it is embedded."""

import gzip
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
}

Handler = Callable[[web.Request], Awaitable[web.Response]]


def page(name: str) -> Handler:
    """A handler for a file that is read once: small enough to keep, compressed and as it is."""
    file = STATIC / name
    plain = file.read_bytes()
    packed = gzip.compress(plain, mtime=0)
    tag = f'"{hashlib.sha256(plain).hexdigest()[:20]}"'
    headers = {
        "Content-Type": f"{TYPES[file.suffix]}; charset=utf-8",
        "Cache-Control": "public, max-age=300",
        "ETag": tag,
        "Vary": "Accept-Encoding",
    }

    async def show(request: web.Request) -> web.Response:
        if tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=packed, headers={**headers, "Content-Encoding": "gzip"})
        return web.Response(body=plain, headers=headers)

    return show
