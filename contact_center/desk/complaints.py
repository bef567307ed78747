"""The register of complaints, the board of corrective actions, and letters to print."""

from datetime import datetime
from functools import partial
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.agents.queries import agent_names, all_agents
from contact_center.complaints import queries
from contact_center.complaints.actions import corrective, letters
from contact_center.complaints.actions.listing import register_file
from contact_center.complaints.models import ActionState, Outcome, Stage
from contact_center.complaints.queries import Filter
from contact_center.complaints.rules.authority import shown
from contact_center.complaints.rules.letters import LetterKind
from contact_center.desk.login import Nothing
from contact_center.desk.render import go_to, page
from contact_center.desk.shell import surroundings
from contact_center.desk.times import local_time
from contact_center.desk.turns import turn_of
from contact_center.errors import Invalid
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("desk", prefix="/desk", documented=False)

PAGE = 50
MOST = 100  # corrective actions in each column of the board
_READ, _WRITE = Permission.TICKETS_READ, Permission.TICKETS_WRITE
_LIST = Permission.REPORTS_READ

Text = Annotated[str, Field(max_length=10_000)]
Word = Annotated[str, Field(max_length=64)]


class ActionForm(BaseModel):
    cause: Text = ""
    plan: Text = ""
    measure: Text = ""
    owner: Id
    due: Annotated[str, Field(max_length=40)] = ""


class DoneForm(BaseModel):
    note: Text = ""


class CheckForm(BaseModel):
    effective: bool
    result: Text = ""


@routes.get("/complaints", permission=_LIST)
async def show_register(
    call: Call,
    stage: Word = "",
    outcome: Word = "",
    root_cause: Word = "",
    since: Word = "",
    until: Word = "",
    only: Word = "",
    before: Id | None = None,
) -> web.Response:
    chosen = {
        "stage": stage,
        "outcome": outcome,
        "root_cause": root_cause,
        "since": since,
        "until": until,
        "only": only,
    }
    found = await queries.register(
        call.session, _filter(call, chosen), before=before, limit=PAGE + 1
    )
    entries = found[:PAGE]
    staff = {n for e in entries for n in (e.ticket.owner_id, e.complaint.handler_id)}
    return page(
        call,
        "complaints.html",
        entries=entries,
        names=await agent_names(call.session, staff),
        chosen=chosen,
        stages=list(Stage),
        outcomes=list(Outcome),
        procedure=call.runtime.procedure,
        money=shown,
        more=entries[-1].ticket.id if len(found) > PAGE else None,
        **await surroundings(call, call.session, active="complaints"),
    )


@routes.get("/complaints.csv", permission=_LIST)
async def export_register(
    call: Call,
    stage: Word = "",
    outcome: Word = "",
    root_cause: Word = "",
    since: Word = "",
    until: Word = "",
    only: Word = "",
) -> web.Response:
    chosen = {"stage": stage, "outcome": outcome, "root_cause": root_cause, "only": only}
    wanted = _filter(call, chosen | {"since": since, "until": until})
    text = await register_file(call.session, wanted)
    headers = {"Content-Disposition": 'attachment; filename="complaints.csv"'}
    return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=headers)


def _filter(call: Call, chosen: dict[str, str]) -> Filter:
    try:
        stage = Stage(chosen["stage"]) if chosen["stage"] else None
        outcome = Outcome(chosen["outcome"]) if chosen["outcome"] else None
    except ValueError:
        raise Invalid(code="complaint.no_such_filter") from None
    procedure = call.runtime.procedure
    return Filter(
        stage=stage,
        outcome=outcome,
        root_cause=chosen["root_cause"] or None,
        since=_day(call, chosen["since"]),
        until=_day(call, chosen["until"]),
        open_only=chosen["only"] == "open",
        unsafe=chosen["only"] == "unsafe",
        external=chosen["only"] == "external",
        silent_since=procedure.silent_since(call.now) if chosen["only"] == "silent" else None,
        reader=call.agent.id,
    )


def _day(call: Call, text: str) -> datetime | None:
    return local_time(f"{text}T00:00" if text else "", zone=call.agent.time_zone)


@routes.get("/tickets/{ticket_id}/complaint/letters/{kind}", permission=_READ)
async def show_letter(
    call: Call, ticket_id: Id, kind: LetterKind, language: Word = ""
) -> web.Response:
    """A page to print, or to keep as PDF."""
    turn = turn_of(call)
    case = await queries.view_case(call.session, ticket_id, procedure=turn.procedure)
    wanted = language or case.ticket.language
    letter = await letters.letter(call.session, case, kind, language=wanted, turn=turn)
    return page(call, "letter.html", letter=letter, case=case, kinds=list(LetterKind))


# Corrective actions


@routes.get("/corrective-actions", permission=_READ)
async def show_board(call: Call) -> web.Response:
    found = partial(queries.page_of_actions, call.session, reader=call.agent.id, limit=MOST)
    # Apart: what was closed long ago leaves room for what is open.
    columns = [(state, await found(states=[state])) for state in ActionState]
    staff = {action.owner_id for _, some in columns for action in some}
    return page(
        call,
        "corrective_actions.html",
        columns=columns,
        names=await agent_names(call.session, staff),
        **await surroundings(call, call.session, active="corrective"),
    )


@routes.get("/tickets/{ticket_id}/complaint/corrective-actions/new", permission=_READ)
async def show_new_action(call: Call, ticket_id: Id) -> web.Response:
    turn = turn_of(call)
    case = await queries.view_case(call.session, ticket_id, procedure=turn.procedure)
    return page(
        call,
        "corrective_new.html",
        case=case,
        colleagues=await all_agents(call.session, active_only=True),
        **await surroundings(call, call.session, active="corrective"),
    )


@routes.post("/tickets/{ticket_id}/complaint/corrective-actions", permission=_WRITE)
async def propose_action(call: Call, ticket_id: Id, form: Form[ActionForm]) -> web.Response:
    due_at = local_time(form.due, zone=call.agent.time_zone)
    if due_at is None:
        raise Invalid(code="form.say_until")
    await corrective.propose(
        call.session,
        ticket_id,
        cause=form.cause,
        plan=form.plan,
        measure=form.measure,
        owner_id=form.owner,
        due_at=due_at,
        turn=turn_of(call),
    )
    return go_to(call, f"/desk/tickets/{ticket_id}/complaint")


@routes.post("/corrective-actions/{action_id}/approve", permission=_WRITE)
async def approve_action(call: Call, action_id: Id, form: Form[Nothing]) -> web.Response:
    await corrective.approve(call.session, action_id, turn=turn_of(call))
    return go_to(call, "/desk/corrective-actions")


@routes.post("/corrective-actions/{action_id}/finish", permission=_WRITE)
async def finish_action(call: Call, action_id: Id, form: Form[DoneForm]) -> web.Response:
    await corrective.finish(call.session, action_id, note_=form.note, turn=turn_of(call))
    return go_to(call, "/desk/corrective-actions")


@routes.post("/corrective-actions/{action_id}/check", permission=_WRITE)
async def check_action(call: Call, action_id: Id, form: Form[CheckForm]) -> web.Response:
    await corrective.check(
        call.session, action_id, effective=form.effective, result=form.result, turn=turn_of(call)
    )
    return go_to(call, "/desk/corrective-actions")


@routes.post("/corrective-actions/{action_id}/close", permission=_WRITE)
async def close_action(call: Call, action_id: Id, form: Form[Nothing]) -> web.Response:
    await corrective.close(call.session, action_id, turn=turn_of(call))
    return go_to(call, "/desk/corrective-actions")
