"""The log over HTTP: to look up who did what, and as a stream for other systems."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.events import queries
from contact_center.events.models import Event
from contact_center.runtime import Runtime
from contact_center.web import sse
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes
from contact_center.web.sse import STREAMS, ServerEvent
from contact_center.webhooks.rules import PATTERN, wants

routes = Routes("events")

LOOK_EVERY = 5.0  # seconds, where no hint comes
LONGEST_STREAM = 600.0  # seconds; who comes back shows a token that may have been revoked
LONGEST_TRANSACTION = timedelta(seconds=10)

Kinds = Annotated[
    list[Annotated[str, Field(max_length=64, pattern=PATTERN)]],
    Field(max_length=50, examples=[["ticket.*", "message.received"]]),
]


class EventView(BaseModel):
    id: int
    seq: int | None = Field(description="within its ticket, from 1 and without gaps")
    ticket_id: int | None
    kind: str = Field(examples=["ticket.claimed"])
    actor: str = Field(examples=["agent:7", "customer:3", "token:2", "bot", "system"])
    data: dict[str, Any] = Field(description="identifiers and codes, no texts")
    at: datetime


def show_event(event: Event) -> EventView:
    return EventView.model_validate(event, from_attributes=True)


@routes.get("/events", permission=Permission.AUDIT_READ)
async def list_events(
    call: Call,
    kind: Annotated[str, Field(max_length=64)] | None = None,
    actor: Annotated[str, Field(max_length=80)] | None = None,
    after: Cursor | None = None,
    limit: Limit = 50,
) -> Page[EventView]:
    """List what happened, the newest first: who did what, and when."""
    (last,) = read_cursor(after, int) or (None,)
    rows = await queries.latest_events(
        call.session, kind=kind, actor=actor, before=last, limit=limit + 1
    )
    return page_of(rows, limit=limit, key=lambda event: (event.id,), show=show_event)


@routes.get(
    "/stream",
    permission=Permission.TICKETS_READ,
    transaction=False,
    media_type="text/event-stream",
    errors=(503,),
)
async def stream_events(
    call: Call,
    kinds: Kinds | None = None,
    last_event_id: Annotated[str, Field(max_length=20)] = "",
) -> web.StreamResponse:
    """Follow what happens to tickets as server-sent events, each an EventView in JSON.

    It ends after ten minutes, and whenever the server likes: connect again with `Last-Event-ID`,
    the last `id` that came, and it goes on where the last one ended. Events of the last seconds may
    come twice, so compare their ids. With `audit:read` it tells of everything else too.
    """
    reader = Reader(call.runtime, after=sse.last_event_id(call) or None)
    patterns = kinds or ["*"]
    may_see_all = call.principal.may(Permission.AUDIT_READ)

    async def shown() -> AsyncIterator[ServerEvent]:
        # At once: a stream in which nothing happens must be continued somewhere, too.
        yield ServerEvent(None, id=str(await reader.begin()))
        async for event in reader.events():
            if wants(patterns, event.kind) and (may_see_all or event.ticket_id is not None):
                text = show_event(event).model_dump_json()
                yield ServerEvent(text, event.kind, str(reader.last))

    return await call.request.app[STREAMS].send(
        call, shown(), owner=call.principal.actor, longest=LONGEST_STREAM
    )


@dataclass
class Reader:
    """Reads the log as it grows, and misses nothing.

    Ids are given out before transactions commit, so a lower one may appear after a higher one:
    each look also goes back over what is younger than any transaction lasts.
    """

    runtime: Runtime
    after: int | None
    last: int = 0
    _seen: set[int] = field(default_factory=set)

    async def events(self) -> AsyncIterator[Event]:
        with self.runtime.bus.subscribe("events") as subscription:
            while True:
                while found := await self._look():
                    for event in found:
                        self.last = max(self.last, event.id)
                        yield event
                await subscription.wait(LOOK_EVERY)

    async def begin(self) -> int:
        """Choose where to read from, before `events`. Returns the last event passed over."""
        if self.after is not None:
            self.last = self.after
            return self.last
        async with self.runtime.db.read() as session:
            self.last = await queries.last_event_id(session)
            self._seen = await queries.young_event_ids(
                session, up_to=self.last, within=LONGEST_TRANSACTION
            )
        return self.last

    async def _look(self) -> Sequence[Event]:
        """What has come to light since the last look, oldest first."""
        async with self.runtime.db.read() as session:
            young = await queries.young_event_ids(
                session, up_to=self.last, within=LONGEST_TRANSACTION
            )
            late = await queries.events_by_id(session, young - self._seen)
            new = await queries.events_after(session, self.last)
        self._seen = young | {event.id for event in new}
        return [*late, *new]
