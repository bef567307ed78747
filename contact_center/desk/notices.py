"""What a browser tells an agent who looks elsewhere; no word of a customer's is in it."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from aiohttp import web

from contact_center.desk.render import Reader, reader_of
from contact_center.desk.streams import (
    LOOK_BACK,
    STREAMS,
    Cursor,
    Pipe,
    Position,
    beats,
    pipe_to,
    resume_at,
)
from contact_center.desk.times import when, zone_of
from contact_center.desk.words import say
from contact_center.events.queries import events_since, last_event_id
from contact_center.routing.queries import offers_to
from contact_center.tickets.models import Ticket
from contact_center.tickets.queries import Queue, in_queue, queue_page, stands_in_for
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

routes = Routes("desk", prefix="/desk", documented=False)

SOON = timedelta(minutes=15)  # before a promise is late; the desk's script colours it then, too
MOST = 100  # tickets of one agent that are looked at, the most urgent first
Notice = dict[str, str]


@routes.get("/live/notices", permission=Permission.TICKETS_WRITE, transaction=False)
async def follow_notices(call: Call, after: Position = 0) -> web.StreamResponse:
    """`after` is the last event another page of the same browser has heard of."""
    cursor = Cursor((resume_at(call) or [after])[0])
    if not cursor.last:  # a new browser: what was before it is answered is no news
        async with call.runtime.db.read() as session:
            cursor.last = await last_event_id(session)
            await _heard(session, cursor)
    with call.request.app[STREAMS].listen(call, ["events"]) as subscription:
        async with pipe_to(call) as pipe:
            told: set[str] = set()
            at = 0
            async for hints in beats(call, subscription):
                at = await _tell(call, pipe, cursor, told=told, at=at)
                if not hints:
                    await pipe.stay_open()
    return pipe.response


async def _tell(call: Call, pipe: Pipe, cursor: Cursor, *, told: set[str], at: int) -> int:
    """What is new since the page was told `at`; where it is now."""
    async with call.runtime.db.read() as session:
        found = [one for one in await _all(call, session, cursor) if one["tag"] not in told]
    told |= {one["tag"] for one in found}
    if found or cursor.last != at:
        data = {"at": cursor.last, "notices": found}
        await pipe.tell("notices", data, mark=str(cursor.last))
    return cursor.last


async def _all(call: Call, session: "AsyncSession", cursor: Cursor) -> list[Notice]:
    """Each has a tag of its own: whoever hears of it twice shows it once."""
    me, reader = call.agent.id, reader_of(call, now=call.runtime.now())
    standing_in = await stands_in_for(session, me, now=reader.now)
    found = [
        _notice(reader, f"offer-{decision.id}", "offer", ticket)
        for decision, ticket in await offers_to(session, me, now=reader.now)
    ]
    heard = await _heard(session, cursor)
    answered = await in_queue(
        session, Queue.MINE, ticket_ids=list(heard), agent_id=me, standing_in=standing_in
    )
    found += [_notice(reader, f"answer-{heard[one.id]}", "answer", one) for one in answered]
    mine = await queue_page(session, Queue.MINE, agent_id=me, standing_in=standing_in, limit=MOST)
    return [*found, *_late_soon(reader, mine)]


async def _heard(session: "AsyncSession", cursor: Cursor) -> dict[int, int]:
    """The tickets on which customers have written, and the last event of each."""
    events = await events_since(
        session, after=cursor.last, within=LOOK_BACK, kinds="message.received"
    )
    return {event.ticket_id: event.id for event in cursor.news(events) if event.ticket_id}


def _late_soon(reader: Reader, tickets: Sequence[Ticket]) -> Iterator[Notice]:
    zone, language = zone_of(reader.time_zone), reader.language
    for ticket in tickets:
        due = ticket.next_due_at
        if due is not None and reader.now <= due < reader.now + SOON:
            at = when(due, now=reader.now, zone=zone, language=language)
            yield _notice(reader, f"due-{ticket.id}-{due.timestamp():.0f}", "due", ticket, at=at)


def _notice(reader: Reader, tag: str, kind: str, ticket: Ticket, **values: str) -> Notice:
    title = say(reader.language, f"notify.{kind}", reference=ticket.reference, **values)
    return {"tag": tag, "kind": kind, "title": title, "url": f"/desk/tickets/{ticket.id}"}
