"""Enters arrivals into the ledger. Callers own the transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.channels.base import Inbound, Receipt
from contact_center.db import hint
from contact_center.ledger import queries, rules
from contact_center.ledger.models import Outcome


async def known(
    session: AsyncSession, *, channel: str, external_ids: Collection[str]
) -> dict[str, Receipt]:
    """Receipts of messages that have arrived before, by external id."""
    rows = await queries.known_arrivals(session, channel=channel, external_ids=external_ids)
    return {
        external_id: Receipt(row.outcome, row.message_id, row.ticket_id, duplicate=True)
        for external_id, row in rows.items()
    }


async def enter(
    session: AsyncSession, receipts: Sequence[tuple[Inbound, Receipt]], *, now: datetime
) -> None:
    rows = [
        {
            "channel": inbound.channel,
            "external_id": inbound.external_id,
            "outcome": receipt.outcome,
            "message_id": receipt.message_id,
            "ticket_id": receipt.ticket_id,
            "received_at": now,
        }
        for inbound, receipt in receipts
    ]
    await queries.insert_arrivals(session, rows)


async def quarantine(
    session: AsyncSession, problems: Sequence[tuple[Inbound, str]], *, now: datetime
) -> list[Receipt]:
    """Keep messages aside, each with its reason; leads see them and can try again."""
    receipts = [Receipt(Outcome.QUARANTINED.value, reason=reason) for _, reason in problems]
    rows = [
        {
            "channel": inbound.channel,
            "external_id": inbound.external_id,
            "reason": reason,
            "payload": rules.payload_of(inbound),
            "received_at": now,
        }
        for inbound, reason in problems
    ]
    await queries.insert_quarantined(session, rows)
    await enter(
        session, [(p[0], receipt) for p, receipt in zip(problems, receipts, strict=True)], now=now
    )
    hint(session, "events")
    return receipts
