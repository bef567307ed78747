"""Where other systems call us with messages."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from contact_center.channels.base import Inbound, Receipt
from contact_center.errors import NotFound, TooLarge, Unauthenticated
from contact_center.ledger.models import Outcome
from contact_center.sources import rules
from contact_center.sources.models import Source
from contact_center.tickets.models import reference
from contact_center.web.addresses import client_network
from contact_center.web.call import Call
from contact_center.web.limits import LIMITS
from contact_center.web.problems import BadRequest
from contact_center.web.routes import Routes

SOURCES: web.AppKey[Mapping[str, Source]] = web.AppKey("sources")
READ_AT_ONCE = 32 * 1024  # bytes; larger calls are read beside the event loop
LONGEST_READING = 5.0  # seconds

routes = Routes("inbound")


@routes.post(
    "/inbound/{source}", public=True, limited=False, transaction=False, errors=(400, 401, 413, 429)
)
async def receive_call(call: Call, source: str) -> web.Response:
    """Hand in a message in another system's own JSON.

    The source is configured in sources.toml, with the signature it must carry. Answers 201 when
    the message is part of a ticket, 202 when it is kept in quarantine, 200 when it has been
    received before or nobody needs to answer it.
    """
    known = call.request.app[SOURCES].get(source)
    if known is None:
        call.request.app[LIMITS].addresses.hit(client_network(call))
        raise NotFound(code="source.unknown")
    body = await _read(call.request, known.max_bytes)
    if not rules.is_genuine(known, call.request.headers, body, at=call.now):
        call.request.app[LIMITS].addresses.hit(client_network(call))
        raise Unauthenticated(code="source.signature")
    said = _parse(body)
    if (challenge := _slack_challenge(known, said)) is not None:
        return web.json_response({"challenge": challenge})
    if not rules.is_wanted(known, said):
        return web.json_response({"outcome": "ignored"})
    inbound = await _message_in(known, said, body, call.request.headers.get("webhook-id"))
    return _answer(await call.runtime.inbox.submit(inbound))


async def _read(request: web.Request, limit: int) -> bytes:
    """The raw body: signatures are over it. Raises TooLarge."""
    if (request.content_length or 0) > limit:
        raise TooLarge(code="source.too_large", bytes=limit)
    parts, size = [], 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > limit:
            raise TooLarge(code="source.too_large", bytes=limit)
        parts.append(chunk)
    return b"".join(parts)


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest(400, code="source.not_json") from None


def _slack_challenge(source: Source, said: Any) -> str | None:
    """Slack asks once whether we are there."""
    if source.verify == "slack" and isinstance(said, dict):
        challenge = said.get("challenge") if said.get("type") == "url_verification" else None
        return challenge if isinstance(challenge, str) else None
    return None


async def _message_in(source: Source, said: Any, body: bytes, call_id: str | None) -> Inbound:
    signed_id = call_id if source.verify == "standard-webhooks" else None

    def read(said: Any) -> Inbound:
        return rules.to_inbound(source, said, body=body, call_id=signed_id)

    try:
        if len(body) <= READ_AT_ONCE:
            return read(said)
        return await asyncio.wait_for(asyncio.to_thread(read, said), LONGEST_READING)
    except (RecursionError, TimeoutError):
        return read(None)  # goes to quarantine with its body


def _answer(receipt: Receipt) -> web.Response:
    status = 201
    if receipt.outcome == Outcome.QUARANTINED:
        status = 202
    if receipt.duplicate:
        status = 200
    told = {
        "outcome": receipt.outcome,
        "duplicate": receipt.duplicate,
        "ticket": reference(receipt.ticket_id) if receipt.ticket_id else None,
        "reason": receipt.reason,
    }
    return web.json_response(told, status=status)
