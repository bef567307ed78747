"""Promises at the desk: lists of what is owed, their steps, and offers while somebody writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.agents.queries import agent_names, team_ids_of
from contact_center.desk.render import go_to, page
from contact_center.desk.shell import surroundings
from contact_center.desk.steps import check_is_theirs
from contact_center.desk.ticket import state
from contact_center.desk.times import exactly, local_time, zone_of
from contact_center.errors import Invalid
from contact_center.events.rules import Actor
from contact_center.promises import actions, queries
from contact_center.promises.models import Promise
from contact_center.promises.rules.detecting import detect
from contact_center.promises.rules.keeping import LONGEST_TEXT
from contact_center.tickets.models import Ticket
from contact_center.tickets.queries import check_may_see, lock_ticket, tickets_by_id
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

routes = Routes("desk", prefix="/desk", documented=False)

_READ, _WRITE = Permission.TICKETS_READ, Permission.TICKETS_WRITE
MOST = 200
Whose = Literal["mine", "team"]
Local = Annotated[str, Field(max_length=40)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]


class NewForm(BaseModel):
    text: Text
    until: Local


class StepForm(BaseModel):
    text: Annotated[str, Field(max_length=100_000)] = ""
    until: Local = ""


class DraftForm(BaseModel):
    text: Annotated[str, Field(max_length=5_000)] = ""


@dataclass(frozen=True, slots=True)
class Owed:
    promise: Promise
    ticket: Ticket
    by: str


@routes.get("/promises", permission=_READ)
async def show_promises(call: Call, whose: Whose = "mine") -> web.Response:
    """What I have promised, or what was promised on my teams' tickets; the next due first."""
    session = call.session
    own = whose == "mine"
    found = await queries.page_of_promises(
        session,
        agent_ids=[call.agent.id] if own else None,
        team_ids=None if own else await team_ids_of(session, call.agent.id),
        reader=call.agent.id,
        limit=MOST,
    )
    shell = await surroundings(call, session, active="promises")
    return page(call, "promises.html", listed=await _owed(session, found), whose=whose, **shell)


@routes.post("/tickets/{ticket_id}/promise", permission=_WRITE, transaction=False)
async def make(call: Call, ticket_id: Id, form: Form[NewForm]) -> web.Response:
    due_at = local_time(form.until, zone=call.agent.time_zone)
    if due_at is None:
        raise Invalid(code="form.until_in_future")
    async with call.runtime.db.begin() as session:
        await check_is_theirs(call, session, ticket_id)
        await actions.make(
            session, ticket_id, text=form.text, due_at=due_at, by=_by(call), now=call.now
        )
    async with call.runtime.db.read() as session:
        return await state(call, session, ticket_id)


@routes.post("/promises/{promise_id}/{step}", permission=_WRITE, transaction=False)
async def take_step(
    call: Call,
    promise_id: Id,
    step: Literal["keep", "renegotiate", "cancel"],
    form: Form[StepForm],
    listed: Whose | None = None,
) -> web.Response:
    """From the ticket's page, or from a list."""
    async with call.runtime.db.begin() as session:
        ticket_id = (await queries.get_promise(session, promise_id)).ticket_id
        await lock_ticket(session, ticket_id)
        await check_may_see(session, ticket_id, reader=call.agent.id)
        await _take(call, session, promise_id, step, form)
    if listed is not None:
        return go_to(call, f"/desk/promises?whose={listed}")
    async with call.runtime.db.read() as session:
        return await state(call, session, ticket_id)


async def _take(
    call: Call, session: "AsyncSession", promise_id: int, step: str, form: StepForm
) -> None:
    by, lead = _by(call), call.agent.may(Permission.TICKETS_OVERRIDE)
    if step == "keep":
        await actions.keep(session, promise_id, by=by, now=call.now, as_lead=lead)
        return
    if step == "cancel":
        await actions.cancel(
            session, promise_id, reason=form.text, by=by, now=call.now, as_lead=lead
        )
        return
    due_at = local_time(form.until, zone=call.agent.time_zone)
    if due_at is None:
        raise Invalid(code="form.until_in_future")
    await actions.renegotiate(
        session, promise_id, due_at=due_at, message=form.text, by=by, now=call.now, as_lead=lead
    )


@routes.post("/promise-offers", permission=_WRITE, transaction=False, status=200)
async def offer(call: Call, form: Form[DraftForm]) -> web.Response:
    """Whether what is being written promises something by some time, in the agent's zone."""
    zone = zone_of(call.agent.time_zone)
    found = detect(form.text, now=call.now, zone=zone)
    if found is None:
        return web.json_response({})
    local = found.due_at.astimezone(zone)
    return web.json_response(
        {"until": f"{local:%Y-%m-%dT%H:%M}", "said": exactly(found.due_at, zone=zone)[:16]}
    )


async def _owed(session: "AsyncSession", found: Sequence[Promise]) -> list[Owed]:
    tickets = await tickets_by_id(session, {promise.ticket_id for promise in found})
    names = await agent_names(session, {promise.promised_by_id for promise in found})
    return [Owed(p, tickets[p.ticket_id], names.get(p.promised_by_id, "")) for p in found]


def _by(call: Call) -> Actor:
    return Actor(call.agent.actor)
