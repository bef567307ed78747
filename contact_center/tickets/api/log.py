"""The log over HTTP: to look up who did what, and as a stream for other systems."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from aiohttp import web
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.events import queries as events
from contact_center.events.api import EventView, Reader, show_event
from contact_center.events.models import Event
from contact_center.tickets import queries
from contact_center.tickets.api.views import reader_of
from contact_center.web import sse
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes
from contact_center.web.sse import STREAMS, ServerEvent
from contact_center.webhooks.rules import PATTERN, wants

routes = Routes("events")

LONGEST_STREAM = 600.0  # seconds; who comes back shows a token that may have been revoked

Kinds = Annotated[
    list[Annotated[str, Field(max_length=64, pattern=PATTERN)]],
    Field(max_length=50, examples=[["ticket.*", "message.received"]]),
]


@routes.get("/events", permission=Permission.AUDIT_READ)
async def list_events(
    call: Call,
    kind: Annotated[str, Field(max_length=64)] | None = None,
    actor: Annotated[str, Field(max_length=80)] | None = None,
    after: Cursor | None = None,
    limit: Limit = 50,
) -> Page[EventView]:
    """List what happened, the newest first: who did what, and when.

    What happened to a complaint about the caller, or about who leads them, is left out.
    """
    (last,) = read_cursor(after, int) or (None,)
    rows = await events.latest_events(
        call.session,
        kind=kind,
        actor=actor,
        before=last,
        shown=queries.seen_by(reader_of(call), Event.ticket_id),
        limit=limit + 1,
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
    come twice, so compare their ids. With `audit:read` it tells of everything else too;
    of complaints about the caller, or about who leads them, never.
    """
    patterns = kinds or ["*"]
    may_see_all = call.principal.may(Permission.AUDIT_READ)

    async def keep(session: AsyncSession, found: Sequence[Event]) -> Sequence[Event]:
        numbers = {event.ticket_id for event in found if event.ticket_id is not None}
        hidden = await queries.hidden_among(session, numbers, reader=reader_of(call))
        return [
            event
            for event in found
            if event.ticket_id not in hidden
            and (may_see_all or event.ticket_id is not None)
            and wants(patterns, event.kind)
        ]

    reader = Reader(call.runtime, after=sse.last_event_id(call) or None, keep=keep)

    place = await reader.begin()  # before the answer begins: what happens from then on is told

    async def shown() -> AsyncIterator[ServerEvent]:
        # At once: a stream in which nothing happens must be continued somewhere, too.
        yield ServerEvent(None, id=str(place))
        async for event in reader.events():
            text = show_event(event).model_dump_json()
            yield ServerEvent(text, event.kind, str(reader.last))

    return await call.request.app[STREAMS].send(
        call, shown(), owner=call.principal.actor, longest=LONGEST_STREAM
    )
