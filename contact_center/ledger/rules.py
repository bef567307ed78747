"""How an inbound message is kept in quarantine."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from contact_center.channels.base import Inbound, Sender
from contact_center.storage import StoredFile

EXCERPT = 1500  # characters of a text that a list shows
LONGEST_SENDER = 600  # characters


def sender_of(inbound: Inbound) -> str:
    """Who a list says has written."""
    return f"{inbound.sender.name} {inbound.sender.address}".strip()[:LONGEST_SENDER]


def payload_of(inbound: Inbound) -> Mapping[str, Any]:
    """What quarantine keeps; `inbound_from` turns it back."""
    sender = {name: getattr(inbound.sender, name) for name in inbound.sender.__slots__}
    kept = {n: getattr(inbound, n) for n in inbound.__slots__ if n not in {"sender", "attachments"}}
    files = [[f.key, f.name, f.content_type, f.size, f.sha256] for f in inbound.attachments]
    kept["sent_at"] = inbound.sent_at.isoformat() if inbound.sent_at else None
    kept |= {"references": list(inbound.references), "tags": list(inbound.tags)}
    return {**kept, "facts": dict(inbound.facts), "sender": sender, "attachments": files}


def completed(inbound: Inbound, *, text: str | None, address: str | None) -> Inbound:
    """The message with what it lacked."""
    sender = replace(inbound.sender, address=address) if address else inbound.sender
    return replace(
        inbound,
        sender=sender,
        text=text or inbound.text,
        thread=inbound.thread or sender.address,
    )


def inbound_from(payload: Mapping[str, Any]) -> Inbound:
    sent_at = payload.get("sent_at")
    fields = {
        **payload,
        "sender": Sender(**payload["sender"]),
        "attachments": [StoredFile(*file) for file in payload["attachments"]],
        "sent_at": datetime.fromisoformat(sent_at) if sent_at else None,
    }
    return Inbound(**fields)
