"""The agents' desk: everything `app.py` needs to put it on the web."""

from aiohttp import web

from contact_center.desk import (
    absences,
    admin_replies,
    admin_staff,
    admin_systems,
    alerts,
    calendars,
    complaint,
    complaint_steps,
    complaints,
    contacts,
    ending,
    figures,
    files,
    handovers,
    leads,
    live,
    live_ticket,
    login,
    me,
    notices,
    offers,
    promises,
    queues,
    saying,
    static_files,
    steps,
    supervision,
    ticket,
    work_orders,
)
from contact_center.desk.problems import show_problem
from contact_center.desk.shell import TALLY, Tally
from contact_center.desk.streams import STREAMS, Streams
from contact_center.web.middleware import ERROR_PAGE

TABLES = (
    static_files.routes,
    login.front_door,
    login.routes,
    me.routes,
    offers.routes,
    queues.routes,
    ticket.routes,
    steps.routes,
    saying.routes,
    files.routes,
    live.routes,
    live_ticket.routes,
    notices.routes,
    leads.routes,
    figures.routes,
    alerts.routes,
    absences.routes,
    calendars.routes,
    complaint.routes,
    complaint_steps.routes,
    complaints.routes,
    handovers.routes,
    contacts.routes,
    supervision.routes,
    work_orders.routes,
    promises.routes,
    ending.routes,
    admin_staff.routes,
    admin_replies.routes,
    admin_systems.routes,
)


def setup(app: web.Application) -> None:
    """What the pages share; their `TABLES` are mounted with all other routes."""
    app[TALLY] = Tally()
    app[STREAMS] = streams = Streams()
    app[ERROR_PAGE] = show_problem

    async def close(_: web.Application) -> None:
        streams.close()

    app.on_shutdown.append(close)
