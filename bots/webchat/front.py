"""What the handlers of the chat share, and how they learn who is calling."""

from dataclasses import dataclass

from aiohttp import web

from bots.webchat.seals import Seal
from bots.webchat.visitors import Visitor, VisitorTokens
from contact_center.errors import Unauthenticated
from contact_center.runtime import Runtime
from contact_center.web.call import CALL, Call
from contact_center.web.limits import UPLOADS_AT_ONCE, Places, RateLimit

CHANNEL = "webchat"
UPLOADS_OF_A_NETWORK = 10  # at once, so that one cannot take all places


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Hits a minute. A network is what one customer's line looks like; offices share one."""

    sessions: RateLimit  # by network
    messages: RateLimit  # by visitor
    network: RateLimit  # everything else that writes, by network
    files: RateLimit  # by visitor
    hints: RateLimit  # typing and reading, by visitor
    network_hints: RateLimit  # the same by network, since a new visitor costs nothing
    bytes: RateLimit  # of files, an hour, by network


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    runtime: Runtime
    tokens: VisitorTokens
    uploads: Seal  # names a file that a message may carry
    downloads: Seal  # names an attachment that a window may show
    limits: Limits
    uploading: Places  # files that arrive at once, by network


FRONT = web.AppKey("webchat", Front)


def build_front(runtime: Runtime) -> Front:
    chat = runtime.settings.webchat
    identity = chat.identity_secret.get_secret_value() if chat.identity_secret else None
    return Front(
        runtime=runtime,
        tokens=VisitorTokens(runtime.secret, identity_secret=identity),
        uploads=Seal(runtime.secret, purpose="webchat.upload"),
        downloads=Seal(runtime.secret, purpose="webchat.download"),
        uploading=Places(UPLOADS_AT_ONCE, each=UPLOADS_OF_A_NETWORK),
        limits=Limits(
            sessions=RateLimit(60),
            messages=RateLimit(chat.messages_per_minute),
            network=RateLimit(10 * chat.messages_per_minute),
            files=RateLimit(2 * runtime.settings.attachments.max_per_message),
            hints=RateLimit(120),
            network_hints=RateLimit(1200),
            bytes=RateLimit(100 * runtime.settings.attachments.max_bytes, per=3600),
        ),
    )


def visitor_of(request: web.Request) -> Visitor:
    """Whose token the request carries. Raises Unauthenticated."""
    header = request.headers.get("Authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        token = request.query.get("token", "")  # EventSource cannot set headers
    if not token:
        raise Unauthenticated(code="chat.open_session")
    call = call_of(request)
    return request.app[FRONT].tokens.open(token.strip(), now=call.now.timestamp())


def call_of(request: web.Request) -> Call:
    return request[CALL]


def topic_of(visitor_id: str) -> str:
    """Hinted at when a visitor's first message has made a conversation."""
    return f"visitor:{visitor_id}"
