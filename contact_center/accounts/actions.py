"""What can be done with accounts. Callers own the transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.accounts import queries
from contact_center.accounts.models import Account
from contact_center.accounts.rules import NEEDED, gaps
from contact_center.agents.models import Role
from contact_center.agents.queries import get_active_agent, page_of_agents
from contact_center.alerts.actions import alert
from contact_center.errors import Conflict
from contact_center.events.actions import record
from contact_center.events.rules import Actor

# The log tells the old and the new value of these; of the name only that it changed.
_PEOPLE = ("manager_id", "deputy_id", "specialist_id")
_LOGGED = ("tier", *_PEOPLE)


async def add_account(
    session: AsyncSession, *, values: Mapping[str, Any], by: Actor, now: datetime
) -> Account:
    """`values` are columns. Raises Conflict, NotFound."""
    await _check(session, values)
    account = Account(**values, created_at=now)
    session.add(account)
    await session.flush()
    await record(session, "account.added", actor=by, now=now, data={"account_id": account.id})
    return account


async def edit_account(
    session: AsyncSession, account: Account, *, changes: Mapping[str, Any], by: Actor, now: datetime
) -> None:
    """Raises Conflict, NotFound."""
    changed = {name: value for name, value in changes.items() if value != getattr(account, name)}
    if not changed:
        return
    await _check(session, changed)
    data: dict[str, Any] = {"account_id": account.id, "changed": sorted(changed)}
    for name in _LOGGED:
        if name in changed:
            data[name] = {"old": getattr(account, name), "new": changed[name]}
    for name, value in changed.items():
        setattr(account, name, value)
    await session.flush()
    await record(session, "account.edited", actor=by, now=now, data=data)


async def delete_account(
    session: AsyncSession, account: Account, *, by: Actor, now: datetime
) -> None:
    """Raises an integrity error while customers belong to it."""
    account_id = account.id
    await session.delete(account)
    await session.flush()
    await record(session, "account.deleted", actor=by, now=now, data={"account_id": account_id})


async def tell_of_gaps(session: AsyncSession, *, now: datetime) -> int:
    """Remind managers, once a week, of accounts that lack the people their tier asks for."""
    accounts = await queries.accounts_in_tiers(session, NEEDED)
    active = await queries.active_people(session, accounts)
    managers = await _who_appoints(session)
    year, week, _ = now.isocalendar()
    told = 0
    for account in accounts:
        for gap in gaps(account, active=active):
            await alert(
                session,
                to=managers,
                kind="account.incomplete",
                facts={"name": account.name, "tier": account.tier.value, "gap": gap.value},
                key=f"account-{account.id}-{gap}-{year}-{week}",
                now=now,
            )
            told += 1
    return told


async def _who_appoints(session: AsyncSession) -> list[int]:
    """Managers, or administrators where there are none."""
    for role in (Role.MANAGER, Role.ADMIN):
        found = await page_of_agents(session, after=0, limit=50, active=True, role=role)
        if found:
            return [agent.id for agent in found]
    return []


async def _check(session: AsyncSession, values: Mapping[str, Any]) -> None:
    name = values.get("name")
    if name is not None and await queries.find_account_by_name(session, name) is not None:
        raise Conflict(code="account.name_taken")
    for person in _PEOPLE:
        if values.get(person) is not None:
            await get_active_agent(session, values[person])
