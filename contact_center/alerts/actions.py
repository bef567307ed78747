"""Tells agents what they must know. Callers own the transaction."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.agents.models import Agent
from contact_center.agents.queries import agent_names
from contact_center.alerts import queries
from contact_center.alerts.models import Alert
from contact_center.alerts.rules import people_in, word
from contact_center.channels.base import Outgoing
from contact_center.db import hint
from contact_center.deliveries import actions as deliveries
from contact_center.settings import Settings
from contact_center.texts import Texts


async def alert(
    session: AsyncSession,
    *,
    to: Collection[int],
    kind: str,
    facts: Mapping[str, Any],
    now: datetime,
    key: str,
    ticket_id: int | None = None,
) -> None:
    """Tell each agent once: with a key they have already, nothing happens.

    The words are `alert.<kind>` in the texts, with `facts` filled in: codes (`alert_word.<code>`),
    agents' ids under the names of `rules.PEOPLE`, moments in ISO 8601 under names that end in
    `_at`, and `{reference}` of the ticket. Mail and Telegram follow within seconds, by a sweep.
    """
    told = await queries.working(session, to)
    if not told:
        return
    row = {"kind": kind, "facts": dict(facts), "ticket_id": ticket_id, "key": key}
    rows = [{**row, "agent_id": agent_id, "created_at": now} for agent_id in told]
    await queries.insert_alerts(session, rows)
    hint(session, "events")  # the desk's counters


async def alert_all(
    session: AsyncSession, alerts: Sequence[Mapping[str, Any]], *, now: datetime
) -> None:
    """Like `alert`, many at once: rows with `agent_id`, who works here, `kind`, `facts`, `key`
    and `ticket_id`.
    """
    if alerts:
        await queries.insert_alerts(session, [{**row, "created_at": now} for row in alerts])
        hint(session, "events")


async def send(
    session: AsyncSession, alert_id: int, *, texts: Texts, settings: Settings, now: datetime
) -> None:
    """By mail and in Telegram, where there is an address; not what has been read at the desk."""
    alert, agent = await queries.lock_alert(session, alert_id)
    if alert.sent_at is not None:
        return
    alert.sent_at = now
    if alert.read_at is not None or not agent.active:
        return
    text = await _words(session, alert, agent, texts)
    for channel, address in _addresses(agent, settings):
        message = Outgoing(
            idempotency_key=f"alert-{alert.id}-{channel}",
            address=address,
            subject=text.splitlines()[0] if channel == "email" else None,
            text=f"{text}\n\n{_link(alert, settings)}",
        )
        is_mail = channel == "email"
        await deliveries.enqueue(
            session,
            message,
            channel=channel,
            order_key=message.idempotency_key if is_mail else f"{channel}:{address}",
            kind="alert",
            now=now,
            ticket_id=alert.ticket_id,
        )


async def tell_deputy(session: AsyncSession, absence_id: int, *, now: datetime) -> None:
    """An absence has begun: whoever stands in learns for whom, and until when."""
    absence = await agents.get_absence(session, absence_id)
    absence.told_at = now
    acting = await agents.acting_for(session, [absence.agent_id], now=now)
    await alert(
        session,
        to={acting.get(absence.agent_id, 0)} - {0, absence.agent_id},
        kind="absence.begun",
        facts={"agent": absence.agent_id, "ends_at": absence.ends_at.isoformat()},
        key=f"absence:{absence.id}",
        now=now,
    )


async def mark_read(
    session: AsyncSession,
    agent_id: int,
    *,
    now: datetime,
    up_to: int | None = None,
    ticket_id: int | None = None,
) -> int:
    """Everything, everything up to one alert, or what is about one ticket."""
    marked = await queries.mark_read(session, agent_id, now=now, up_to=up_to, ticket_id=ticket_id)
    if marked:
        hint(session, "events")
    return marked


async def mark_one_read(
    session: AsyncSession, alert_id: int, *, agent_id: int, now: datetime
) -> Alert:
    """Raises NotFound for somebody else's."""
    alert = await queries.get_alert(session, alert_id, agent_id=agent_id)
    if alert.read_at is None:
        alert.read_at = now
        hint(session, "events")
    return alert


async def _words(session: AsyncSession, alert: Alert, agent: Agent, texts: Texts) -> str:
    return word(
        alert.kind,
        alert.facts,
        ticket_id=alert.ticket_id,
        names=await agent_names(session, people_in(alert.facts)),
        texts=texts,
        language=agent.language,
        zone=ZoneInfo(agent.time_zone),
    )


def _addresses(agent: Agent, settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.email.enabled:
        yield "email", agent.email
    if settings.telegram.token is not None and agent.telegram_id:
        yield "telegram", agent.telegram_id


def _link(alert: Alert, settings: Settings) -> str:
    desk = f"{settings.server.public_url.rstrip('/')}/desk"
    return f"{desk}/tickets/{alert.ticket_id}" if alert.ticket_id else f"{desk}/alerts"
