"""Writes to owners, as their week closes, what they answer for; to leads of all in their teams."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from contact_center.agents import queries as agents
from contact_center.agents.models import Agent, Role
from contact_center.calendars.days import week_closes
from contact_center.calendars.hours import Calendar
from contact_center.channels.base import Outgoing
from contact_center.deliveries import actions as deliveries
from contact_center.deliveries import queries as delivery_queries
from contact_center.policies.terms import Facts
from contact_center.reports import actions as reports
from contact_center.reports.models import OwnerWeek
from contact_center.reports.rules import instant
from contact_center.runtime import Runtime
from scheduler.letters import weekly_letter

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Week:
    """From Monday of an ISO week to its close."""

    monday: date
    start: datetime
    end: datetime

    @property
    def name(self) -> str:
        year, week, _ = self.monday.isocalendar()
        return f"{year}-W{week:02}"


@dataclass(frozen=True, slots=True)
class Due:
    """Who is to be written to, and of whom."""

    reader: Agent
    week: Week
    owners: Sequence[int]

    @property
    def key(self) -> str:
        return f"weekly:{self.reader.id}:{self.week.name}"


async def send_weekly_reports(runtime: Runtime) -> int:
    """Every node may try: the key of the delivery lets one a week through."""
    if not runtime.settings.digests.weekly:
        return 0
    now = runtime.now()
    due = await _due(runtime, now=now)
    found = await _weeks(runtime, due)
    sent = 0
    for one in due:
        told = [week for number in one.owners if (week := found.get((one.week, number)))]
        told = [week for week in (_shown(week, one.reader) for week in told) if week.tickets]
        try:
            sent += bool(told) and await _send(runtime, one, told, now=now)
        except Exception:
            logger.exception("weekly report failed", extra={"agent": one.reader.id})
    return sent


def week_of(calendar: Calendar, *, now: datetime) -> Week | None:
    """The week that has closed, from its close until Sunday midnight; None before that."""
    today = now.astimezone(calendar.tz).date()
    monday = today - timedelta(days=today.weekday())
    end = week_closes(calendar, today)
    if end is None or now < end:
        return None
    return Week(monday, instant(monday, zone=calendar.tz, at=time()), end)


async def _due(runtime: Runtime, *, now: datetime) -> list[Due]:
    """Who has not been written to yet. Somebody in several teams keeps the hours of the first."""
    async with runtime.db.read() as session:
        names = {team.id: team.name for team in await agents.all_teams(session)}
        members = await agents.members_by_team(session, names)
        readers = await agents.all_agents(session, active_only=True)
    hours = {name: runtime.policies.hours_of(Facts(team=name)) for name in (*names.values(), None)}
    weeks = {name: week_of(calendar, now=now) for name, calendar in hours.items()}
    found = []
    for reader in readers:
        mine = [number for number in sorted(members) if reader in members[number]]
        week = weeks[names[mine[0]] if mine else None]
        if week is None or reader.created_at > week.end:
            continue
        owners = {reader.id: None}
        if reader.role is Role.LEAD:
            owners |= {member.id: None for number in mine for member in members[number]}
        found.append(Due(reader, week, list(owners)))
    async with runtime.db.read() as session:
        written = await delivery_queries.known_keys(session, [one.key for one in found])
    return [one for one in found if one.key not in written]


async def _weeks(runtime: Runtime, due: Sequence[Due]) -> Mapping[tuple[Week, int], OwnerWeek]:
    """Read once for all who read of them."""
    found: dict[tuple[Week, int], OwnerWeek] = {}
    for week in {one.week for one in due}:
        owners = {number for one in due if one.week == week for number in one.owners}
        async with runtime.db.read() as session:
            every = await reports.weeks_of(session, owners, start=week.start, end=week.end)
        found |= {(week, number): told for number, told in every.items()}
    return found


def _shown(week: OwnerWeek, reader: Agent) -> OwnerWeek:
    """A complaint about a colleague is named to nobody but its owner."""
    if week.agent_id == reader.id:
        return week
    tickets = [ticket for ticket in week.tickets if not ticket.is_about_staff]
    return OwnerWeek(agent_id=week.agent_id, name=week.name, tickets=tickets)


async def _send(runtime: Runtime, due: Due, told: Sequence[OwnerWeek], *, now: datetime) -> bool:
    letter = weekly_letter(
        told, due.reader, week=due.week.name, settings=runtime.settings, texts=runtime.texts
    )
    row = deliveries.delivery_row(
        Outgoing(
            idempotency_key=due.key,
            address=due.reader.email,
            subject=letter.subject,
            text=letter.text,
        ),
        channel="email",
        order_key=due.key,
        kind="digest",
        now=now,
    )
    async with runtime.db.begin() as session:
        return await deliveries.enqueue_once(session, row)
