"""Every SQL statement about accounts."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.accounts.models import Account, Tier
from contact_center.agents.models import Agent
from contact_center.errors import NotFound


async def accounts_by_id(
    session: AsyncSession, account_ids: Collection[int | None]
) -> dict[int, Account]:
    wanted = {account_id for account_id in account_ids if account_id is not None}
    if not wanted:
        return {}
    found = await session.scalars(select(Account).where(Account.id.in_(wanted)))
    return {account.id: account for account in found}


async def get_account(session: AsyncSession, account_id: int) -> Account:
    account = await session.get(Account, account_id)
    if account is None:
        raise NotFound(code="account.unknown", account_id=account_id)
    return account


async def find_account_by_name(session: AsyncSession, name: str) -> Account | None:
    return await session.scalar(select(Account).where(Account.name == name))


async def page_of_accounts(
    session: AsyncSession,
    *,
    after: int,
    limit: int,
    tier: Tier | None = None,
    manager_id: int | None = None,
) -> Sequence[Account]:
    """By id, beyond `after`."""
    found = select(Account).where(Account.id > after)
    if tier is not None:
        found = found.where(Account.tier == tier)
    if manager_id is not None:
        found = found.where(Account.manager_id == manager_id)
    return (await session.scalars(found.order_by(Account.id).limit(limit))).all()


async def active_people(session: AsyncSession, accounts: Sequence[Account]) -> set[int]:
    """Of those who look after some accounts, who still works here."""
    named = {
        number
        for account in accounts
        for number in (account.manager_id, account.deputy_id, account.specialist_id)
        if number is not None
    }
    if not named:
        return set()
    found = select(Agent.id).where(Agent.id.in_(named), Agent.active.is_(True))
    return set(await session.scalars(found))


async def accounts_in_tiers(session: AsyncSession, tiers: Collection[Tier]) -> Sequence[Account]:
    found = select(Account).where(Account.tier.in_(tiers)).order_by(Account.id)
    return (await session.scalars(found)).all()
