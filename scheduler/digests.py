"""Writes to every manager, at their hour, what happened and what needs them; once a day."""

import logging
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from contact_center.agents import queries as agents
from contact_center.agents.models import Agent, Role
from contact_center.channels.base import Outgoing
from contact_center.deliveries import actions as deliveries
from contact_center.deliveries import queries as delivery_queries
from contact_center.reports import actions as reports
from contact_center.reports.models import Digest
from contact_center.reports.rules import days, instant
from contact_center.runtime import Runtime
from scheduler.letters import digest_letter

logger = logging.getLogger(__name__)

LOOK_BACK = 7  # days for which a later digest makes up


async def send_due_digests(runtime: Runtime) -> int:
    """Every node may try: the key of the delivery lets one digest a day through."""
    now = runtime.now()
    async with runtime.db.read() as session:
        due = [one for one in await agents.digest_readers(session) if is_due(one, now=now)]
        keys = [key(reader, local_date(reader, now=now)) for reader in due]
        written = await delivery_queries.known_keys(session, keys) if keys else set()
    sent = 0
    for reader, mine in zip(due, keys, strict=True):
        if mine in written:
            continue
        try:
            sent += await _send(runtime, reader, now=now)
        except Exception:
            logger.exception("digest failed", extra={"agent": reader.id})
    return sent


def is_due(reader: Agent, *, now: datetime) -> bool:
    """From their hour on until their midnight: a node that was down makes up for it."""
    if reader.digest_hour is None:
        return False
    zone, day = ZoneInfo(reader.time_zone), local_date(reader, now=now)
    hour = instant(day, zone=zone, at=time(reader.digest_hour))
    return reader.created_at <= hour <= now


def local_date(reader: Agent, *, now: datetime) -> date:
    return now.astimezone(ZoneInfo(reader.time_zone)).date()


def key(reader: Agent, day: date) -> str:
    return f"digest:{reader.id}:{day.isoformat()}"


async def _send(runtime: Runtime, reader: Agent, *, now: datetime) -> bool:
    """Read first, then write: the figures take longer than a writer should be held up."""
    day = local_date(reader, now=now)
    digest = await _figures(runtime, reader, day, now=now)
    letter = digest_letter(digest, reader, settings=runtime.settings, texts=runtime.texts)
    row = deliveries.delivery_row(
        Outgoing(
            idempotency_key=key(reader, day),
            address=reader.email,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
        ),
        channel="email",
        order_key=key(reader, day),
        kind="digest",
        now=now,
    )
    async with runtime.db.begin() as session:
        return await deliveries.enqueue_once(session, row)


async def _figures(runtime: Runtime, reader: Agent, day: date, *, now: datetime) -> Digest:
    async with runtime.db.read() as session:
        earlier = [day - timedelta(days=n) for n in range(1, LOOK_BACK + 1)]
        written = await delivery_queries.known_keys(session, [key(reader, d) for d in earlier])
        first = first_day(day, told_on=[d for d in earlier if key(reader, d) in written])
        teams = await agents.team_ids_of(session, reader.id) if reader.role is Role.LEAD else []
        period = days(first, day - timedelta(days=1), time_zone=reader.time_zone)
        return await reports.digest(
            session, period, now=now, team_ids=teams or None, reader=reader.id
        )


def first_day(day: date, *, told_on: Sequence[date]) -> date:
    """The first day nothing has been said about: a digest tells of the days before it.

    So every day is told once, also after days on which nothing ran.
    """
    return max(told_on, default=day - timedelta(days=1))
