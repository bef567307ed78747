"""Headers on every answer. A handler that needs another value sets its own."""

from aiohttp import web

from contact_center.web.call import CALL, RUNTIME

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}
REQUEST_ID = "X-Request-Id"


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    headers = response.headers
    headers["Server"] = "contact-center"  # not what it runs on, and in which version
    for name, value in HEADERS.items():
        if name not in headers:
            headers[name] = value
    if request.app[RUNTIME].settings.server.public_url.startswith("https://"):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if (call := request.get(CALL)) is not None:
        headers[REQUEST_ID] = call.request_id
