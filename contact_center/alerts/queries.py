"""Every SQL statement about alerts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Agent, Role, TeamMember
from contact_center.agents.queries import is_recused
from contact_center.alerts.models import IS_UNREAD, IS_UNSENT, Alert
from contact_center.bulk import insert_new
from contact_center.db import Table
from contact_center.errors import NotFound

ALERTS = Table.metadata.tables["alerts"]


async def insert_alerts(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Those whose key the agent has already are left out."""
    await insert_new(session, ALERTS, rows)


async def working(session: AsyncSession, agent_ids: Collection[int]) -> list[int]:
    """Those of the agents who are still here, each once."""
    found = select(Agent.id).where(Agent.id.in_(agent_ids), Agent.active.is_(True))
    return list(await session.scalars(found.order_by(Agent.id)))


async def leads_of(
    session: AsyncSession, team_id: int | None, *, about: int | None = None
) -> Sequence[Agent]:
    """Who is alerted: the team's leads, or all leads and managers where it has none.

    Nobody hears of a complaint `about` themselves, or about who leads them.
    """
    found = await _leads_of(session, team_id)
    if about is None:
        return found
    free = [one for one in found if not await is_recused(session, one.id, about=about)]
    if free or team_id is None:
        return free
    return await leads_of(session, None, about=about)


async def _leads_of(session: AsyncSession, team_id: int | None) -> Sequence[Agent]:
    here = select(Agent).where(Agent.active.is_(True)).order_by(Agent.id)
    leads = here.where(
        Agent.role == Role.LEAD,
        Agent.id.in_(select(TeamMember.agent_id).where(TeamMember.team_id == team_id)),
    )
    found = (await session.scalars(leads)).all()
    if found:
        return found
    others = here.where(Agent.role.in_((Role.LEAD, Role.MANAGER)))
    return (await session.scalars(others.limit(20))).all()


async def alerts_of(
    session: AsyncSession,
    agent_id: int,
    *,
    unread: bool = False,
    before: int | None = None,
    limit: int = 50,
) -> Sequence[Alert]:
    """The newest first."""
    found = select(Alert).where(Alert.agent_id == agent_id)
    if unread:
        found = found.where(text(f"alerts.{IS_UNREAD}"))
    if before is not None:
        found = found.where(Alert.id < before)
    return (await session.scalars(found.order_by(Alert.id.desc()).limit(limit))).all()


async def unread_size(session: AsyncSession, agent_id: int, *, most: int = 100) -> int:
    """How many alerts an agent has not read; counting stops at `most`."""
    inner = select(Alert.id).where(Alert.agent_id == agent_id, text(f"alerts.{IS_UNREAD}"))
    return await session.scalar(select(func.count()).select_from(inner.limit(most).subquery())) or 0


async def get_alert(session: AsyncSession, alert_id: int, *, agent_id: int) -> Alert:
    """One of the agent's own."""
    alert = await session.get(Alert, alert_id)
    if alert is None or alert.agent_id != agent_id:
        raise NotFound(code="alert.unknown", alert_id=alert_id)
    return alert


async def mark_read(
    session: AsyncSession,
    agent_id: int,
    *,
    now: datetime,
    up_to: int | None = None,
    ticket_id: int | None = None,
) -> int:
    """Up to one alert, or those about one ticket; returns how many were unread."""
    marking = update(Alert).where(Alert.agent_id == agent_id, text(f"alerts.{IS_UNREAD}"))
    if up_to is not None:
        marking = marking.where(Alert.id <= up_to)
    if ticket_id is not None:
        marking = marking.where(Alert.ticket_id == ticket_id)
    marking = marking.values(read_at=now).returning(Alert.id)
    marked = await session.scalars(marking.execution_options(synchronize_session=False))
    return len(marked.all())


async def lock_unsent(session: AsyncSession, *, after: int, limit: int) -> Sequence[int]:
    """Alerts that nobody has been sent yet; what others have locked is left to them."""
    found = select(Alert.id).where(text(f"alerts.{IS_UNSENT}"), Alert.id > after)
    found = found.order_by(Alert.id).limit(limit).with_for_update(skip_locked=True)
    return (await session.scalars(found)).all()


async def lock_alert(session: AsyncSession, alert_id: int) -> tuple[Alert, Agent]:
    found = select(Alert, Agent).join(Agent, Agent.id == Alert.agent_id)
    found = found.where(Alert.id == alert_id).with_for_update(of=Alert)
    row = (await session.execute(found.execution_options(populate_existing=True))).one()
    return row[0], row[1]
