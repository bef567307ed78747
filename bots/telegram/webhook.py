"""`POST /telegram/webhook`: Telegram brings updates by itself."""

import hashlib
import hmac
import json
import logging

from aiohttp import web

from bots.telegram.connection import Connection
from bots.telegram.polling import Handle, parse
from contact_center.errors import Forbidden, TooLarge
from contact_center.settings import Telegram
from contact_center.web.call import Call
from contact_center.web.routes import Routes

log = logging.getLogger(__name__)

PATH = "/telegram/webhook"
LARGEST = 1024 * 1024  # bytes of one update
_HEADER = "X-Telegram-Bot-Api-Secret-Token"


def webhook_secret(settings: Telegram, secret: bytes) -> str:
    """The configured one, or one that follows from the service's own secret."""
    if settings.webhook_secret is not None:
        return settings.webhook_secret.get_secret_value()
    return hmac.new(secret, b"telegram webhook", hashlib.sha256).hexdigest()


def webhook(connection: Connection, *, handle: Handle, secret: str) -> Routes:
    routes = Routes("telegram", prefix="", documented=False)

    # Telegram may send as fast as it can: all of it comes from a few addresses of its own.
    @routes.post(PATH, public=True, limited=False, transaction=False)
    async def receive_telegram_update(call: Call) -> web.Response:
        """200 when the update is committed, or can never be; an error brings it again."""
        shown = call.request.headers.get(_HEADER, "")
        if not hmac.compare_digest(shown.encode("utf-8", "replace"), secret.encode()):
            raise Forbidden(code="telegram.secret")
        raw = _decoded(await _body(call.request))
        update = parse(raw, connection) if raw is not None else None
        if update is not None:
            await handle(update)
        return web.Response()

    return routes


async def _body(request: web.Request) -> bytes:
    body = b""
    async for chunk in request.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > LARGEST:
            raise TooLarge(code="telegram.too_large", bytes=LARGEST)
    return body


def _decoded(body: bytes) -> dict[str, object] | None:
    try:
        raw = json.loads(body)
    except ValueError:
        raw = None
    if isinstance(raw, dict):
        return raw
    log.warning("an update cannot be read", extra={"reason": "not a JSON object"})
    return None
