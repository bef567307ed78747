"""Keeps calendars and policies as they were: clocks and tickets go on by what they began with.

Callers own the transaction.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.accounts.queries import accounts_by_id
from contact_center.agents.queries import get_team
from contact_center.calendars.hours import ROUND_THE_CLOCK
from contact_center.calendars.week import Calendar
from contact_center.customers.queries import get_customer
from contact_center.policies.choosing import Policies
from contact_center.policies.loading import reread
from contact_center.policies.terms import NO_TIER, Facts, Policy
from contact_center.sla import queries
from contact_center.sla.rules.versions import calendar_digest, calendar_text, read_calendar

MOST_KNOWN = 50
# What has a digest never changes, so a version is read once on each set of calendars.
_known: dict[tuple[str, tuple[tuple[str, str], ...]], Policies] = {}


class Described(Protocol):
    """A ticket, as far as policies depend on it."""

    kind: Any
    priority: Any
    channel: Any
    category: Any
    team_id: Any
    customer_id: Any
    policy_version: Any


async def keep(
    session: AsyncSession,
    *,
    calendars: Mapping[str, Calendar],
    policies: Policies,
    now: datetime,
) -> list[str]:
    """What holds from now on; returns the calendars that are another than before."""
    known = {version.name: version for version in await queries.calendar_versions(session)}
    edited = []
    for name, calendar in calendars.items():
        digest = calendar_digest(calendar)
        if name == ROUND_THE_CLOCK.name or (name in known and known[name].digest == digest):
            continue
        text = calendar_text(calendar)
        await queries.keep_calendar(session, name=name, digest=digest, definition=text, now=now)
        if name in known:
            edited.append(name)
    await queries.keep_policies(session, digest=policies.version, definition=policies.text, now=now)
    return edited


async def keep_calendar(session: AsyncSession, calendar: Calendar, *, now: datetime) -> None:
    """A clock is read by the hours it runs on, so they are kept before it starts."""
    if calendar.name == ROUND_THE_CLOCK.name:
        return
    digest = calendar_digest(calendar)
    known = await queries.calendar_versions(session, [calendar.name])
    if all(version.digest != digest for version in known):
        text = calendar_text(calendar)
        await queries.keep_calendar(
            session, name=calendar.name, digest=digest, definition=text, now=now
        )


async def policies_of(session: AsyncSession, version: str | None) -> Policies | None:
    """As they were, on the calendars of now; the latest for a ticket older than policies."""
    digest = await queries.policy_digest(session, version)
    if digest is None:
        return None
    key = (digest, tuple(sorted((await queries.calendar_digests(session)).items())))
    policies = _known.get(key)
    if policies is None:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        policies = _known[key] = await _read(session, digest)
    return policies


async def policy_for(session: AsyncSession, ticket: Described) -> Policy | None:
    """What such a ticket is promised, by the version it began with."""
    policies = await policies_of(session, ticket.policy_version)
    return None if policies is None else policies.choose(await facts_of(session, ticket))


async def hours_for(session: AsyncSession, ticket: Described) -> Calendar:
    """Our working hours for such a ticket, by the policies it began with."""
    policies = await policies_of(session, ticket.policy_version)
    return policies.hours_of(await facts_of(session, ticket)) if policies else ROUND_THE_CLOCK


async def facts_of(session: AsyncSession, ticket: Described) -> Facts:
    customer = await get_customer(session, ticket.customer_id)
    accounts = await accounts_by_id(session, [customer.account_id])
    tier = accounts[customer.account_id].tier.value if customer.account_id in accounts else NO_TIER
    team = await get_team(session, ticket.team_id) if ticket.team_id else None
    return Facts(
        kind=ticket.kind.value,
        tier=tier if tier != NO_TIER else None,
        priority=ticket.priority.value,
        channel=ticket.channel,
        category=ticket.category,
        team=team.name if team else None,
    )


async def _read(session: AsyncSession, digest: str) -> Policies:
    kept = {one.name: one.definition for one in await queries.calendar_versions(session)}
    known = {name: read_calendar(name, text) for name, text in kept.items()}
    calendars = {ROUND_THE_CLOCK.name: ROUND_THE_CLOCK, **known}
    return reread(await queries.policy_definition(session, digest), calendars=calendars)
