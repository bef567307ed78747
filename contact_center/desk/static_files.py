"""The desk's own script, styles and pictures, read once; an address changes with its content."""

import hashlib
import mimetypes
from pathlib import Path

from aiohttp import web

from contact_center.errors import NotFound
from contact_center.web.call import Call
from contact_center.web.routes import Routes

routes = Routes("desk", prefix="/desk", documented=False)

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_FILES = {file.name: file.read_bytes() for file in (Path(__file__).parent / "static").iterdir()}
# One script: between two of them htmx would look at the page before its extensions are there.
_SCRIPTS = ("htmx-4.0.1.min.js", "hx-sse-4.0.1.min.js", "desk.js", "notify.js")
_FILES["all.js"] = b"\n;\n".join(_FILES[name] for name in _SCRIPTS)
_TAGS = {name: hashlib.sha256(content).hexdigest()[:12] for name, content in _FILES.items()}


def address_of(name: str) -> str:
    return f"/desk/static/{name}?v={_TAGS[name]}"


@routes.get("/static/{name}", public=True, limited=False, transaction=False)
async def show_static(call: Call, name: str, v: str = "") -> web.Response:
    if name not in _FILES:
        raise NotFound(code="file.unknown_name", name=name[:80])
    kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "text/plain"
    is_current = v == _TAGS[name]
    keep = "public, max-age=31536000, immutable" if is_current else "no-cache"
    response = web.Response(
        body=_FILES[name], content_type=kind, charset="utf-8", headers={"Cache-Control": keep}
    )
    response.enable_compression()
    return response
