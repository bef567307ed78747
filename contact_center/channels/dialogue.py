"""The port of a chat dialogue: a pure function that stands between a customer and our people.

`bots.dialogs` provides it and intake calls it inside the transaction that stores the message, so
question, answer and the dialogue's next state are kept together or not at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from contact_center.channels.base import Button


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A line of "my tickets"."""

    reference: str
    subject: str
    stage: str  # where it stands: a key of the texts
    owner: str | None
    link: str = ""  # of its own page
    promised: str | None = None  # by when the customer hears from us, as it is written
    acting: str | None = None  # who stands in for the owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What the customer did, and what the dialogue may know."""

    text: str
    button: str | None
    language: str
    has_attachments: bool = False
    tickets: Sequence[OpenTicket] = ()


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    buttons: Sequence[Button] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """People take over; nothing the customer has said is asked again."""

    kind: str = "inquiry"  # a tickets.models.TicketKind value
    subject: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    state: Mapping[str, Any]  # given back at the next turn; JSON
    say: Sequence[Say] = ()
    hand_over: HandOver | None = None
    language: str | None = None  # what the customer turned out to speak


class Dialogue(Protocol):
    def __call__(self, state: Mapping[str, Any], turn: Turn) -> Step: ...
