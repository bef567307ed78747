"""GET /chat/stream: what is said appears in the window at once, and nothing is missed.

A hint wakes the stream, the database tells what is new. Ids of messages are given out before
their transactions commit, so a lower one may appear after a higher one: the stream looks back.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bots.webchat import view
from bots.webchat.front import FRONT, Front, call_of, topic_of, visitor_of
from bots.webchat.visitors import Visitor
from contact_center.messages.models import Message
from contact_center.web.sse import STREAMS, ServerEvent, json_event, last_event_id

LOOK_EVERY = 60.0  # seconds, without a hint: hints are seldom lost, and many windows may be open
LOOK_BACK = 1000  # ids
LONGEST_TRANSACTION = timedelta(seconds=10)
TYPING = "typing:"


class Cursor:
    """Which messages a window has."""

    def __init__(self, last_seen: int, *, now: datetime) -> None:
        self.last = last_seen
        self._resumed_at = last_seen
        self._doubtful_since = now - LONGEST_TRANSACTION
        self._sent: set[int] = set()

    @property
    def after(self) -> int | None:
        """Where to read from; None for a window that has nothing yet."""
        return max(0, self.last - LOOK_BACK) if self.last else None

    def is_news(self, message: Message) -> bool:
        if message.id in self._sent:
            return False
        return message.id > self._resumed_at or message.created_at >= self._doubtful_since

    def note(self, message: Message) -> None:
        self._sent.add(message.id)
        self.last = max(self.last, message.id)
        if len(self._sent) > 2 * LOOK_BACK:
            self._sent = {sent for sent in self._sent if sent > self.last - LOOK_BACK}


class Window:
    """One open stream."""

    def __init__(self, front: Front, visitor: Visitor, *, last_seen: int, now: datetime) -> None:
        self._front = front
        self._visitor = visitor
        self._cursor = Cursor(last_seen, now=now)
        self._conversation_id: int | None = None
        self._ticket: Any = ()  # what was last said about it; nothing yet
        self._helper: str | None = None  # who would be typing

    async def events(self) -> AsyncIterator[ServerEvent]:
        bus, visitor = self._front.runtime.bus, topic_of(self._visitor.id)
        with bus.subscribe(visitor) as subscription:
            async for event in self._news():
                yield event
            yield json_event({}, event="ready")
            while self._conversation_id is None:  # nobody has said anything yet
                await subscription.wait(LOOK_EVERY)
                async for event in self._news():
                    yield event
        talk = [f"conversation:{self._conversation_id}", f"{TYPING}{self._conversation_id}"]
        with bus.subscribe(visitor, *talk) as subscription:
            hints: set[str] = set()  # first look for what came while nobody was listening
            while True:
                typing = {topic for topic in hints if topic.startswith(TYPING)}
                if typing:
                    yield json_event({"name": self._helper}, event="typing")
                if not hints or hints - typing:
                    async for event in self._news():
                        yield event
                hints = await subscription.wait(LOOK_EVERY)

    async def _news(self) -> AsyncIterator[ServerEvent]:
        """What the window does not know, page by page."""
        after, is_whole = self._cursor.after, False
        while not is_whole:
            now = self._front.runtime.now()
            news = await view.look(self._front, self._visitor, after=after, now=now)
            if news is None:
                return
            self._conversation_id = news.conversation.id
            for event in self._told(news):
                yield event
            is_whole = len(news.messages) < view.PAGE
            after = news.messages[-1].id if news.messages else after

    def _told(self, news: view.News) -> Iterator[ServerEvent]:
        for message, shown in zip(news.messages, news.views, strict=True):
            if self._cursor.is_news(message):
                self._cursor.note(message)
                yield json_event(shown, event="message", id=str(self._cursor.last))
        self._helper = news.helper
        if news.ticket != self._ticket:
            self._ticket = news.ticket
            yield json_event({"ticket": news.ticket}, event="status")


async def stream(request: web.Request) -> web.StreamResponse:
    front, visitor, call = request.app[FRONT], visitor_of(request), call_of(request)
    window = Window(front, visitor, last_seen=last_event_id(call), now=call.now)
    return await request.app[STREAMS].send(call, window.events(), owner=topic_of(visitor.id))
