"""What the handlers of the chat share, and how they learn who is calling."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web

from bots.webchat.seals import Seal
from bots.webchat.visitors import Visitor, VisitorTokens
from contact_center.bus import Subscription
from contact_center.errors import TooMany, Unauthenticated
from contact_center.runtime import Runtime
from contact_center.web.call import CALL, Call
from contact_center.web.limits import RateLimit

CHANNEL = "webchat"
MOST_STREAMS = 12  # open at once by one visitor: his tabs and devices


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Hits a minute. A network is what one customer's line looks like; offices share one."""

    sessions: RateLimit  # by network
    messages: RateLimit  # by visitor
    network: RateLimit  # everything else that writes, by network
    files: RateLimit  # by visitor
    hints: RateLimit  # typing and reading, by visitor


@dataclass(slots=True)
class Streams:
    """The windows that are listening now."""

    by_visitor: Counter[str] = field(default_factory=Counter)
    subscriptions: set[Subscription] = field(default_factory=set)
    closing: bool = False

    @contextmanager
    def admit(self, visitor: Visitor) -> Iterator[None]:
        """Raises TooMany."""
        if self.by_visitor[visitor.id] >= MOST_STREAMS:
            raise TooMany("too many windows are open", retry_after=30)
        self.by_visitor[visitor.id] += 1
        try:
            yield
        finally:
            self.by_visitor[visitor.id] -= 1
            if not self.by_visitor[visitor.id]:
                del self.by_visitor[visitor.id]

    async def close(self, _: web.Application) -> None:
        """The server is stopping: let every stream end now rather than be cut off."""
        self.closing = True
        for subscription in self.subscriptions:
            subscription.wake("closing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    runtime: Runtime
    tokens: VisitorTokens
    uploads: Seal  # names a file that a message may carry
    downloads: Seal  # names an attachment that a window may show
    limits: Limits
    streams: Streams = field(default_factory=Streams)


FRONT = web.AppKey("webchat", Front)


def build_front(runtime: Runtime) -> Front:
    chat = runtime.settings.webchat
    identity = chat.identity_secret.get_secret_value() if chat.identity_secret else None
    return Front(
        runtime=runtime,
        tokens=VisitorTokens(runtime.secret, identity_secret=identity),
        uploads=Seal(runtime.secret, purpose="webchat.upload"),
        downloads=Seal(runtime.secret, purpose="webchat.download"),
        limits=Limits(
            sessions=RateLimit(60),
            messages=RateLimit(chat.messages_per_minute),
            network=RateLimit(10 * chat.messages_per_minute),
            files=RateLimit(2 * runtime.settings.attachments.max_per_message),
            hints=RateLimit(120),
        ),
    )


def visitor_of(request: web.Request) -> Visitor:
    """Whose token the request carries. Raises Unauthenticated."""
    header = request.headers.get("Authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        token = request.query.get("token", "")  # EventSource cannot set headers
    if not token:
        raise Unauthenticated("open a session first: POST /chat/session")
    call = call_of(request)
    return request.app[FRONT].tokens.open(token.strip(), now=call.now.timestamp())


def call_of(request: web.Request) -> Call:
    return request[CALL]


def topic_of(visitor_id: str) -> str:
    """Hinted at when a visitor's first message has made a conversation."""
    return f"visitor:{visitor_id}"
