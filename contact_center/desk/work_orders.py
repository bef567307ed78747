"""Work orders at the desk: a board for each team, and their steps there and on the ticket."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.agents.models import Team
from contact_center.agents.queries import (
    agent_names,
    all_teams,
    members_by_team,
    team_ids_of,
)
from contact_center.desk.render import go_to, page
from contact_center.desk.shell import surroundings
from contact_center.desk.steps import check_is_theirs
from contact_center.desk.ticket import state, titles
from contact_center.desk.times import local_time
from contact_center.errors import Invalid
from contact_center.events.rules import Actor
from contact_center.tickets.models import Ticket
from contact_center.tickets.queries import check_may_see, lock_ticket, tickets_by_id
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes
from contact_center.work_orders import queries
from contact_center.work_orders.actions import asking, issuing, passing, working
from contact_center.work_orders.models import WorkOrder, WorkOrderState
from contact_center.work_orders.rules import LONGEST_TEXT, Visit

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

routes = Routes("desk", prefix="/desk", documented=False)

_READ, _WRITE = Permission.TICKETS_READ, Permission.TICKETS_WRITE
MOST = 200  # work orders a board shows
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Local = Annotated[str, Field(max_length=40)]  # as a browser's field gives it
_S = WorkOrderState
COLUMNS: dict[str, frozenset[WorkOrderState]] = {
    "to_sign": frozenset({_S.ISSUED}),
    "at_work": frozenset({_S.SIGNED, _S.IN_PROGRESS, _S.EXTENSION_REQUESTED, _S.REDO}),
    "to_verify": frozenset({_S.FINISHED}),
    "to_decide": frozenset({_S.RETURNED}),
}


class Step(StrEnum):
    SIGN = "sign"
    START = "start"
    ARRIVE = "arrive"
    FINISH = "finish"
    RETURN = "return"
    EXTEND = "extend"
    GIVE = "give"
    GRANT = "grant"
    DECLINE = "decline"
    REDIRECT = "redirect"
    VERIFY = "verify"
    REDO = "redo"
    WAIVE = "waive"
    WITHDRAW = "withdraw"
    COMMENT = "comment"


class StepForm(BaseModel):
    text: Text = ""
    team: Annotated[str, Field(pattern=r"^\d{0,18}$")] = ""
    to: Annotated[str, Field(pattern=r"^\d{0,18}$")] = ""  # a colleague
    until: Local = ""
    rating: Annotated[str, Field(pattern=r"^[1-5]?$")] = ""


class NewForm(BaseModel):
    kind: Annotated[str, Field(max_length=64)]
    team: Id
    task: Text
    optional: Annotated[str, Field(max_length=8)] = ""  # ticked: it does not block
    location: Annotated[str, Field(max_length=998)] = ""
    skill: Annotated[str, Field(max_length=64)] = ""
    begins: Local = ""
    ends: Local = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A work order on the board."""

    order: WorkOrder
    ticket: Ticket
    team: str
    assignee: str | None

    @property
    def due_at(self) -> datetime:
        is_new = self.order.state is WorkOrderState.ISSUED
        return self.order.sign_due_at if is_new else self.order.finish_due_at


@routes.get("/work-orders", permission=_READ)
async def show_board(call: Call, team: Id | None = None) -> web.Response:
    """What teams were asked for, the overdue first: one team's, or that of all one's own."""
    session = call.session
    teams = await all_teams(session)
    own = await team_ids_of(session, call.agent.id)
    chosen = [team] if team else own or [one.id for one in teams]
    orders = await queries.page_of_work_orders(
        session, team_ids=chosen, open_only=True, reader=call.agent.id, limit=MOST
    )
    cards = await _cards(session, orders, teams)
    return page(
        call,
        "work_orders.html",
        columns={
            name: sorted((c for c in cards if c.order.state in states), key=lambda c: c.due_at)
            for name, states in COLUMNS.items()
        },
        teams=teams,
        team=team,
        own=own,
        titles=titles(call),
        mates=await members_by_team(session, chosen),
        **await surroundings(call, session, active="work_orders"),
    )


@routes.post("/tickets/{ticket_id}/work-order", permission=_WRITE, transaction=False)
async def issue(call: Call, ticket_id: Id, form: Form[NewForm]) -> web.Response:
    async with call.runtime.db.begin() as session:
        await check_is_theirs(call, session, ticket_id)
        asked = await asking.ask(
            session,
            await lock_ticket(session, ticket_id),
            call.runtime.policies,
            kind=form.kind,
            team_id=form.team,
            task=form.task,
            is_blocking=not form.optional,
            visit=_visit(call, form),
        )
        await issuing.issue(session, ticket_id, asked, by=_by(call), now=call.now)
    async with call.runtime.db.read() as session:
        return await state(call, session, ticket_id)


@routes.post("/work-orders/{order_id}/{step}", permission=_WRITE, transaction=False)
async def take_step(
    call: Call, order_id: Id, step: Step, form: Form[StepForm], board: Id | None = None
) -> web.Response:
    """From the ticket's page, or from a `board`."""
    async with call.runtime.db.begin() as session:
        ticket_id = (await queries.get_work_order(session, order_id)).ticket_id
        await lock_ticket(session, ticket_id)
        await check_may_see(session, ticket_id, reader=call.agent.id)
        if step in _OF_THE_TICKET:
            await check_is_theirs(call, session, ticket_id)
        await _STEPS[step](call, session, order_id, form)
    if board is not None:
        return go_to(call, "/desk/work-orders")
    async with call.runtime.db.read() as session:
        return await state(call, session, ticket_id)


async def _cards(
    session: "AsyncSession", orders: Sequence[WorkOrder], teams: Sequence[Team]
) -> list[Card]:
    tickets = await tickets_by_id(session, {order.ticket_id for order in orders})
    names = await agent_names(session, {order.assignee_id for order in orders})
    known = {team.id: team.name for team in teams}
    return [
        Card(o, tickets[o.ticket_id], known[o.team_id], names.get(o.assignee_id or 0))
        for o in orders
    ]


def _visit(call: Call, form: NewForm) -> Visit | None:
    begins, ends = (
        local_time(form.begins, zone=call.agent.time_zone),
        local_time(form.ends, zone=call.agent.time_zone),
    )
    if begins is None or ends is None:
        if form.location.strip():
            raise Invalid(code="work_order.visit_needs")
        return None
    return Visit(
        location=form.location,
        appointment_from=begins,
        appointment_until=ends,
        skill=form.skill.strip() or None,
    )


# The steps

_Do = Callable[[Call, "AsyncSession", int, StepForm], Awaitable[object]]


def _team_step(action: Callable[..., Awaitable[object]], *, text: bool = False) -> _Do:
    async def do(call: Call, session: "AsyncSession", order_id: int, form: StepForm) -> None:
        details = {"text": form.text} if text else {}
        lead = call.agent.may(Permission.TICKETS_OVERRIDE)
        await action(session, order_id, by=_by(call), now=call.now, as_lead=lead, **details)

    return do


def _asker_step(action: Callable[..., Awaitable[object]]) -> _Do:
    async def do(call: Call, session: "AsyncSession", order_id: int, form: StepForm) -> None:
        await action(session, order_id, text=form.text, by=_by(call), now=call.now)

    return do


async def _return(call: Call, session: "AsyncSession", order_id: int, form: StepForm) -> None:
    await working.give_back(
        session,
        order_id,
        text=form.text,
        suggested_team_id=int(form.team) if form.team else None,
        by=_by(call),
        now=call.now,
        as_lead=call.agent.may(Permission.TICKETS_OVERRIDE),
    )


async def _extend(call: Call, session: "AsyncSession", order_id: int, form: StepForm) -> None:
    until = local_time(form.until, zone=call.agent.time_zone)
    if until is None:
        raise Invalid(code="form.until_in_future")
    await working.ask_extension(
        session,
        order_id,
        until=until,
        lead_extends=call.runtime.settings.work_orders.lead_extends,
        text=form.text,
        by=_by(call),
        now=call.now,
        as_lead=call.agent.may(Permission.TICKETS_OVERRIDE),
    )


async def _give(call: Call, session: "AsyncSession", order_id: int, form: StepForm) -> None:
    if not form.to:
        raise Invalid(code="form.choose_colleague")
    await passing.give(
        session,
        order_id,
        to=int(form.to),
        text=form.text,
        by=_by(call),
        now=call.now,
        as_lead=call.agent.may(Permission.TICKETS_OVERRIDE),
    )


def _decide(granted: bool) -> _Do:
    async def do(call: Call, session: "AsyncSession", order_id: int, form: StepForm) -> None:
        await issuing.decide_extension(
            session,
            order_id,
            granted=granted,
            lead_extends=call.runtime.settings.work_orders.lead_extends,
            text=form.text,
            by=_by(call),
            now=call.now,
            as_lead=call.agent.may(Permission.TICKETS_OVERRIDE),
        )

    return do


async def _redirect(call: Call, session: "AsyncSession", order_id: int, form: StepForm) -> None:
    if not form.team:
        raise Invalid(code="form.choose_team")
    await issuing.redirect(
        session,
        order_id,
        team_id=int(form.team),
        calendars=call.runtime.policies.calendars,
        text=form.text,
        by=_by(call),
        now=call.now,
        as_lead=call.agent.may(Permission.TICKETS_OVERRIDE),
    )


async def _verify(call: Call, session: "AsyncSession", order_id: int, form: StepForm) -> None:
    rating = int(form.rating) if form.rating else None
    await issuing.verify(
        session, order_id, rating=rating, text=form.text, by=_by(call), now=call.now
    )


async def _redo(call: Call, session: "AsyncSession", order_id: int, form: StepForm) -> None:
    calendars = call.runtime.policies.calendars
    await issuing.redo(
        session, order_id, text=form.text, calendars=calendars, by=_by(call), now=call.now
    )


_STEPS: dict[Step, _Do] = {
    Step.SIGN: _team_step(working.sign),
    Step.START: _team_step(working.start),
    Step.ARRIVE: _team_step(working.arrive),
    Step.FINISH: _team_step(working.finish, text=True),
    Step.RETURN: _return,
    Step.EXTEND: _extend,
    Step.GIVE: _give,
    Step.GRANT: _decide(granted=True),
    Step.DECLINE: _decide(granted=False),
    Step.REDIRECT: _redirect,
    Step.VERIFY: _verify,
    Step.REDO: _redo,
    Step.WAIVE: _asker_step(issuing.waive),
    Step.WITHDRAW: _asker_step(issuing.withdraw),
    Step.COMMENT: _asker_step(working.comment),
}
_OF_THE_TICKET = frozenset({Step.REDIRECT, Step.WITHDRAW})


def _by(call: Call) -> Actor:
    return Actor(call.agent.actor)
