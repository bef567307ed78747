"""Enters arrivals into the ledger. Callers own the transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.channels.base import Inbound, Receipt
from contact_center.db import hint
from contact_center.errors import Conflict
from contact_center.events.actions import record
from contact_center.events.rules import Actor, agent_id
from contact_center.ledger import queries, rules
from contact_center.ledger.models import Outcome, Quarantined


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
            "sender": rules.sender_of(inbound),
            "excerpt": inbound.text[: rules.EXCERPT],
            "files": [file.key for file in inbound.attachments],
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


async def take_out(
    session: AsyncSession,
    quarantined_id: int,
    *,
    text: str | None = None,
    address: str | None = None,
) -> Inbound:
    """The message, ready to be handed in again; `finish_release` follows when it has been.

    In between it is still in quarantine: if all stops there, it is released once more and known
    by its key. Raises NotFound, Conflict.
    """
    kept = await _kept(session, quarantined_id)
    try:
        inbound = rules.inbound_from(kept.payload)
    except (KeyError, TypeError, ValueError) as error:
        raise Conflict(code="quarantine.incomplete", quarantined_id=quarantined_id) from error
    await queries.forget_quarantined_arrival(
        session, channel=kept.channel, external_id=kept.external_id
    )
    return rules.completed(inbound, text=text, address=address)


async def finish_release(
    session: AsyncSession, quarantined_id: int, receipt: Receipt, *, by: Actor, now: datetime
) -> None:
    """Refused again, it is kept anew, with the new reason. Raises NotFound, Conflict."""
    kept = await _kept(session, quarantined_id)
    kept.released_at, kept.released_by = now, agent_id(by)
    data = {
        "quarantined_id": kept.id,
        "outcome": receipt.outcome,
        "released_ticket_id": receipt.ticket_id,
    }
    await record(session, "quarantine.released", actor=by, now=now, data=data)


async def discard(
    session: AsyncSession, quarantined_id: int, *, reason: str, by: Actor, now: datetime
) -> None:
    """Raises NotFound, Conflict. The message stays in the ledger, and can be looked up."""
    kept = await _kept(session, quarantined_id)
    kept.released_at, kept.released_by, kept.discard_reason = now, agent_id(by), reason
    data = {"quarantined_id": kept.id}
    await record(session, "quarantine.discarded", actor=by, now=now, data=data)


async def _kept(session: AsyncSession, quarantined_id: int) -> Quarantined:
    kept = await queries.get_quarantined(session, quarantined_id)
    if kept.released_at is not None:
        raise Conflict(code="quarantine.settled", quarantined_id=quarantined_id)
    return kept
