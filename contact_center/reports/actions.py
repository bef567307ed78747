"""Puts figures together: the same ones for pages, for other systems and for mail."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.deliveries import queries as deliveries
from contact_center.escalations.queries import notices
from contact_center.ledger import queries as ledger
from contact_center.reports import rules
from contact_center.reports.models import (
    Broken,
    Digest,
    KeptWord,
    Notice,
    OwnerWeek,
    Period,
    TeamFigures,
    Wallboard,
)
from contact_center.reports.queries import happenings, promises, standing, weeks
from contact_center.sla.models import OF_WORK_ORDERS


async def digest(
    session: AsyncSession,
    period: Period,
    *,
    now: datetime,
    team_ids: Collection[int] | None = None,
    reader: int = 0,
) -> Digest:
    """What a manager should know of some days: of everything, or of some teams.

    Figures count every ticket; single ones are named as far as the reader may see them.
    """
    facts = await happenings.collect(session, period, now=now)
    scope = rules.teams_in(facts) if team_ids is None else set(team_ids)
    names = {team.id: team.name for team in await agents.all_teams(session)}
    teams = [
        TeamFigures(team_id=i, name=names.get(i or 0), figures=rules.figures(facts, teams={i}))
        for i in scope
    ]
    return Digest(
        first=period.first,
        last=period.last,
        time_zone=period.time_zone,
        as_of=now,
        total=rules.figures(facts, teams=None if team_ids is None else scope),
        teams=sorted(teams, key=lambda team: (team.name is None, team.name or "")),
        longest_waiting=await standing.longest_waiting(
            session, now=now, team_ids=team_ids, reader=reader
        ),
        kept_words=await _kept_words(session, period, now=now, team_ids=team_ids),
        notices=await _notices(session, period, team_ids=team_ids, reader=reader),
        worst=await _worst(session, period, now=now, team_ids=team_ids, reader=reader, teams=names),
    )


async def _worst(
    session: AsyncSession,
    period: Period,
    *,
    now: datetime,
    team_ids: Collection[int] | None,
    reader: int,
    teams: Mapping[int, str],
) -> list[Broken]:
    found = await promises.worst(session, period, now=now, team_ids=team_ids, reader=reader)
    names = await agents.agent_names(session, {ticket.owner_id for ticket, _, _ in found})
    return [
        Broken(
            ticket_id=ticket.id,
            reference=ticket.reference,
            subject=ticket.subject,
            clock=clock.kind,
            due_at=due_at,
            done_at=clock.stopped_at,
            late=((clock.stopped_at or now) - due_at).total_seconds(),
            whose=teams.get(team or 0)
            if clock.kind in OF_WORK_ORDERS
            else names.get(ticket.owner_id or 0),
        )
        for ticket, clock, team in found
        if (due_at := clock.legal_due_at or clock.due_at or clock.breached_at) is not None
    ]


async def _kept_words(
    session: AsyncSession,
    period: Period,
    *,
    now: datetime,
    team_ids: Collection[int] | None,
) -> list[KeptWord]:
    numbers = await promises.kept_words(session, period, now=now, team_ids=team_ids)
    names = await agents.agent_names(session, set(numbers))
    found = [
        KeptWord(
            agent_id=agent_id,
            name=names.get(agent_id, ""),
            promises=rules.promises(kept=kept, broken=broken),
        )
        for agent_id, (kept, broken) in numbers.items()
    ]
    return sorted(found, key=lambda one: (-one.promises.broken, one.name))


async def _notices(
    session: AsyncSession, period: Period, *, team_ids: Collection[int] | None, reader: int
) -> list[Notice]:
    found = await notices(
        session, start=period.start, end=period.end, team_ids=team_ids, reader=reader
    )
    names = await agents.agent_names(session, {ticket.owner_id for _, ticket, _ in found})
    return [
        Notice(
            ticket_id=ticket.id,
            reference=ticket.reference,
            subject=ticket.subject,
            clock=clock.kind,
            due_at=clock.breached_at or one.crossed_at,
            owner=names.get(ticket.owner_id or 0),
        )
        for one, ticket, clock in found
    ]


async def weeks_of(
    session: AsyncSession, owner_ids: Collection[int], *, start: datetime, end: datetime
) -> dict[int, OwnerWeek]:
    """Of those who answer for anything."""
    found = await weeks.owned(session, owner_ids, start=start, end=end) if owner_ids else {}
    names = await agents.agent_names(session, set(found))
    return {
        number: OwnerWeek(agent_id=number, name=names.get(number, ""), tickets=tickets)
        for number, tickets in found.items()
    }


async def wallboard(
    session: AsyncSession, *, now: datetime, since: datetime, reader: int = 0
) -> Wallboard:
    """How things stand; `since` is when the day began for who looks at it."""
    teams = await standing.team_queues(session)
    waiting = await standing.longest_waiting(session, now=now, reader=reader, limit=1)
    pending = await deliveries.count_waiting(session)
    dead = pending.pop("dead", 0)
    present = await agents.agents_by_presence(session)
    return Wallboard(
        as_of=now,
        active=sum(team.active for team in teams),
        unclaimed=sum(team.unclaimed for team in teams),
        waiting=sum(team.waiting for team in teams),
        late=sum(team.late for team in teams),
        oldest_waiting=waiting[0] if waiting else None,
        teams=teams,
        agents={presence: len(names) for presence, names in present.items()},
        arrivals=await ledger.arrivals_by_outcome(session, since=since),
        deliveries_pending=sum(pending.values()),
        deliveries_dead=dead,
        quarantined=await standing.count_quarantined(session),
    )
