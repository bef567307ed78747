"""What can be done with customers. Callers own the transaction."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.channels.base import Sender
from contact_center.customers import queries

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
    return known | found


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
