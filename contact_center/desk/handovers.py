"""Handing over at the desk: asked, accepted, declined, overridden; and my inbox of requests."""

from typing import TYPE_CHECKING, Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.agents.queries import agent_names
from contact_center.desk.login import Nothing
from contact_center.desk.render import go_to, page
from contact_center.desk.shell import surroundings
from contact_center.desk.steps import check_is_theirs
from contact_center.desk.ticket import state
from contact_center.events.rules import Actor
from contact_center.handovers import queries
from contact_center.handovers.actions import leaving, ownership, requests
from contact_center.handovers.models import Handover, HandoverKind
from contact_center.policies.terms import Facts
from contact_center.tickets.models import TransferReason
from contact_center.tickets.queries import get_ticket, tickets_by_id
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

routes = Routes("desk", prefix="/desk", documented=False)

_WRITE, _OVERRIDE = Permission.TICKETS_WRITE, Permission.TICKETS_OVERRIDE
Note = Annotated[str, Field(max_length=4000)]
Reason = Annotated[str, Field(max_length=1000)]
Chosen = Annotated[str, Field(pattern=r"^\d{0,18}$")]  # an agent's id, or nobody


class TransferForm(BaseModel):
    to: Annotated[str, Field(pattern=r"^(agent|team):\d{1,18}$")]
    reason: TransferReason
    note: Note = ""


class HandoverForm(BaseModel):
    to: Id
    reason: TransferReason
    note: Note = ""


class OverrideForm(BaseModel):
    owner: Chosen = ""
    assignee: Chosen = ""
    reason: Reason = ""


class RecusalForm(BaseModel):
    about: Chosen = ""
    reason: Reason = ""


class DeclineForm(BaseModel):
    why: Reason = ""


class EverythingForm(BaseModel):
    to: Id
    note: Note = ""


@routes.post("/tickets/{ticket_id}/transfer", permission=_WRITE, transaction=False)
async def transfer(call: Call, ticket_id: Id, form: Form[TransferForm]) -> web.Response:
    kind, _, number = form.to.partition(":")
    async with call.runtime.db.begin() as session:
        await check_is_theirs(call, session, ticket_id)
        if kind == "team":
            await requests.to_team(
                session,
                ticket_id,
                team=int(number),
                reason=form.reason,
                by=_by(call),
                now=call.now,
            )
        else:
            to, transfer = int(number), HandoverKind.TRANSFER
            await _request(call, session, ticket_id, transfer, to, form.reason, form.note)
    return await _shown(call, ticket_id)


@routes.post("/tickets/{ticket_id}/handover", permission=_WRITE, transaction=False)
async def hand_over(call: Call, ticket_id: Id, form: Form[HandoverForm]) -> web.Response:
    """Accountability, for good."""
    async with call.runtime.db.begin() as session:
        await check_is_theirs(call, session, ticket_id)
        kind = HandoverKind.OWNERSHIP
        await _request(call, session, ticket_id, kind, form.to, form.reason, form.note)
    return await _shown(call, ticket_id)


@routes.post("/tickets/{ticket_id}/override", permission=_OVERRIDE, transaction=False)
async def override(call: Call, ticket_id: Id, form: Form[OverrideForm]) -> web.Response:
    async with call.runtime.db.begin() as session:
        await ownership.override(
            session,
            ticket_id,
            owner=int(form.owner) if form.owner else None,
            assignee=int(form.assignee) if form.assignee else None,
            reason=form.reason,
            by=_by(call),
            now=call.now,
        )
    return await _shown(call, ticket_id)


@routes.post("/tickets/{ticket_id}/recuse", permission=_WRITE, transaction=False)
async def recuse(call: Call, ticket_id: Id, form: Form[RecusalForm]) -> web.Response:
    about = int(form.about) if form.about else None
    async with call.runtime.db.begin() as session:
        await check_is_theirs(call, session, ticket_id)
        await ownership.recuse(
            session,
            ticket_id,
            about=about,
            reason=form.reason,
            as_lead=call.agent.may(_OVERRIDE),
            by=_by(call),
            now=call.now,
        )
    if about == call.agent.id:
        return go_to(call, "/desk")
    return await _shown(call, ticket_id)


@routes.get("/handovers")
async def show_handovers(call: Call) -> web.Response:
    session, me = call.session, call.agent.id
    inbox, sent = await queries.inbox_of(session, me), await queries.sent_by(session, me)
    found = [*inbox, *sent]
    people = {n for one in found for n in (one.sender_id, one.receiver_id)}
    shell = await surroundings(call, session, active="handovers")
    return page(
        call,
        "handovers.html",
        inbox=inbox,
        sent=sent,
        tickets=await tickets_by_id(session, {one.ticket_id for one in found}),
        names=await agent_names(session, people),
        **shell,
    )


@routes.post("/handovers/{handover_id}/accept", permission=_WRITE, transaction=False)
async def accept(
    call: Call, handover_id: Id, form: Form[Nothing], ticket: Id | None = None
) -> web.Response:
    """From the page of the ticket, or from the inbox, which leads there."""
    async with call.runtime.db.begin() as session:
        handover = await requests.accept(session, handover_id, by=_by(call), now=call.now)
    if ticket is None:
        return go_to(call, f"/desk/tickets/{handover.ticket_id}")
    return await _shown(call, ticket)


@routes.post("/handovers/{handover_id}/decline", permission=_WRITE, transaction=False)
async def decline(
    call: Call, handover_id: Id, form: Form[DeclineForm], ticket: Id | None = None
) -> web.Response:
    async with call.runtime.db.begin() as session:
        await requests.decline(session, handover_id, why=form.why, by=_by(call), now=call.now)
    return await _after(call, ticket)


@routes.post("/handovers/{handover_id}/withdraw", permission=_WRITE, transaction=False)
async def withdraw(
    call: Call, handover_id: Id, form: Form[Nothing], ticket: Id | None = None
) -> web.Response:
    async with call.runtime.db.begin() as session:
        as_lead = call.agent.may(_OVERRIDE)
        await requests.withdraw(session, handover_id, by=_by(call), now=call.now, as_lead=as_lead)
    return await _after(call, ticket)


@routes.post("/handovers/accept", permission=_WRITE)
async def accept_all(call: Call, form: Form[Nothing]) -> web.Response:
    """Everything I am asked to take over."""
    inbox = await queries.inbox_of(call.session, call.agent.id)
    for number in await requests.in_order(call.session, [one.id for one in inbox]):
        await requests.accept(call.session, number, by=_by(call), now=call.now)
    return go_to(call, "/desk/handovers")


@routes.post("/admin/agents/{agent_id}/handover", permission=_OVERRIDE)
async def hand_over_everything(
    call: Call, agent_id: Id, form: Form[EverythingForm]
) -> web.Response:
    """So that somebody can leave."""
    hours = call.runtime.policies.hours_of(Facts())
    await leaving.hand_over_all(
        call.session,
        agent_id,
        to=form.to,
        note=form.note,
        terms=requests.Terms(calendar=hours, settings=call.runtime.settings.handovers),
        by=_by(call),
        now=call.now,
    )
    return go_to(call, "/desk/admin/agents")


async def _request(
    call: Call,
    session: "AsyncSession",
    ticket_id: int,
    kind: HandoverKind,
    to: int,
    reason: TransferReason,
    note: str,
) -> Handover:
    ticket, runtime = await get_ticket(session, ticket_id), call.runtime
    settings = runtime.settings.handovers
    return await requests.request(
        session,
        ticket_id,
        kind=kind,
        to=to,
        reason=reason,
        note=note,
        terms=await requests.terms_for(session, ticket, runtime.policies, settings),
        by=_by(call),
        now=call.now,
    )


async def _after(call: Call, ticket_id: int | None) -> web.Response:
    if ticket_id is None:
        return go_to(call, "/desk/handovers")
    return await _shown(call, ticket_id)


async def _shown(call: Call, ticket_id: int) -> web.Response:
    async with call.runtime.db.read() as session:
        return await state(call, session, ticket_id)


def _by(call: Call) -> Actor:
    return Actor(call.agent.actor)
