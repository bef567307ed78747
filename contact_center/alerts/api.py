"""What one has been told, over HTTP."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from contact_center.agents.queries import agent_names
from contact_center.alerts import actions, queries
from contact_center.alerts.models import Alert
from contact_center.alerts.rules import people_in, word
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.routes import Routes

routes = Routes("alerts")


class AlertView(BaseModel):
    id: int
    kind: str = Field(examples=["handover.requested"])
    text: str = Field(description="in the reader's language")
    facts: dict[str, Any]
    ticket_id: int | None
    created_at: datetime
    read_at: datetime | None


class UpTo(Body):
    up_to: Id = Field(description="the last alert that was seen")


class Marked(BaseModel):
    marked: int = Field(description="how many were unread")


@routes.get("/me/alerts")
async def list_my_alerts(
    call: Call, unread: bool = False, after: Cursor | None = None, limit: Limit = 50
) -> Page[AlertView]:
    """List what one has been told, the newest first."""
    (last,) = read_cursor(after, int) or (None,)
    rows = await queries.alerts_of(
        call.session, call.agent.id, unread=unread, before=last, limit=limit + 1
    )
    shown = [await _view(call, alert) for alert in rows]
    return page_of(shown, limit=limit, key=lambda alert: (alert.id,), show=lambda alert: alert)


@routes.put("/me/alerts/reading")
async def read_my_alerts(call: Call, body: UpTo) -> Marked:
    """Mark alerts as read, up to the last one that was seen."""
    marked = await actions.mark_read(call.session, call.agent.id, up_to=body.up_to, now=call.now)
    return Marked(marked=marked)


@routes.put("/me/alerts/{alert_id}/reading")
async def read_my_alert(call: Call, alert_id: Id) -> AlertView:
    """Mark one alert as read."""
    alert = await actions.mark_one_read(
        call.session, alert_id, agent_id=call.agent.id, now=call.now
    )
    return await _view(call, alert)


async def _view(call: Call, alert: Alert) -> AlertView:
    plain = AlertView.model_fields.keys() - {"text"}
    text = word(
        alert.kind,
        alert.facts,
        ticket_id=alert.ticket_id,
        names=await agent_names(call.session, people_in(alert.facts)),
        texts=call.runtime.texts,
        language=call.agent.language,
        zone=ZoneInfo(call.agent.time_zone),
    )
    return AlertView(text=text, **{name: getattr(alert, name) for name in plain})
