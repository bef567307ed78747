"""Who is calling, and whether they may: before anything of the request is looked at."""

from contact_center.errors import Unauthenticated
from contact_center.web.addresses import client_network
from contact_center.web.arguments import FORM_TYPES
from contact_center.web.call import Call
from contact_center.web.cookies import CSRF_FIELD, check_csrf_token, read_cookie
from contact_center.web.limits import LIMITS
from contact_center.web.principal import AUTHENTICATOR, Principal
from contact_center.web.routes import Operation

LONGEST_TOKEN = 200


async def admit(call: Call, operation: Operation) -> None:
    """Raises Unauthenticated, Forbidden or TooMany."""
    limits = call.request.app[LIMITS]
    if operation.public:
        # Nobody is identified, so an agent's browser that runs our chat window is a visitor too.
        if operation.limited:
            limits.addresses.hit(client_network(call))
        return
    caller = call.caller = await identify(call)
    limits.callers.hit(caller.actor)
    if operation.permission is not None:
        caller.require(operation.permission)
    if caller.is_agent and not operation.is_safe:
        check_csrf_token(call, await _form_token(call, operation))


async def identify(call: Call) -> Principal:
    limits, network = call.request.app[LIMITS], client_network(call)
    limits.bad_credentials.check(network)
    token, cookie = _bearer(call), read_cookie(call)
    authenticator = call.request.app[AUTHENTICATOR]
    principal = None
    if token is not None:
        principal = await authenticator.by_token(token, now=call.now)
    elif cookie is not None:
        principal = await authenticator.by_cookie(cookie, now=call.now)
    else:
        limits.addresses.hit(network)
        raise Unauthenticated
    if principal is None:
        limits.bad_credentials.hit(network)
        raise Unauthenticated(code="login.not_valid")
    return principal


def _bearer(call: Call) -> str | None:
    """The token; an empty one for a header that is none of ours, so that it is refused."""
    header = call.request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    token = token.strip()
    is_ours = scheme.lower() == "bearer" and token.isascii() and len(token) <= LONGEST_TOKEN
    return token if is_ours else ""


async def _form_token(call: Call, operation: Operation) -> str | None:
    if not operation.arguments.body_is_form or call.request.content_type not in FORM_TYPES:
        return None
    field = (await call.request.post()).get(CSRF_FIELD)
    return field if isinstance(field, str) else None
