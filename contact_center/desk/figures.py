"""The page of figures: how things stand, how it went, and which complaints nobody confirmed."""

from datetime import timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from aiohttp import web

from contact_center.agents.models import Presence
from contact_center.complaints.queries import Filter, register
from contact_center.desk import charts
from contact_center.desk.render import page
from contact_center.desk.rows import rows_of
from contact_center.desk.shell import surroundings
from contact_center.reports import actions, rules
from contact_center.reports.queries import happenings
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("desk", prefix="/desk", documented=False)

CHOICES = (7, 30)  # days
COMPLAINTS_SHOWN = 50
Days = Literal["7", "30"]


@routes.get("/figures", permission=Permission.REPORTS_READ)
async def show_figures(call: Call, days: Days = "7") -> web.Response:
    shell = await surroundings(call, call.session, active="figures")
    return page(call, "figures.html", **await _figures(call, int(days)), **shell)


@routes.get("/figures/now", permission=Permission.REPORTS_READ)
async def show_fresh_figures(call: Call, days: Days = "7") -> web.Response:
    """What an open page asks for now and then."""
    return page(call, "figures_now.html", **await _figures(call, int(days)))


async def _figures(call: Call, days: int) -> dict[str, Any]:
    session, zone = call.session, ZoneInfo(call.agent.time_zone)
    today = call.now.astimezone(zone).date()
    dates = [today - timedelta(days=ago) for ago in range(days - 1, -1, -1)]
    period = rules.days(dates[0], today, time_zone=zone.key)
    digest = await actions.digest(session, period, now=call.now, reader=call.agent.id)
    since = rules.instant(today, zone=zone)
    board = await actions.wallboard(session, now=call.now, since=since, reader=call.agent.id)
    trend = await happenings.trend(
        session, [rules.days(date, date, time_zone=zone.key) for date in dates]
    )
    since = call.runtime.procedure.silent_since(call.now)
    wanted = Filter(silent_since=since, reader=call.agent.id)
    silent = [one.ticket for one in await register(session, wanted, limit=COMPLAINTS_SHOWN)]
    return {
        "days": days,
        "choices": CHOICES,
        "board": board,
        "present": sum(n for kind, n in board.agents.items() if kind is not Presence.OFFLINE),
        "digest": digest,
        "longest": digest.longest_waiting,
        "columns": charts.columns(trend),
        "width": charts.WIDTH,
        "height": charts.HEIGHT,
        "ages": charts.shares(digest.total.ages),
        "complaints": await rows_of(session, silent, agent_id=call.agent.id, now=call.now),
    }
