"""Lists of tickets over HTTP: the desk's queues, and what a search finds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from contact_center.agents.queries import get_team, team_ids_of
from contact_center.errors import Forbidden, Invalid
from contact_center.messages.queries import search_tickets
from contact_center.messages.rules import search_terms
from contact_center.tickets import queries
from contact_center.tickets.api.views import TicketLine, reader_of, show_lines
from contact_center.tickets.models import Ticket
from contact_center.tickets.queries import Queue
from contact_center.tickets.rules import parse_reference
from contact_center.web.arguments import Id
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, cursor, page_of, read_cursor
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("tickets")

Query = Annotated[
    str,
    Field(
        max_length=200,
        description="words in English or Chinese that one message contains, or a reference",
        examples=["late parcel", "退款", "T-000012"],
    ),
]


@routes.get("/tickets", permission=Permission.TICKETS_READ)
async def list_tickets(
    call: Call,
    queue: Queue | None = None,
    team_id: Id | None = None,
    query: Query | None = None,
    after: Cursor | None = None,
    limit: Limit = 50,
) -> Page[TicketLine]:
    """List a queue's tickets, or find tickets by what was said on them.

    A queue holds what is not finished, the most urgent first; `mine` and `team` are those of the
    agent who is logged in, unless `team_id` names a team. A `query` finds finished tickets too,
    what was said last first.
    """
    if query is None:
        return await _queue(call, queue or Queue.ALL, team_id, after=after, limit=limit)
    if queue is not None or team_id is not None:
        raise Invalid(code="search.query_alone")
    if (number := parse_reference(query)) is not None:
        found = await queries.tickets_by_id(call.session, [number])
        return Page(items=await show_lines(call, list(found.values())))
    return await _search(call, query, after=after, limit=limit)


async def _queue(
    call: Call, queue: Queue, team_id: int | None, *, after: str | None, limit: int
) -> Page[TicketLine]:
    agent_id = _agent_id(call, queue)
    rows = await queries.queue_page(
        call.session,
        queue,
        agent_id=agent_id,
        standing_in=await queries.stands_in_for(call.session, agent_id, now=call.now),
        team_ids=await _team_ids(call, queue, team_id),
        after=_last_seen(after),
        limit=limit + 1,
    )
    shown = {line.id: line for line in await show_lines(call, rows)}
    return page_of(rows, limit=limit, key=_key, show=lambda ticket: shown[ticket.id])


async def _search(call: Call, query: str, *, after: str | None, limit: int) -> Page[TicketLine]:
    (before,) = read_cursor(after, int) or (None,)
    hits = await search_tickets(call.session, search_terms(query), before=before, limit=limit + 1)
    page = hits[:limit]
    tickets = await queries.tickets_by_id(call.session, [ticket_id for ticket_id, _ in page])
    items = await show_lines(call, [tickets[ticket_id] for ticket_id, _ in page])
    return Page(items=items, next=cursor(page[-1][1]) if len(hits) > limit else None)


def _agent_id(call: Call, queue: Queue) -> int:
    if queue is Queue.MINE:
        return call.agent.id
    return reader_of(call)


async def _team_ids(call: Call, queue: Queue, team_id: int | None) -> Sequence[int]:
    if team_id is not None:
        if queue is not Queue.TEAM:
            raise Invalid(code="search.team_with_queue")
        return [(await get_team(call.session, team_id)).id]
    if queue is not Queue.TEAM:
        return ()
    if not call.principal.is_agent:
        raise Forbidden(code="search.name_team")
    return await team_ids_of(call.session, call.agent.id)


def _key(ticket: Ticket) -> tuple[str, int]:
    # Without a date: all that it was promised is paused, and it comes after everything else.
    return ticket.next_due_at.isoformat() if ticket.next_due_at else "", ticket.id


def _last_seen(after: str | None) -> tuple[datetime | None, int] | None:
    seen = read_cursor(after, str, int)
    if seen is None:
        return None
    text, number = seen
    try:
        due_at = datetime.fromisoformat(text) if text else None
    except ValueError:
        due_at = None
    if text and (due_at is None or due_at.tzinfo is None):
        raise Invalid(code="page.no_such_cursor")
    return due_at, number
