"""Absences: one's own, and for leads everybody's; who stands in usually."""

from typing import TYPE_CHECKING, Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.agents import actions, queries
from contact_center.desk.login import Nothing
from contact_center.desk.render import go_to, page
from contact_center.desk.shell import surroundings
from contact_center.desk.times import local_time
from contact_center.errors import Forbidden, Invalid
from contact_center.events.rules import Actor
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

if TYPE_CHECKING:
    from datetime import datetime

routes = Routes("desk", prefix="/desk", documented=False)

Local = Annotated[str, Field(max_length=40)]  # as a browser's field gives it
Chosen = Annotated[str, Field(pattern=r"^\d{0,18}$")]  # an agent's id, or nobody


class AbsenceForm(BaseModel):
    agent: Chosen = ""
    starts_at: Local
    ends_at: Local
    deputy: Chosen = ""
    reason: Annotated[str, Field(max_length=200)] = ""


class DeputyForm(BaseModel):
    deputy: Chosen = ""


@routes.get("/absences")
async def show_absences(call: Call) -> web.Response:
    session, me = call.session, call.agent.id
    everybody = call.agent.may(Permission.TICKETS_ASSIGN)
    shell = await surroundings(call, session, active="absences")
    colleagues = await queries.all_agents(session, active_only=True)
    absences = await queries.coming_absences(session, now=call.now)
    return page(
        call,
        "absences.html",
        absences=absences,
        usual={agent.id: agent.deputy_id for agent in colleagues},
        names={agent.id: agent.name for agent in colleagues},
        colleagues=colleagues,
        everybody=everybody,
        standing_in=await queries.stood_in_for(session, me, now=call.now),
        **shell,
    )


@routes.post("/absences")
async def plan_absence(call: Call, form: Form[AbsenceForm]) -> web.Response:
    agent_id = int(form.agent) if form.agent else call.agent.id
    _check_whose(call, agent_id)
    await actions.plan_absence(
        call.session,
        agent_id,
        starts_at=_moment(call, form.starts_at),
        ends_at=_moment(call, form.ends_at),
        deputy_id=int(form.deputy) if form.deputy else None,
        reason=form.reason,
        by=Actor(call.agent.actor),
        now=call.now,
    )
    return go_to(call, "/desk/absences")


@routes.post("/absences/{absence_id}/end")
async def end_absence(call: Call, absence_id: Id, form: Form[Nothing]) -> web.Response:
    _check_whose(call, (await queries.get_absence(call.session, absence_id)).agent_id)
    by = Actor(call.agent.actor)
    await actions.end_absence(call.session, absence_id, by=by, now=call.now)
    return go_to(call, "/desk/absences")


@routes.post("/deputy")
async def choose_deputy(call: Call, form: Form[DeputyForm]) -> web.Response:
    """Who stands in for me usually."""
    agent = await queries.get_agent(call.session, call.agent.id)
    changes = {"deputy_id": int(form.deputy) if form.deputy else None}
    by = Actor(call.agent.actor)
    await actions.edit_agent(call.session, agent, changes=changes, by=by, now=call.now)
    return go_to(call, "/desk/absences")


def _check_whose(call: Call, agent_id: int) -> None:
    if agent_id != call.agent.id and not call.agent.may(Permission.TICKETS_ASSIGN):
        raise Forbidden(code="absence.lead_plans")


def _moment(call: Call, text: str) -> "datetime":
    moment = local_time(text, zone=call.agent.time_zone)
    if moment is None:
        raise Invalid(code="absence.say_when")
    return moment
