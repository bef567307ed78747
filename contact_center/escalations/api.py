"""Over HTTP: who was told that a promise runs out, and who will be."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, Field

from contact_center.agents.queries import agent_names
from contact_center.escalations.actions.looking import climbed
from contact_center.escalations.models import EscalationState
from contact_center.escalations.rules import Progress
from contact_center.ladder import Who
from contact_center.sla.models import ClockKind, ClockState
from contact_center.tickets.api.views import Person
from contact_center.tickets.queries import get_ticket
from contact_center.web.arguments import Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("escalations")


class PassedView(BaseModel):
    rung: int = Field(description="counted from 1")
    name: str
    state: EscalationState
    crossed_at: datetime = Field(description="when the clock got there")
    fired_at: datetime = Field(description="when that was noticed")
    told: list[Person]


class AheadView(BaseModel):
    rung: int
    name: str
    title: str = Field(description="in the caller's language")
    at: datetime = Field(description="if nothing pauses the clock")
    tells: list[Who]
    digest: bool = Field(description="managers read of it in their digest")


class ClimbView(BaseModel):
    clock: ClockKind
    ref_id: int = Field(description="0: the ticket itself; else what the promise is about")
    state: ClockState
    due_at: datetime | None
    breached_at: datetime | None
    passed: list[PassedView]
    ahead: list[AheadView]


@routes.get("/tickets/{ticket_id}/escalations", permission=Permission.TICKETS_READ)
async def list_escalations(call: Call, ticket_id: Id) -> list[ClimbView]:
    """List how far each clock of a ticket has climbed, whom that told, and who is told next."""
    ticket = await get_ticket(call.session, ticket_id)
    found = await climbed(call.session, ticket, ladder=call.runtime.ladder)
    told = {number for one in found for row in one.passed for number in row.told}
    names = await agent_names(call.session, told)
    language = call.caller.language if call.caller else call.runtime.settings.language
    return [_view(one, names, language=language) for one in found]


def _view(one: Progress, names: Mapping[int, str], *, language: str) -> ClimbView:
    return ClimbView(
        clock=one.clock.kind,
        ref_id=one.clock.ref_id,
        state=one.clock.state,
        due_at=one.clock.due_at,
        breached_at=one.clock.breached_at,
        passed=[
            PassedView(
                rung=row.rung,
                name=row.name,
                state=row.state,
                crossed_at=row.crossed_at,
                fired_at=row.fired_at,
                told=[Person(id=number, name=names.get(number, "")) for number in row.told],
            )
            for row in one.passed
        ],
        ahead=[
            AheadView(
                rung=row.number,
                name=row.rung.name,
                title=row.rung.titled(language),
                at=row.at,
                tells=list(row.tells),
                digest=row.rung.digest,
            )
            for row in one.ahead
        ],
    )
