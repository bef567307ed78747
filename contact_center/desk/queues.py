"""Queues of tickets, and search."""

from typing import TYPE_CHECKING, Annotated

from aiohttp import web
from pydantic import Field

from contact_center.agents.queries import team_ids_of
from contact_center.customers.queries import search_customers
from contact_center.desk.render import go_to, page
from contact_center.desk.rows import Row, after_of, parse_after, rows_of
from contact_center.desk.shell import surroundings
from contact_center.errors import Invalid
from contact_center.events.queries import last_event_id
from contact_center.messages.queries import search_messages
from contact_center.messages.rules import search_terms
from contact_center.tickets.queries import (
    Queue,
    queue_page,
    stands_in_for,
    tickets_by_id,
    tickets_of_customer,
)
from contact_center.tickets.rules import parse_reference
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

routes = Routes("desk", prefix="/desk", documented=False)

PAGE = 50  # tickets
Words = Annotated[str, Field(max_length=200)]


@routes.get("/queues/{queue}", permission=Permission.TICKETS_READ)
async def show_queue(call: Call, queue: Queue) -> web.Response:
    session = call.session
    last_event = await last_event_id(session)
    shell = await surroundings(call, session, active=queue.value)
    rows, more = await _page(call, session, queue, team_ids=shell["team_ids"], after="")
    return page(
        call, "queue.html", queue=queue, rows=rows, more=more, last_event=last_event, q="", **shell
    )


@routes.get("/queues/{queue}/more", permission=Permission.TICKETS_READ)
async def show_more(call: Call, queue: Queue, after: Words) -> web.Response:
    team_ids = await team_ids_of(call.session, call.agent.id)
    rows, more = await _page(call, call.session, queue, team_ids=team_ids, after=after)
    return page(call, "rows.html", queue=queue, rows=rows, more=more)


@routes.get("/search", permission=Permission.TICKETS_READ)
async def search(call: Call, q: Words = "") -> web.Response:
    session = call.session
    number = parse_reference(q)
    if number is not None and await tickets_by_id(session, [number]):
        return go_to(call, f"/desk/tickets/{number}")
    rows = await _find(call, session, q) if q.strip() else []
    shell = await surroundings(call, session, active="search")
    return page(call, "search.html", rows=rows, q=q, **shell)


async def _page(
    call: Call, session: "AsyncSession", queue: Queue, *, team_ids: list[int], after: str
) -> tuple[list[Row], str]:
    """A page of rows, and where the next begins (empty at the end)."""
    try:
        beyond = parse_after(after)
    except ValueError:
        raise Invalid(code="form.no_such_place") from None
    tickets = await queue_page(
        session,
        queue,
        agent_id=call.agent.id,
        standing_in=await stands_in_for(session, call.agent.id, now=call.now),
        team_ids=team_ids,
        after=beyond,
        limit=PAGE + 1,
    )
    more = after_of(tickets[PAGE - 1]) if len(tickets) > PAGE else ""
    return await rows_of(session, tickets[:PAGE], agent_id=call.agent.id, now=call.now), more


async def _find(call: Call, session: "AsyncSession", words: str) -> list[Row]:
    """Tickets of customers with that name, then tickets in which all the words were said."""
    found: dict[int, None] = {}
    for customer in await search_customers(session, words, limit=5):
        found |= {ticket.id: None for ticket in await tickets_of_customer(session, customer.id)}
    try:
        terms = search_terms(words)
    except Invalid:
        terms = []
    if terms:
        found |= {ticket_id: None for _, ticket_id in await search_messages(session, terms)}
    wanted = list(found)[:PAGE]
    tickets = await tickets_by_id(session, wanted)
    seen = [tickets[i] for i in wanted if i in tickets]
    return await rows_of(session, seen, agent_id=call.agent.id, now=call.now)
