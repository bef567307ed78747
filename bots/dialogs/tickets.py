"""What became of the customer's requests."""

from collections.abc import Sequence

from bots.dialogs import menu
from bots.dialogs.voice import Voice
from contact_center.channels.dialogue import OpenTicket, Say, Step

MOST_SHOWN = 10


def show(voice: Voice, tickets: Sequence[OpenTicket]) -> Step:
    if not tickets:
        return menu.offer_again(voice, voice.say("tickets.none"))
    lines = [_line(voice, ticket) for ticket in tickets[:MOST_SHOWN]]
    return menu.offer_again(voice, Say("\n\n".join([voice.phrase("tickets.intro"), *lines])))


def _line(voice: Voice, ticket: OpenTicket) -> str:
    line = voice.phrase(
        "tickets.line" if ticket.owner else "tickets.line_unowned",
        reference=ticket.reference,
        subject=ticket.subject,
        status=voice.phrase(ticket.stage),
        owner=ticket.owner,
    )
    acting = ticket.acting and voice.phrase("tickets.acting", name=ticket.acting)
    promised = ticket.promised and voice.phrase("tickets.promised", date=ticket.promised)
    return "\n".join(part for part in (line, acting, promised, ticket.link) if part)
