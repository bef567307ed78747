"""The login cookie, and proof that a request was meant."""

import hmac
from http.cookies import Morsel

from yarl import URL

from contact_center.errors import Forbidden
from contact_center.settings import Settings
from contact_center.web.call import Call

LONGEST_COOKIE = 200
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"


class ForgedRequest(Forbidden):
    """This request does not come from our own pages: reload the page and try again."""

    code = "error.forged"


def cookie_name(settings: Settings) -> str:
    """`__Host-` makes the browser insist on HTTPS, which a local trial does not have."""
    return "__Host-cc" if _is_https(settings) else "cc"


def read_cookie(call: Call) -> str | None:
    value = call.request.cookies.get(cookie_name(call.runtime.settings))
    return value if value and len(value) <= LONGEST_COOKIE else None


def set_cookie(call: Call, value: str, *, max_age: int) -> None:
    """With the answer; `max_age` in seconds."""
    settings = call.runtime.settings
    cookie: Morsel[str] = Morsel()
    cookie.set(cookie_name(settings), value, value)
    cookie.update({"path": "/", "max-age": str(max_age), "httponly": "yes", "samesite": "Lax"})
    if _is_https(settings):
        cookie["secure"] = "yes"
    call.headers["Set-Cookie"] = cookie.OutputString()


def clear_cookie(call: Call) -> None:
    set_cookie(call, "", max_age=0)


def check_same_origin(call: Call) -> None:
    """Browsers say where a request comes from; what is no browser has no cookie to abuse."""
    site = call.request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise ForgedRequest
        return
    origin = call.request.headers.get("Origin")
    if origin is not None and origin not in _own_origins(call):
        raise ForgedRequest


def check_csrf_token(call: Call, field: str | None = None) -> None:
    """The token is in a header, or in the `field` of a plain form."""
    check_same_origin(call)
    given = call.request.headers.get(CSRF_HEADER) or field or ""
    expected = call.principal.csrf_token or ""
    if not expected or not hmac.compare_digest(given.encode(errors="replace"), expected.encode()):
        raise ForgedRequest


def _own_origins(call: Call) -> tuple[str, str]:
    public = URL(call.runtime.settings.server.public_url).origin()
    return str(public), f"{call.request.scheme}://{call.request.host}"


def _is_https(settings: Settings) -> bool:
    return settings.server.public_url.startswith("https://")
