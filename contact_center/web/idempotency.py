"""`Idempotency-Key`: a creating call that is repeated creates once and answers the same.

The answer is kept in the transaction that created: both or neither.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from contact_center.errors import Conflict, Invalid
from contact_center.web import queries
from contact_center.web.call import Call
from contact_center.web.problems import BadRequest

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
_KEY = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_KEY}}}")
_KEPT_HEADERS = ("Location", "Etag")

RUNNING: web.AppKey[set[tuple[str, str]]] = web.AppKey("idempotent calls under way")


async def once(
    call: Call, answer: Callable[[], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    key = call.request.headers.get(HEADER)
    if key is None:
        return await answer()
    if not _KEY.fullmatch(key):
        raise BadRequest(422, code="request.idempotency_key", header=HEADER, most=LONGEST_KEY)
    running, mine = call.request.app[RUNNING], (call.principal.actor, key)
    if mine in running:
        raise Conflict(code="request.being_answered")
    running.add(mine)
    try:
        return await _once(call, key, answer)
    finally:
        running.discard(mine)


async def _once(
    call: Call, key: str, answer: Callable[[], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    caller, fingerprint = call.principal.actor, await _fingerprint(call.request)
    earlier = await queries.reserve_answer(
        call.session, caller=caller, key=key, fingerprint=fingerprint, now=call.now
    )
    if earlier is None:
        response = await answer()
        await _keep(call, key, response)
        return response
    if earlier.fingerprint != fingerprint:
        raise Invalid(code="request.key_reused")
    return web.Response(
        status=earlier.status,
        body=earlier.body.encode(),
        content_type="application/json",
        headers=earlier.headers | {"Idempotent-Replayed": "true"},
    )


async def _keep(call: Call, key: str, response: web.StreamResponse) -> None:
    if not isinstance(response, web.Response):
        raise TypeError("an idempotent route cannot stream")
    await queries.keep_answer(
        call.session,
        caller=call.principal.actor,
        key=key,
        status=response.status,
        body=response.text or "",
        headers={
            name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers
        },
    )


async def _fingerprint(request: web.Request) -> str:
    digest = hashlib.sha256(f"{request.method} {request.path_qs}\n".encode())
    digest.update(await request.read())
    return digest.hexdigest()
