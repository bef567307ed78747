"""What a team's group is told of a ticket that waits."""

from contact_center.channels.base import Button, Outgoing
from contact_center.texts import Texts
from contact_center.tickets.models import TicketKind, reference

CLAIM_BUTTON = "claim:"  # + ticket id


def claim_notice(
    ticket_id: int,
    *,
    kind: TicketKind,
    subject: str,
    chat: str,
    key: str,
    texts: Texts,
    language: str,
) -> Outgoing:
    """Offers a ticket to a team's group; the first who presses the button gets it."""
    text = texts.say(
        language,
        "notice.queued",
        kind=texts.say(language, f"kind.{kind}"),
        reference=reference(ticket_id),
        subject=subject,
    )
    button = Button(texts.say(language, "notice.claim"), f"{CLAIM_BUTTON}{ticket_id}")
    return Outgoing(idempotency_key=key, address=chat, text=text, buttons=[button])


def claimed_ticket(button: str) -> int | None:
    """The ticket that a pressed button asks for."""
    number = button.removeprefix(CLAIM_BUTTON)
    asks = button.startswith(CLAIM_BUTTON) and number.isdecimal() and len(number) < 19
    return int(number) if asks else None
