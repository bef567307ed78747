"""`If-Match`: change a record only if it is still the version the caller has seen."""

import re

from aiohttp import web

from contact_center.web.problems import BadRequest
from contact_center.web.routes import IfMatch

_TAG = re.compile(r'"(\d{1,18})"')


def expected_version(request: web.Request, rule: IfMatch) -> int | None:
    """None for no matter which."""
    given = request.headers.get("If-Match")
    if given is None:
        if rule == "required":
            raise BadRequest(428, code="request.send_version")
        return None
    if given == "*":
        return None
    if (match := _TAG.fullmatch(given)) is None:
        raise BadRequest(412, code="request.no_such_version")
    return int(match[1])
