"""What can be done with staff and teams. Callers own the transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries, rules
from contact_center.agents.models import Absence, Agent, Presence, Role, Team, TeamMember
from contact_center.errors import Conflict, Invalid
from contact_center.events import rules as actors
from contact_center.events.actions import record
from contact_center.events.rules import Actor

LONGEST_ABSENCE = timedelta(days=400)
# The log tells the old and the new value of these; of the others only that they changed.
_LOGGED = ("role", "active", "presence", "deputy_id")


async def add_agent(
    session: AsyncSession,
    *,
    email: str,
    name: str,
    password_hash: str,
    role: Role,
    by: Actor,
    now: datetime,
    **details: Any,
) -> Agent:
    """`details` are further columns. Raises Invalid, Conflict."""
    email = rules.clean_email(email)
    if await queries.find_agent_by_email(session, email) is not None:
        raise Conflict(code="agent.mail_taken")
    _check(details)
    agent = Agent(
        email=email, name=name, password_hash=password_hash, role=role, created_at=now, **details
    )
    session.add(agent)
    await session.flush()
    data = {"agent_id": agent.id, "role": role}
    await record(session, "agent.added", actor=by, now=now, data=data)
    return agent


async def edit_agent(
    session: AsyncSession, agent: Agent, *, changes: Mapping[str, Any], by: Actor, now: datetime
) -> None:
    """`changes` are columns with their new values. Raises Invalid, Conflict."""
    changes = {name: v for name, v in changes.items() if v != getattr(agent, name)}
    _check(changes)
    if "deputy_id" in changes:
        await _check_usual_deputy(session, agent, changes["deputy_id"], now=now)
    if rules.stops_being_admin(agent, changes):
        rules.check_not_last_admin(agent, admins=await queries.lock_active_admins(session))
    if not changes:
        return
    data: dict[str, Any] = {"agent_id": agent.id, "changed": sorted(changes)}
    for name in _LOGGED:
        if name in changes:
            data[name] = {"old": getattr(agent, name), "new": changes[name]}
    for name, value in changes.items():
        setattr(agent, name, value)
    await session.flush()
    await record(session, "agent.edited", actor=by, now=now, data=data)


async def set_presence(
    session: AsyncSession, agent: Agent, *, presence: Presence, by: Actor, now: datetime
) -> None:
    """Begin, interrupt or end a shift."""
    if agent.presence is presence:
        return
    data = {"agent_id": agent.id, "old": agent.presence, "new": presence}
    agent.presence = presence
    await session.flush()
    await record(session, "agent.presence_changed", actor=by, now=now, data=data)


async def add_team(
    session: AsyncSession,
    *,
    name: str,
    telegram_chat: str | None,
    by: Actor,
    now: datetime,
    push: bool = False,
) -> Team:
    """Raises Conflict."""
    await _check_team_name(session, name)
    team = Team(name=name, telegram_chat=telegram_chat, push=push, created_at=now)
    session.add(team)
    await session.flush()
    await record(session, "team.added", actor=by, now=now, data={"team_id": team.id})
    return team


async def edit_team(
    session: AsyncSession, team: Team, *, changes: Mapping[str, Any], by: Actor, now: datetime
) -> None:
    """Raises Conflict."""
    changes = {name: v for name, v in changes.items() if v != getattr(team, name)}
    if "name" in changes:
        await _check_team_name(session, changes["name"])
    if not changes:
        return
    for name, value in changes.items():
        setattr(team, name, value)
    await session.flush()
    data = {"team_id": team.id, "changed": sorted(changes)}
    await record(session, "team.edited", actor=by, now=now, data=data)


async def delete_team(session: AsyncSession, team: Team, *, by: Actor, now: datetime) -> None:
    """Raises Conflict where something tells of it."""
    team_id, name = team.id, team.name
    try:
        async with session.begin_nested():
            await session.delete(team)
    except IntegrityError as error:
        raise Conflict(code="team.in_use", name=name) from error
    await record(session, "team.deleted", actor=by, now=now, data={"team_id": team_id})


async def join_team(
    session: AsyncSession, team: Team, agent: Agent, *, by: Actor, now: datetime
) -> None:
    """Nothing happens to somebody who is in the team already."""
    if await queries.find_membership(session, team_id=team.id, agent_id=agent.id) is not None:
        return
    session.add(TeamMember(team_id=team.id, agent_id=agent.id))
    await session.flush()
    data = {"team_id": team.id, "agent_id": agent.id}
    await record(session, "team.joined", actor=by, now=now, data=data)


async def leave_team(
    session: AsyncSession, team: Team, agent: Agent, *, by: Actor, now: datetime
) -> None:
    """Nothing happens to somebody who is not in the team."""
    membership = await queries.find_membership(session, team_id=team.id, agent_id=agent.id)
    if membership is None:
        return
    await session.delete(membership)
    await session.flush()
    data = {"team_id": team.id, "agent_id": agent.id}
    await record(session, "team.left", actor=by, now=now, data=data)


async def link_telegram(
    session: AsyncSession, agent_id: int, *, telegram_id: str, now: datetime
) -> Agent:
    """This Telegram user is the agent from now on, and nobody else. Raises NotFound, Conflict."""
    agent = await queries.get_active_agent(session, agent_id)
    await queries.unlink_others(session, telegram_id, agent_id=agent_id)
    agent.telegram_id = telegram_id
    actor = actors.agent(agent_id)
    await record(
        session, "agent.telegram_linked", actor=actor, now=now, data={"agent_id": agent_id}
    )
    return agent


async def move_team_chat(session: AsyncSession, *, old: str, new: str, now: datetime) -> None:
    """The group became a supergroup, which has another id."""
    for team_id in await queries.change_team_chat(session, old=old, new=new):
        data = {"team_id": team_id}
        await record(session, "team.chat_moved", actor=actors.SYSTEM, now=now, data=data)


# Absences


async def plan_absence(
    session: AsyncSession,
    agent_id: int,
    *,
    starts_at: datetime,
    ends_at: datetime,
    deputy_id: int | None,
    reason: str = "",
    by: Actor,
    now: datetime,
) -> Absence:
    """Somebody stands in from `starts_at` until `ends_at`: the deputy named, or the usual one.

    Raises Invalid, NotFound, Conflict: every absence needs a deputy, and no chain of deputies may
    lead back to who is absent.
    """
    await queries.lock_planning(session)
    agent = await queries.get_active_agent(session, agent_id)
    if not starts_at < ends_at or ends_at <= now:
        raise Invalid(code="absence.times")
    if ends_at - max(starts_at, now) > LONGEST_ABSENCE:
        raise Invalid(code="absence.too_long", days=LONGEST_ABSENCE.days)
    for other in await queries.coming_absences(session, now=now, agent_id=agent_id):
        if other.starts_at < ends_at and starts_at < other.ends_at:
            raise Conflict(code="absence.overlaps")
    await _check_deputy(session, agent, deputy_id or agent.deputy_id, start=starts_at, end=ends_at)
    absence = Absence(
        agent_id=agent_id,
        starts_at=starts_at,
        ends_at=ends_at,
        deputy_id=deputy_id,
        reason=reason.strip(),
        created_at=now,
    )
    session.add(absence)
    await session.flush()  # its id goes into the log
    data = _absence_facts(absence)
    await record(session, "absence.planned", actor=by, now=now, data=data)
    return absence


async def end_absence(session: AsyncSession, absence_id: int, *, by: Actor, now: datetime) -> None:
    """Back early; one that has not begun is called off. Raises NotFound, Conflict."""
    await queries.lock_planning(session)
    absence = await queries.get_absence(session, absence_id)
    if absence.ends_at <= now:
        raise Conflict(code="absence.over")
    await record(session, "absence.ended", actor=by, now=now, data=_absence_facts(absence))
    if absence.starts_at >= now:
        await session.delete(absence)
    else:
        absence.ends_at = now
    await session.flush()


def _absence_facts(absence: Absence) -> dict[str, Any]:
    return {
        "absence": absence.id,
        "agent_id": absence.agent_id,
        "deputy_id": absence.deputy_id,
        "starts_at": absence.starts_at.isoformat(),
        "ends_at": absence.ends_at.isoformat(),
    }


async def _check_deputy(
    session: AsyncSession, agent: Agent, deputy_id: int | None, *, start: datetime, end: datetime
) -> None:
    """Somebody who stands in from `start` to `end`."""
    if deputy_id is None:
        raise Invalid(code="absence.say_deputy", name=agent.name)
    if deputy_id == agent.id:
        raise Invalid(code="absence.own_deputy")
    await queries.get_active_agent(session, deputy_id)
    usual = await queries.usual_deputies(session)
    next_of: dict[int, set[int]] = {}
    for other in await queries.absences_within(session, start=start, end=end):
        if (deputy := other.deputy_id or usual.get(other.agent_id)) is not None:
            next_of.setdefault(other.agent_id, set()).add(deputy)
    rules.check_chain(agent.id, deputy_id, next_of=next_of)


async def _check_usual_deputy(
    session: AsyncSession, agent: Agent, deputy_id: int | None, *, now: datetime
) -> None:
    """Absences that name nobody rely on the usual deputy."""
    await queries.lock_planning(session)
    usual = await queries.usual_deputies(session)
    if deputy_id is not None:
        await _check_deputy(session, agent, deputy_id, start=now, end=now)
        rules.check_chain(agent.id, deputy_id, next_of={n: {d} for n, d in usual.items() if d})
    for absence in await queries.coming_absences(session, now=now, agent_id=agent.id):
        if absence.deputy_id is None:
            await _check_deputy(
                session, agent, deputy_id, start=absence.starts_at, end=absence.ends_at
            )


async def _check_team_name(session: AsyncSession, name: str) -> None:
    if await queries.find_team_by_name(session, name) is not None:
        raise Conflict(code="team.name_taken", name=name)


def _check(values: Mapping[str, Any]) -> None:
    if "time_zone" in values:
        rules.check_time_zone(values["time_zone"])
