"""GET /chat/stream: what is said appears in the window at once, and nothing is missed.

A hint wakes the stream, the database tells what is new. Ids of messages are given out before
their transactions commit, so a lower one may appear after a higher one: the stream looks back.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bots.webchat import view
from bots.webchat.front import FRONT, Front, call_of, topic_of, visitor_of
from bots.webchat.visitors import Visitor
from contact_center.bus import Subscription
from contact_center.messages.models import Message

HEARTBEAT = 15.0  # seconds
LOOK_EVERY = 4  # heartbeats: hints are seldom lost, and a thousand windows may be open
LOOK_BACK = 1000  # ids
LONGEST_TRANSACTION = timedelta(seconds=10)
SLOWEST_READER = 30.0  # seconds a window may take to accept what it is sent
TYPING = "typing:"
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}


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
        self._ticket: Any = ()  # what was last said about it; nothing yet
        self._is_ready = False
        self._helper: str | None = None

    async def run(self, response: web.StreamResponse) -> None:
        topics = [topic_of(self._visitor.id)]
        conversation = await view.find(self._front, self._visitor)
        if conversation is not None:
            topics += conversation_topics(conversation.id)
        known = conversation is not None
        while not self._front.streams.closing:
            with self._listening(topics) as subscription:
                found = await self._follow(response, subscription, known=known)
            if found is None:
                return
            topics, known = [*topics, *conversation_topics(found)], True

    async def _follow(
        self, response: web.StreamResponse, subscription: Subscription, *, known: bool
    ) -> int | None:
        """Until the stream ends (None), or there is a conversation to listen to (its id)."""
        quiet = 0  # times nothing new was hinted at
        while not self._front.streams.closing:
            if quiet % LOOK_EVERY == 0:
                conversation_id = await self._tell_news(response)
                if conversation_id is not None and not known:
                    return conversation_id
            hints = await subscription.wait(HEARTBEAT)
            typing = {topic for topic in hints if topic.startswith(TYPING)}
            quiet = 0 if hints - typing else quiet + 1
            if typing:
                await self._write(response, event("typing", {"name": self._helper}))
            if not hints:
                await self._write(response, b": still here\n\n")
        return None

    async def _tell_news(self, response: web.StreamResponse) -> int | None:
        """Say what the window does not know; returns the conversation's id where there is one."""
        after, is_whole, news = self._cursor.after, False, None
        while not is_whole:
            now = self._front.runtime.now()
            news = await view.look(self._front, self._visitor, after=after, now=now)
            is_whole = news is None or len(news.messages) < view.PAGE
            blocks = [] if news is None else self._blocks(news)
            if is_whole and not self._is_ready:
                blocks.append(event("ready", {}))
                self._is_ready = True
            if blocks:
                await self._write(response, b"".join(blocks))
            if news is not None and not is_whole:
                after = news.messages[-1].id
        return news.conversation.id if news else None

    def _blocks(self, news: view.News) -> list[bytes]:
        blocks = []
        for message, shown in zip(news.messages, news.views, strict=True):
            if self._cursor.is_news(message):
                self._cursor.note(message)
                blocks.append(event("message", shown, id=self._cursor.last))
        self._helper = news.helper
        if news.ticket != self._ticket:
            self._ticket = news.ticket
            blocks.append(event("status", {"ticket": news.ticket}))
        return blocks

    @contextmanager
    def _listening(self, topics: list[str]) -> Iterator[Subscription]:
        streams = self._front.streams
        with self._front.runtime.bus.subscribe(*topics) as subscription:
            streams.subscriptions.add(subscription)
            try:
                yield subscription
            finally:
                streams.subscriptions.discard(subscription)

    async def _write(self, response: web.StreamResponse, block: bytes) -> None:
        await asyncio.wait_for(response.write(block), SLOWEST_READER)


async def stream(request: web.Request) -> web.StreamResponse:
    front, visitor = request.app[FRONT], visitor_of(request)
    window = Window(front, visitor, last_seen=_last_seen(request), now=call_of(request).now)
    with front.streams.admit(visitor):
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        try:
            await response.write(b"retry: 2000\n\n")
            await window.run(response)
        except (ConnectionError, TimeoutError):
            pass  # the window was closed, or does not read: it comes back by itself
    return response


def event(kind: str, data: Any, *, id: int | None = None) -> bytes:  # noqa: A002  the protocol's word
    head = f"id: {id}\n" if id is not None else ""
    return f"{head}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def conversation_topics(conversation_id: int) -> list[str]:
    return [f"conversation:{conversation_id}", f"{TYPING}{conversation_id}"]


def _last_seen(request: web.Request) -> int:
    """What is not a number was not given by us: the window gets everything."""
    given = request.headers.get("Last-Event-ID") or request.query.get("after", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
