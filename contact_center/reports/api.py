"""Figures over HTTP."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, Field

from contact_center.agents.models import Presence
from contact_center.deliveries.queries import count_waiting
from contact_center.ledger.models import Outcome
from contact_center.ledger.queries import arrivals_by_outcome
from contact_center.reports import actions, rules
from contact_center.reports.models import Digest, Wallboard
from contact_center.tickets.api.views import reader_of
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes
from contact_center.web.timestamps import Timestamp

routes = Routes("reports")


def _iso(value: Any) -> Any:
    """Numbers are no dates, though pydantic would take them for seconds."""
    return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None


Day = Annotated[date, BeforeValidator(_iso)]


class QueueSizes(BaseModel):
    unclaimed: int
    waiting: int = Field(description="for somebody else than us")
    breached: int
    all: int


class Arrivals(BaseModel):
    """received = ticketed + joined + quarantined, always."""

    received: int
    ticketed: int = Field(description="opened a ticket")
    joined: int = Field(description="continued one")
    quarantined: int


class Stats(BaseModel):
    queues: QueueSizes
    longest_waiting_since: datetime | None = Field(description="the oldest unanswered message")
    agents: dict[Presence, int]
    deliveries: dict[str, int] = Field(description="by status, where there are any")
    last_24_hours: Arrivals


@routes.get("/stats", permission=Permission.TICKETS_READ)
async def show_stats(call: Call) -> Stats:
    """Show the sizes of queues, and who is there."""
    since = call.now - timedelta(days=1)
    board = await actions.wallboard(call.session, now=call.now, since=since, reader=reader_of(call))
    return Stats(
        queues=QueueSizes(
            unclaimed=board.unclaimed, waiting=board.waiting, breached=board.late, all=board.active
        ),
        longest_waiting_since=board.oldest_waiting.since if board.oldest_waiting else None,
        agents=dict(board.agents),
        deliveries=await count_waiting(call.session),
        last_24_hours=_shown(board.arrivals),
    )


@routes.get("/ledger", permission=Permission.REPORTS_READ)
async def show_ledger(call: Call, since: Timestamp | None = None) -> Arrivals:
    """Show what became of every message that was received."""
    return await _arrivals(call, since=since)


@routes.get("/reports/digest", permission=Permission.REPORTS_READ)
async def show_digest(call: Call, date_: Day | None = None) -> Digest:
    """Show the figures of a day.

    Without a date it is yesterday, in the caller's time zone. What is open and who waits is told
    as of now.
    """
    zone = ZoneInfo(call.principal.time_zone)
    day = date_ or call.now.astimezone(zone).date() - timedelta(days=1)
    period = rules.days(day, day, time_zone=zone.key)
    return await actions.digest(call.session, period, now=call.now, reader=reader_of(call))


@routes.get("/reports/wallboard", permission=Permission.REPORTS_READ)
async def show_wallboard(call: Call) -> Wallboard:
    """Show how things stand at this moment; arrivals count since midnight, the caller's."""
    zone = ZoneInfo(call.principal.time_zone)
    since = rules.instant(call.now.astimezone(zone).date(), zone=zone)
    return await actions.wallboard(call.session, now=call.now, since=since, reader=reader_of(call))


async def _arrivals(call: Call, *, since: datetime | None) -> Arrivals:
    return _shown(await arrivals_by_outcome(call.session, since=since))


def _shown(arrivals: Mapping[Outcome, int]) -> Arrivals:
    numbers = dict.fromkeys(Outcome, 0) | dict(arrivals)
    return Arrivals(received=sum(numbers.values()), **numbers)
