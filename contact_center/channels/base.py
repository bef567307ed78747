"""The ports: what every network hands in (`Inbound`), and how everything leaves (`Channel`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from contact_center.storage import StoredFile

LONGEST_TEXT = 150_000  # characters of one message; longer ones are quarantined whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who wrote, as far as the network knows."""

    address: str  # unique on its channel: a chat id, a visitor id, a mail address
    name: str = ""
    email: str | None = None
    phone: str | None = None
    language: str | None = None  # "en", "zh"
    verified: bool = False  # the network, or a signed token, vouches for the address


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One message from a customer, whatever brought it."""

    channel: str
    external_id: str  # unique on the channel: the same one a second time changes nothing
    sender: Sender
    thread: str  # the conversation: a chat id, a visitor id, the first mail of a thread
    text: str
    subject: str | None = None
    references: Sequence[str] = ()  # external ids of earlier messages this one answers
    ticket_id: int | None = None  # named by a signed reply address; the front checked the signature
    button: str | None = None  # the value of the quick reply that was pressed
    attachments: Sequence[StoredFile] = ()
    kind: str | None = None  # a TicketKind value, where the source already knows
    priority: str | None = None
    team: str | None = None  # by name, where the source decides
    category: str | None = None
    tags: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)  # order numbers and the like
    automatic: bool = False  # an auto-reply or a bounce: kept as a note, answers nothing
    dialogue: bool = False  # a bot stands in front of this channel
    original: str | None = None  # the text before quotes were cut, where they were
    sent_at: datetime | None = None  # by the sender's clock


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an inbound message; it is durable when the caller sees this."""

    outcome: str  # an intake.models.Outcome value
    message_id: int | None = None
    ticket_id: int | None = None
    duplicate: bool = False
    reason: str | None = None  # why it was quarantined


@dataclass(frozen=True, slots=True)
class Button:
    """A quick reply."""

    label: str
    value: str  # at most 40 characters: it travels in Telegram's 64 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message on its way out, as a channel gets it."""

    idempotency_key: str  # the same at every attempt
    address: str
    text: str
    html: str | None = None
    subject: str | None = None
    buttons: Sequence[Button] = ()
    attachments: Sequence[StoredFile] = ()
    sender_name: str | None = None
    message_id: str | None = None  # the Message-ID a mail will carry
    references: Sequence[str] = ()
    reply_to: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)  # what only one channel understands


class DeliveryFailed(Exception):
    """A network would not take a message."""

    def __init__(
        self, reason: str, *, permanent: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent  # trying again cannot help
        self.retry_after = retry_after  # seconds, where the network says so


class Channel(Protocol):
    """How messages leave on one network."""

    async def send(self, message: Outgoing) -> str | None:
        """Return the network's id of the message. Raises DeliveryFailed."""
