"""Absences over HTTP: when somebody is away, and who stands in."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contact_center.agents import actions, queries
from contact_center.agents.models import Absence
from contact_center.errors import NotFound
from contact_center.events.rules import Actor
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes
from contact_center.web.timestamps import Timestamp

routes = Routes("absences")
READ, ASSIGN = Permission.AGENTS_READ, Permission.TICKETS_ASSIGN


class AbsenceView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    agent_id: int
    starts_at: datetime
    ends_at: datetime
    deputy_id: int | None = Field(description="null: the agent's usual deputy")
    reason: str = Field(description="empty, but for leads and who is absent")
    created_at: datetime


class NewAbsence(Body):
    starts_at: Timestamp
    ends_at: Timestamp
    deputy_id: Id | None = Field(None, description="null: the agent's usual deputy")
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class Acting(BaseModel):
    agent_id: int
    acting_id: int | None = Field(description="who acts for the agent now; null: nobody")


@routes.get("/absences", permission=READ)
async def list_absences(call: Call) -> list[AbsenceView]:
    """List who is absent, or will be, the earliest first."""
    return [_view(call, one) for one in await queries.coming_absences(call.session, now=call.now)]


@routes.get("/agents/{agent_id}/absences", permission=READ)
async def list_absences_of(call: Call, agent_id: Id) -> list[AbsenceView]:
    """List an agent's absences that have not ended."""
    await queries.get_agent(call.session, agent_id)
    return await _of(call, agent_id)


@routes.get("/agents/{agent_id}/acting", permission=READ)
async def show_acting(call: Call, agent_id: Id) -> Acting:
    """Show who acts for an agent at this moment: the agent, or a deputy."""
    await queries.get_agent(call.session, agent_id)
    acting = await queries.acting_for(call.session, [agent_id], now=call.now)
    return Acting(agent_id=agent_id, acting_id=acting.get(agent_id))


@routes.post("/agents/{agent_id}/absences", permission=ASSIGN, errors=(409,), idempotent=True)
async def plan_absence(call: Call, agent_id: Id, body: NewAbsence) -> AbsenceView:
    """Plan somebody's absence."""
    return await _plan(call, agent_id, body)


@routes.delete("/agents/{agent_id}/absences/{absence_id}", permission=ASSIGN, errors=(409,))
async def end_absence(call: Call, agent_id: Id, absence_id: Id) -> None:
    """End somebody's absence early, or call it off."""
    await _end(call, agent_id, absence_id)


@routes.get("/me/absences")
async def list_my_absences(call: Call) -> list[AbsenceView]:
    """List one's own absences that have not ended."""
    return await _of(call, call.agent.id)


@routes.post("/me/absences", errors=(404, 409), idempotent=True)
async def plan_my_absence(call: Call, body: NewAbsence) -> AbsenceView:
    """Plan one's own absence."""
    return await _plan(call, call.agent.id, body)


@routes.delete("/me/absences/{absence_id}", errors=(409,))
async def end_my_absence(call: Call, absence_id: Id) -> None:
    """Come back early, or call an absence off."""
    await _end(call, call.agent.id, absence_id)


async def _of(call: Call, agent_id: int) -> list[AbsenceView]:
    found = await queries.coming_absences(call.session, now=call.now, agent_id=agent_id)
    return [_view(call, absence) for absence in found]


async def _plan(call: Call, agent_id: int, body: NewAbsence) -> AbsenceView:
    by = Actor(call.principal.actor)
    absence = await actions.plan_absence(
        call.session, agent_id, **body.model_dump(), by=by, now=call.now
    )
    return _view(call, absence)


async def _end(call: Call, agent_id: int, absence_id: int) -> None:
    absence = await queries.get_absence(call.session, absence_id)
    if absence.agent_id != agent_id:
        raise NotFound(code="absence.not_theirs", agent_id=agent_id, absence_id=absence_id)
    by = Actor(call.principal.actor)
    await actions.end_absence(call.session, absence_id, by=by, now=call.now)


def _view(call: Call, absence: Absence) -> AbsenceView:
    view = AbsenceView.model_validate(absence)
    is_theirs = call.principal.is_agent and call.principal.id == absence.agent_id
    if not is_theirs and not call.principal.may(ASSIGN):
        view.reason = ""  # why somebody is ill is nobody's business
    return view
