"""Every SQL statement about customers."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    bindparam,
    delete,
    func,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.bulk import fetch, insert_new, insert_numbered, one_of
from contact_center.customers.models import Customer, Identity
from contact_center.db import Table, among
from contact_center.errors import NotFound
from contact_center.search import name_tokens

CUSTOMERS = Table.metadata.tables["customers"]
IDENTITIES = Table.metadata.tables["identities"]
WORDS = Table.metadata.tables["customer_words"]
MOST_MATCHES = 10_000  # customers looked at: of a very common word the others need a second one
MOST_WORDS = 12  # of a query
_LAST = "\U0010ffff"  # sorts behind whatever follows a beginning
_BY_ADDRESS = select(IDENTITIES.c.address, IDENTITIES.c.id, IDENTITIES.c.customer_id).where(
    IDENTITIES.c.channel == bindparam("channel"), one_of(IDENTITIES.c.address, "addresses")
)
_BLOCKED = (
    select(IDENTITIES.c.address)
    .join(CUSTOMERS, CUSTOMERS.c.id == IDENTITIES.c.customer_id)
    .where(IDENTITIES.c.channel == bindparam("channel"))
    .where(one_of(IDENTITIES.c.address, "addresses"))
    .where(CUSTOMERS.c.blocked_at.is_not(None))
)


async def get_customer(session: AsyncSession, customer_id: int) -> Customer:
    customer = await session.get(Customer, customer_id)
    if customer is None:
        raise NotFound(code="customer.unknown", customer_id=customer_id)
    return customer


async def identities_of(session: AsyncSession, customer_id: int) -> Sequence[Identity]:
    found = select(Identity).where(Identity.customer_id == customer_id).order_by(Identity.id)
    return (await session.scalars(found)).all()


async def find_identities(
    session: AsyncSession, *, channel: str, addresses: Collection[str]
) -> dict[str, tuple[int, int]]:
    """Identity id and customer id, by address."""
    found = await fetch(session, _BY_ADDRESS, {"channel": channel, "addresses": addresses})
    return {address: (identity, customer) for address, identity, customer in found}


async def blocked_addresses(
    session: AsyncSession, *, channel: str, addresses: Collection[str]
) -> set[str]:
    found = await fetch(session, _BLOCKED, {"channel": channel, "addresses": addresses})
    return {row.address for row in found}


async def insert_customers(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Ids in the order of the rows."""
    return await insert_numbered(session, CUSTOMERS, rows)


async def insert_identities(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Skips addresses that another process has just added."""
    in_one_order = sorted(rows, key=lambda row: (row["channel"], row["address"]))
    await insert_new(session, IDENTITIES, in_one_order)


async def delete_customers(session: AsyncSession, customer_ids: Collection[int]) -> None:
    """For customers that this very transaction has added in vain."""
    await session.execute(delete(CUSTOMERS).where(among(session, CUSTOMERS.c.id, customer_ids)))


async def names_of(session: AsyncSession, customer_ids: Collection[int]) -> dict[int, str]:
    found = select(Customer.id, Customer.name).where(Customer.id.in_(customer_ids))
    return {row[0]: row[1] for row in await session.execute(found)}


async def customers_by_id(
    session: AsyncSession, customer_ids: Collection[int]
) -> dict[int, Customer]:
    found = await session.scalars(select(Customer).where(Customer.id.in_(customer_ids)))
    return {customer.id: customer for customer in found}


async def page_of_customers(
    session: AsyncSession, *, after: int, limit: int, account_id: int | None = None
) -> Sequence[Customer]:
    """By id, beyond `after`."""
    found = select(Customer).where(Customer.id > after)
    if account_id is not None:
        found = found.where(Customer.account_id == account_id)
    return (await session.scalars(found.order_by(Customer.id).limit(limit))).all()


async def tiers_of(session: AsyncSession, customer_ids: Collection[int]) -> dict[int, str]:
    """Of those who belong to an account."""
    accounts = Table.metadata.tables["accounts"]
    found = select(CUSTOMERS.c.id, accounts.c.tier).join(
        accounts, accounts.c.id == CUSTOMERS.c.account_id
    )
    rows = await session.execute(found.where(among(session, CUSTOMERS.c.id, customer_ids)))
    return {row[0]: row[1].value for row in rows}


async def lock_customer(session: AsyncSession, customer_id: int) -> Customer:
    found = select(Customer).where(Customer.id == customer_id).with_for_update()
    customer = await session.scalar(found.execution_options(populate_existing=True))
    if customer is None:
        raise NotFound(code="customer.unknown", customer_id=customer_id)
    return customer


async def move_identities(session: AsyncSession, *, old: int, new: int) -> int:
    """Give one customer's addresses to another; returns how many."""
    moved = await session.scalars(
        update(Identity)
        .where(Identity.customer_id == old)
        .values(customer_id=new)
        .returning(Identity.id)
        .execution_options(synchronize_session=False)
    )
    return len(moved.all())


# Search


async def index_customers(session: AsyncSession, texts: Mapping[int, Collection[str]]) -> None:
    """Make customers findable by the words of the given texts as well."""
    words = {
        (token, customer_id)
        for customer_id, some in texts.items()
        for text in some
        for token in name_tokens(text)
    }
    if words:  # in one order, so that two processes do not wait for each other
        rows = [{"token": token, "customer_id": number} for token, number in sorted(words)]
        await insert_new(session, WORDS, rows)


async def index_again(session: AsyncSession, customer: Customer) -> None:
    """By what is known of a customer now, and nothing else."""
    await session.execute(delete(WORDS).where(WORDS.c.customer_id == customer.id))
    texts = [customer.name, customer.email or "", customer.phone or ""]
    for identity in await identities_of(session, customer.id):
        texts += [identity.name, identity.address]
    await index_customers(session, {customer.id: texts})


async def search_customers(
    session: AsyncSession, text: str, *, after: int = 0, limit: int = 10
) -> Sequence[Customer]:
    """By how the words of their names, mail addresses, numbers or network addresses begin."""
    words = name_tokens(text)[:MOST_WORDS]
    if not words:
        return []
    rarest, *others = await _by_rarity(session, words)
    some = (
        select(WORDS.c.customer_id)
        .where(_begins(WORDS.c.token, rarest))
        .order_by(WORDS.c.token, WORDS.c.customer_id)
        .limit(MOST_MATCHES)
        .subquery()
    )
    # The offset has PostgreSQL look each of the few up, instead of reading all who have the word.
    has_others = (
        select(literal(1))
        .where(WORDS.c.customer_id == some.c.customer_id, _begins(WORDS.c.token, word))
        .offset(0)
        .exists()
        for word in others
    )
    found = (
        select(some.c.customer_id)
        .where(some.c.customer_id > after, *has_others)
        .distinct()
        .order_by(some.c.customer_id)
        .limit(limit)
    )
    ids = (await session.scalars(found)).all()
    matches = select(Customer).where(Customer.id.in_(ids)).order_by(Customer.id)
    return (await session.scalars(matches)).all()


async def _by_rarity(session: AsyncSession, words: Sequence[str]) -> Sequence[str]:
    """Those first that fewest customers have; beyond `MOST_MATCHES` nobody counts."""
    if len(words) == 1:
        return words
    counts = []
    for number, word in enumerate(words):
        some = select(literal(1)).where(_begins(WORDS.c.token, word)).limit(MOST_MATCHES)
        counts.append(select(literal(number), func.count()).select_from(some.subquery()))
    rows = await session.execute(union_all(*counts))
    return [words[number] for number, _ in sorted(rows, key=lambda row: row[1])]


def _begins(token: ColumnElement[str], beginning: str) -> ColumnElement[bool]:
    return token.between(beginning, beginning + _LAST)
