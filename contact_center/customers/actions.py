"""What can be done with customers. Callers own the transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.accounts.queries import get_account
from contact_center.channels.base import Sender
from contact_center.customers import queries
from contact_center.customers.models import Customer
from contact_center.events.actions import record
from contact_center.events.rules import Actor

# Known by these, a customer is one person on every channel.
_EMAIL = "email"


async def recognise(
    session: AsyncSession,
    *,
    channel: str,
    senders: Iterable[Sender],
    language: str,
    now: datetime,
) -> dict[str, tuple[int, int]]:
    """Identity and customer id by address; whoever is new becomes a customer.

    A sender whose address is vouched for, and who names a mail address that we know, is the
    customer who writes from it.
    """
    by_address = {sender.address: sender for sender in senders}
    known = await queries.find_identities(session, channel=channel, addresses=list(by_address))
    fresh = [sender for address, sender in by_address.items() if address not in known]
    if not fresh:
        return known
    owners = await _owners_by_email(session, fresh)
    strangers = [sender for sender in fresh if sender.address not in owners]
    added = await _add_customers(session, strangers, language=language, now=now)
    rows = [
        {
            "customer_id": (owners | added)[sender.address],
            "channel": channel,
            "address": sender.address,
            "name": sender.name[:200],
            "verified": sender.verified,
            "created_at": now,
        }
        for sender in fresh
    ]
    await queries.insert_identities(session, rows)
    found = await queries.find_identities(
        session, channel=channel, addresses=[sender.address for sender in fresh]
    )
    in_vain = set(added.values()) - {customer_id for _, customer_id in found.values()}
    if in_vain:  # another process met the same strangers at the same moment
        await queries.delete_customers(session, in_vain)
    await queries.index_customers(session, _words(fresh, found))
    return known | found


async def edit_customer(
    session: AsyncSession,
    customer: Customer,
    *,
    changes: Mapping[str, Any],
    by: Actor,
    now: datetime,
) -> None:
    """What is personal stays out of the log, which says only that it changed. Raises NotFound."""
    changed = {name: value for name, value in changes.items() if value != getattr(customer, name)}
    if not changed:
        return
    if changed.get("account_id") is not None:
        await get_account(session, changed["account_id"])
    for name, value in changed.items():
        setattr(customer, name, value)
    await session.flush()
    await queries.index_again(session, customer)
    data = {"customer_id": customer.id, "changed": sorted(changed)}
    await record(session, "customer.edited", actor=by, now=now, data=data)


async def block(
    session: AsyncSession, customer: Customer, *, reason: str, by: Actor, now: datetime
) -> None:
    if customer.blocked_at is not None:
        return
    customer.blocked_at = now
    await session.flush()
    data = {"customer_id": customer.id, "reason": reason}
    await record(session, "customer.blocked", actor=by, now=now, data=data)


async def unblock(session: AsyncSession, customer: Customer, *, by: Actor, now: datetime) -> None:
    if customer.blocked_at is None:
        return
    customer.blocked_at = None
    await session.flush()
    data = {"customer_id": customer.id}
    await record(session, "customer.unblocked", actor=by, now=now, data=data)


def _words(senders: Iterable[Sender], found: Mapping[str, tuple[int, int]]) -> dict[int, list[str]]:
    """What new addresses add to what their customers are found by."""
    words: dict[int, list[str]] = {}
    for sender in senders:
        _, customer_id = found[sender.address]
        texts = (sender.name, sender.address, sender.email, sender.phone)
        words.setdefault(customer_id, []).extend(text for text in texts if text)
    return words


async def _owners_by_email(session: AsyncSession, senders: list[Sender]) -> dict[str, int]:
    vouched = {s.address: s.email.lower() for s in senders if s.verified and s.email}
    if not vouched:
        return {}
    known = await queries.find_identities(
        session, channel=_EMAIL, addresses=sorted(set(vouched.values()))
    )
    return {address: known[email][1] for address, email in vouched.items() if email in known}


async def _add_customers(
    session: AsyncSession, senders: list[Sender], *, language: str, now: datetime
) -> dict[str, int]:
    if not senders:
        return {}
    rows = [
        {
            "name": sender.name[:200],
            "email": sender.email,
            "phone": sender.phone,
            "language": sender.language or language,
            "note": "",
            "created_at": now,
        }
        for sender in senders
    ]
    ids = await queries.insert_customers(session, rows)
    return {sender.address: number for sender, number in zip(senders, ids, strict=True)}
