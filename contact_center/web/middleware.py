"""What surrounds every request: an id, a clock, a measure, and errors told as problems."""

import re
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

from contact_center.web.call import CALL, RUNTIME, Call
from contact_center.web.metrics import METRICS
from contact_center.web.problems import response_for
from contact_center.web.security import REQUEST_ID

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
# Shows an error to a person; None leaves it to the problem document.
ErrorPage = Callable[[Call, Exception], Awaitable[web.StreamResponse | None]]

ERROR_PAGE: web.AppKey[ErrorPage] = web.AppKey("error page")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


@web.middleware
async def attend(request: web.Request, handler: Handler) -> web.StreamResponse:
    runtime = request.app[RUNTIME]
    call = request[CALL] = Call(
        request=request, runtime=runtime, now=runtime.now(), request_id=_request_id(request)
    )
    with request.app[METRICS].measure(request) as measured:
        try:
            response = await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            response = await _explain(call, error)
        except Exception as error:  # noqa: BLE001  told to the caller, logged when unexpected
            response = await _explain(call, error)
        measured.status = response.status
        measured.counts = response.content_type != "text/event-stream"
        return response


async def _explain(call: Call, error: Exception) -> web.StreamResponse:
    page = call.request.app.get(ERROR_PAGE)
    if page is not None and "text/html" in call.request.headers.get("Accept", ""):
        shown = await page(call, error)
        if shown is not None:
            return shown
    return response_for(error, request_id=call.request_id)


def _request_id(request: web.Request) -> str:
    given = request.headers.get(REQUEST_ID, "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
