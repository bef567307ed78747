"""Every SQL statement about accounts."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.accounts.models import Account


async def accounts_by_id(
    session: AsyncSession, account_ids: Collection[int | None]
) -> dict[int, Account]:
    wanted = {account_id for account_id in account_ids if account_id is not None}
    if not wanted:
        return {}
    found = await session.scalars(select(Account).where(Account.id.in_(wanted)))
    return {account.id: account for account in found}
