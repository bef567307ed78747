"""What I have been told: the bell's list."""

from typing import Annotated
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.agents.queries import agent_names
from contact_center.alerts import actions
from contact_center.alerts.queries import alerts_of
from contact_center.alerts.rules import people_in, word
from contact_center.desk.render import go_to, page
from contact_center.desk.shell import surroundings
from contact_center.desk.times import zone_of
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.routes import Routes
from contact_center.web.storable import LARGEST

routes = Routes("desk", prefix="/desk", documented=False)

PAGE = 50


class ReadForm(BaseModel):
    up_to: Annotated[int, Field(ge=0, le=LARGEST)]


@routes.get("/alerts")
async def show_alerts(call: Call, before: Id | None = None) -> web.Response:
    session, me = call.session, call.agent
    found = await alerts_of(session, me.id, before=before, limit=PAGE + 1)
    names = await agent_names(session, {n for a in found for n in people_in(a.facts)})
    zone: ZoneInfo = zone_of(me.time_zone)
    told = [
        word(
            alert.kind,
            alert.facts,
            ticket_id=alert.ticket_id,
            names=names,
            texts=call.runtime.texts,
            language=me.language,
            zone=zone,
        )
        for alert in found[:PAGE]
    ]
    shell = await surroundings(call, session, active="alerts")
    return page(
        call,
        "alerts.html",
        alerts=list(zip(found[:PAGE], told, strict=True)),
        more=found[PAGE - 1].id if len(found) > PAGE else None,
        **shell,
    )


@routes.post("/alerts/read")
async def read_alerts(call: Call, form: Form[ReadForm]) -> web.Response:
    await actions.mark_read(call.session, call.agent.id, up_to=form.up_to, now=call.now)
    return go_to(call, "/desk/alerts")


@routes.post("/alerts/{alert_id}/read")
async def read_alert(call: Call, alert_id: Id) -> web.Response:
    """And on to its ticket."""
    me = call.agent.id
    alert = await actions.mark_one_read(call.session, alert_id, agent_id=me, now=call.now)
    return go_to(call, f"/desk/tickets/{alert.ticket_id}" if alert.ticket_id else "/desk/alerts")
