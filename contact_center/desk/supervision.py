"""The supervisors' board: orders, broken promises, what waits too long, unhappy customers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.agents.queries import absent_agents, agent_names
from contact_center.callbacks.queries import sent_back
from contact_center.complaints.queries import Filter, register
from contact_center.desk.login import Nothing
from contact_center.desk.render import go_to, page, reader_of
from contact_center.desk.rows import Row, rows_of
from contact_center.desk.shell import surroundings
from contact_center.escalations.models import Escalation
from contact_center.escalations.queries import rungs_reached
from contact_center.events.rules import Actor
from contact_center.handovers.queries import held_by, much_transferred
from contact_center.supervision import actions
from contact_center.supervision.queries import page_of_orders
from contact_center.tickets.models import Ticket
from contact_center.tickets.queries import Queue, queue_page, tickets_by_id, unclaimed_before
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

routes = Routes("desk", prefix="/desk", documented=False)

OVERRIDE = Permission.TICKETS_OVERRIDE
MOST = 30  # tickets a panel shows
Words = Annotated[str, Field(max_length=4000)]


class InstructionForm(BaseModel):
    text: Words = ""


class EndingForm(BaseModel):
    explanation: Words = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """Tickets that have one thing in common."""

    name: str
    rows: Sequence[Row]


@routes.get("/supervision", permission=OVERRIDE)
async def show_board(call: Call) -> web.Response:
    session = call.session
    orders = await page_of_orders(session, reader=call.agent.id, limit=100)
    tickets = await tickets_by_id(session, {order.ticket_id for order in orders})
    listed = await rows_of(session, list(tickets.values()), agent_id=call.agent.id, now=call.now)
    rows = {row.ticket.id: row for row in listed}  # without what the reader must not see
    panels = await _panels(call, session)
    shown = tickets.keys() | {ticket.id for _, found in panels for ticket in found}
    shell = await surroundings(call, session, active="supervision")
    return page(
        call,
        "supervision.html",
        orders=[order for order in orders if order.ticket_id in rows],
        order_people=await agent_names(session, {order.supervisor_id for order in orders}),
        rows=rows,
        panels=[
            Panel(name, await rows_of(session, found, agent_id=call.agent.id, now=call.now))
            for name, found in panels
        ],
        reached=await _reached(call, session, shown),
        **shell,
    )


@routes.post("/supervision/{order_id}/take", permission=OVERRIDE)
async def take(call: Call, order_id: Id, form: Form[Nothing]) -> web.Response:
    await actions.take(call.session, order_id, by=_by(call), now=call.now)
    return go_to(call, "/desk/supervision")


@routes.post("/supervision/{order_id}/instruct", permission=OVERRIDE)
async def instruct(call: Call, order_id: Id, form: Form[InstructionForm]) -> web.Response:
    await actions.instruct(call.session, order_id, text=form.text, by=_by(call), now=call.now)
    return go_to(call, "/desk/supervision")


@routes.post("/supervision/{order_id}/end", permission=OVERRIDE)
async def end(call: Call, order_id: Id, form: Form[EndingForm]) -> web.Response:
    await actions.end(
        call.session, order_id, explanation=form.explanation, by=_by(call), now=call.now
    )
    return go_to(call, "/desk/supervision")


async def _panels(call: Call, session: "AsyncSession") -> list[tuple[str, Sequence[Ticket]]]:
    waits = timedelta(minutes=call.runtime.settings.supervision.unclaimed_minutes)
    me, absent = call.agent.id, sorted(await absent_agents(session, now=call.now))
    return [
        ("breached", await queue_page(session, Queue.BREACHED, agent_id=me, limit=MOST)),
        ("transferred", await much_transferred(session, times=2, reader=me, limit=MOST)),
        ("absent", await held_by(session, absent, reader=me, limit=MOST) if absent else []),
        ("unclaimed", await unclaimed_before(session, call.now - waits, limit=MOST)),
        ("unhappy", await sent_back(session, limit=MOST)),
        ("silent", await _silent(call, session)),
    ]


async def _silent(call: Call, session: "AsyncSession") -> list[Ticket]:
    """Complaints that only people end: their customers have said nothing to our response."""
    since = call.runtime.procedure.silent_since(call.now)
    wanted = Filter(silent_since=since, reader=call.agent.id)
    return [entry.ticket for entry in await register(session, wanted, limit=MOST)]


async def _reached(
    call: Call, session: "AsyncSession", ticket_ids: Collection[int]
) -> dict[int, tuple[Escalation, str]]:
    """By ticket the highest rung that was told, and what it is called."""
    language = reader_of(call).language
    titles = {rung.name: rung.titled(language) for rung in call.runtime.ladder.rung}
    found = await rungs_reached(session, ticket_ids)
    return {number: (one, titles.get(one.name, one.name)) for number, one in found.items()}


def _by(call: Call) -> Actor:
    return Actor(call.agent.actor)
