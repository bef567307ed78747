"""Queues that stay current: changed lines and counters, without loading the page again."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from contact_center.agents.queries import agent_names, team_ids_of
from contact_center.desk.render import draw, reader_of
from contact_center.desk.rows import rows_of
from contact_center.desk.shell import TALLY, count_all
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
from contact_center.events.models import Event
from contact_center.events.queries import events_since, last_event_id
from contact_center.events.rules import Actor, agent_id
from contact_center.messages.queries import unread_counts
from contact_center.tickets.queries import Queue, hidden_among, in_queue, queue_page, stands_in_for
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

routes = Routes("desk", prefix="/desk", documented=False)

MOST_EVENTS = 1000  # beyond them the page had better be loaded again


@routes.get("/live/counters", permission=Permission.TICKETS_READ, transaction=False)
async def follow_counters(call: Call) -> web.StreamResponse:
    """For pages that show no queue."""
    return await _follow(call, queue=None, after=0)


@routes.get("/live/queues/{queue}", permission=Permission.TICKETS_READ, transaction=False)
async def follow_queue(call: Call, queue: Queue, after: Position = 0) -> web.StreamResponse:
    """`after` is the last event the page knows of."""
    return await _follow(call, queue=queue, after=after)


@routes.get("/badge", permission=Permission.TICKETS_READ)
async def show_badge(call: Call) -> dict[str, int]:
    """What a tab in the background asks now and then: my tickets, and what is new in them."""
    me = call.agent.id
    standing_in = await stands_in_for(call.session, me, now=call.now)
    tickets = await queue_page(
        call.session, Queue.MINE, agent_id=me, standing_in=standing_in, limit=100
    )
    ids = [ticket.id for ticket in tickets]
    unread = await unread_counts(call.session, agent_id=call.agent.id, ticket_ids=ids)
    return {"mine": len(tickets), "unread": sum(unread.values())}


async def _follow(call: Call, *, queue: Queue | None, after: int) -> web.StreamResponse:
    cursor = Cursor((resume_at(call) or [after])[0])
    with call.request.app[STREAMS].listen(call, ["events"]) as subscription:
        async with pipe_to(call) as pipe:
            counts: dict[str, str] = {}
            async for hints in beats(call, subscription):
                if queue is not None:
                    await _send_rows(call, pipe, queue, cursor)
                counts = await _send_counts(call, pipe, counts)
                if not hints:
                    await pipe.stay_open()
    return pipe.response


async def _send_counts(call: Call, pipe: Pipe, known: dict[str, str]) -> dict[str, str]:
    async with call.runtime.db.read() as session:
        counts = await count_all(call, session)
    if counts != known:
        await pipe.tell("counts", counts)
    return counts


async def _send_rows(call: Call, pipe: Pipe, queue: Queue, cursor: Cursor) -> None:
    async with call.runtime.db.read() as session:
        events = await events_since(session, after=cursor.last, within=LOOK_BACK, limit=MOST_EVENTS)
        fresh = [event for event in cursor.news(events) if event.ticket_id is not None]
        if not fresh:
            return
        if len(events) >= MOST_EVENTS:
            cursor.last = await last_event_id(session)
            await pipe.tell("reload", {})
            return
        html = await _changed(call, session, queue, fresh)
    call.request.app[TALLY].at = None  # counted anew: the numbers fit the lines
    await pipe.show(html, mark=str(cursor.last))


async def _changed(
    call: Call, session: "AsyncSession", queue: Queue, events: Sequence[Event]
) -> str:
    """Lines of tickets that are in the queue, and why others have left it."""
    last = {event.ticket_id: event for event in events if event.ticket_id is not None}
    agent = call.agent.id
    team_ids = await team_ids_of(session, agent)
    now = call.runtime.now()
    tickets = await in_queue(
        session,
        queue,
        ticket_ids=list(last),
        agent_id=agent,
        standing_in=await stands_in_for(session, agent, now=now),
        team_ids=team_ids,
    )
    rows = await rows_of(session, tickets, agent_id=agent, now=now)
    shown = {t.id for t in tickets} | await hidden_among(session, last.keys(), reader=agent)
    left = [event for number, event in last.items() if number not in shown]
    names = await agent_names(session, [agent_id(Actor(event.actor)) for event in left])
    gone = [(e.ticket_id, e.kind, names.get(agent_id(Actor(e.actor)) or 0)) for e in left]
    return draw(
        "row_news.html", reader_of(call, now=now), {"rows": rows, "gone": gone, "queue": queue}
    )
