"""The clocks of a ticket over HTTP, each with why it is due when it is."""

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from contact_center.events.queries import ticket_events
from contact_center.sla.actions.explaining import reasons_for
from contact_center.sla.queries import all_clocks
from contact_center.sla.rules.reasons import Reason
from contact_center.tickets.api.views import ClockView
from contact_center.tickets.queries import get_ticket
from contact_center.web.arguments import Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("clocks")

MOST_EVENTS = 10_000  # of one ticket


class PauseView(BaseModel):
    start: datetime
    end: datetime


class ReasonView(ClockView):
    attempt: int = Field(description="of a work order that is done again; from 0")
    policy: str = Field(description="id; of a work order its type")
    policy_title: str = Field(description="in the caller's language")
    policy_version: str
    pauses: list[PauseView]
    closed_until: datetime | None = Field(description="null: time passes now, or it does not run")
    met: bool | None = Field(description="null: not decided yet, or no longer owed")
    why: list[str] = Field(description="in the caller's language: English or Chinese")


@routes.get("/tickets/{ticket_id}/clocks", permission=Permission.TICKETS_READ)
async def list_clocks(call: Call, ticket_id: Id) -> list[ReasonView]:
    """List what is promised for a ticket, and why each promise is due when it is."""
    ticket = await get_ticket(call.session, ticket_id)
    clocks = await all_clocks(call.session, ticket.id)
    events = await ticket_events(call.session, ticket.id, limit=MOST_EVENTS)
    return [_view(call, one) for one in await reasons_for(call.session, clocks, events)]


def _view(call: Call, one: Reason) -> ReasonView:
    language = call.caller.language if call.caller else call.runtime.settings.language
    plain = ClockView.model_validate(one.clock, from_attributes=True)
    return ReasonView(
        **dict(plain),
        attempt=one.clock.attempt,
        policy=one.clock.policy,
        policy_title=one.title(language),
        policy_version=one.clock.policy_version,
        pauses=[PauseView(start=start, end=end) for start, end in one.pauses],
        closed_until=one.closed_until(call.now),
        met=one.clock.met_final,
        why=one.sentences(language, ZoneInfo(call.principal.time_zone)),
    )
