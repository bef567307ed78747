"""What surrounds every page: the queues and how full they are, and who is at the desk."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import web

from contact_center.agents import queries as agents
from contact_center.agents.models import Presence
from contact_center.alerts.queries import unread_size
from contact_center.deliveries import queries as deliveries
from contact_center.handovers.queries import inbox_size
from contact_center.ledger import queries as ledger
from contact_center.promises.queries import open_promises_by
from contact_center.routing.queries import offers_to
from contact_center.tickets.queries import Queue, queue_size, stands_in_for
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.work_orders.queries import count_with_teams

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

MOST = 1000  # tickets a queue is counted to
MOST_TROUBLES = 100  # messages in quarantine that are counted
FRESH = timedelta(seconds=1)
OWN = frozenset({Queue.MINE, Queue.TEAM})  # everybody has their own
KEYS = {Queue.UNCLAIMED: "u", Queue.MINE: "m", Queue.TEAM: "t", Queue.WAITING: "w"}


@dataclass(slots=True)
class Tally:
    """How full the queues are that all agents share, asked once a second for all of them."""

    at: datetime | None = None
    counts: dict[Queue, int] | None = None

    async def look(self, session: "AsyncSession", *, now: datetime) -> dict[Queue, int]:
        if self.counts is None or self.at is None or not (self.at <= now < self.at + FRESH):
            shared = [queue for queue in Queue if queue not in OWN]
            self.counts = {q: await queue_size(session, q, agent_id=0, most=MOST) for q in shared}
            self.at = now
        return self.counts


TALLY = web.AppKey("tally", Tally)


async def count_queues(
    call: Call, session: "AsyncSession", *, team_ids: Collection[int], now: datetime
) -> dict[Queue, int]:
    counts = dict(await call.request.app[TALLY].look(session, now=now))
    me = call.agent.id
    standing_in = await stands_in_for(session, me, now=now)
    for queue in OWN:
        counts[queue] = await queue_size(
            session, queue, agent_id=me, standing_in=standing_in, team_ids=team_ids, most=MOST
        )
    return counts


async def count_all(call: Call, session: "AsyncSession") -> dict[str, str]:
    """Every number beside the pages' names, as it is shown."""
    team_ids = await agents.team_ids_of(session, call.agent.id)
    now = call.runtime.now()
    counts = await count_queues(call, session, team_ids=team_ids, now=now)
    owed = await _owed(call, session, team_ids)
    unread = await unread_size(session, call.agent.id, most=MOST_TROUBLES)
    offers = await offers_to(session, call.agent.id, now=now)
    return {name: shown(n) for name, n in [*counts.items(), *owed.items()]} | {
        "alerts": str(unread),
        "handovers": str(await inbox_size(session, call.agent.id, most=MOST_TROUBLES)),
        "offers": " ".join(str(decision.id) for decision, _ in offers),
    }


def shown(count: int) -> str:
    return f"{MOST - 1}+" if count >= MOST else str(count)


async def surroundings(call: Call, session: "AsyncSession", *, active: str) -> dict[str, Any]:
    """The values every whole page needs."""
    agent = await agents.get_agent(session, call.agent.id)
    team_ids = await agents.team_ids_of(session, agent.id)
    counts = await count_queues(call, session, team_ids=team_ids, now=call.now)
    return {
        "agent": agent,
        "presences": list(Presence),
        "active": active,
        "queues": [(queue, shown(counts[queue]), KEYS.get(queue, "")) for queue in Queue],
        "team_ids": team_ids,
        "alert_count": await unread_size(session, agent.id, most=MOST_TROUBLES),
        "handover_count": await inbox_size(session, agent.id, most=MOST_TROUBLES),
        "troubles": await _troubles(call, session),
        "owed": await _owed(call, session, team_ids),
        "may": {permission.name: call.agent.may(permission) for permission in Permission},
    }


async def _owed(call: Call, session: "AsyncSession", team_ids: Collection[int]) -> dict[str, int]:
    """What teams were asked for, and what customers were promised."""
    return {
        "work_orders": await count_with_teams(session, team_ids=team_ids),
        "promises": len(await open_promises_by(session, call.agent.id)),
    }


async def _troubles(call: Call, session: "AsyncSession") -> dict[str, int]:
    """What leads should look after."""
    if not call.agent.may(Permission.DELIVERIES_READ):
        return {}
    waiting = await deliveries.count_waiting(session)
    kept = await ledger.quarantine_size(session, most=MOST_TROUBLES)
    return {"undelivered": waiting.get("dead", 0), "quarantine": kept}
