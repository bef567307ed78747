"""What becomes of an inbound message: pure decisions over the rows that a batch has read.

Deciding changes `Talk`s and `Draft`s in memory; afterwards `actions.py` writes them all at once.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contact_center.callbacks.rules import BUTTON, needs_nobody
from contact_center.channels.base import LONGEST_TEXT, Button, Inbound
from contact_center.channels.dialogue import Dialogue, HandOver, Step, Turn
from contact_center.complaints.rules.words import sounds_like_complaint
from contact_center.events.rules import BOT, SYSTEM, customer
from contact_center.intake.models import Decision, Draft, Line, Talk
from contact_center.ledger.models import Outcome
from contact_center.messages.models import Author, Direction
from contact_center.settings import Settings
from contact_center.standing.rules import page_of
from contact_center.texts import Texts
from contact_center.tickets.models import (
    ACTIVE,
    FINISHED,
    WAITING,
    Priority,
    Status,
    TicketKind,
    reference,
)
from contact_center.tickets.rules import subject_from

RECEIPT = "receipt"  # a delivery's kind
LONGEST_ID = 400  # characters
LONGEST_SUBJECT = 998  # characters
LONGEST_NAME = 200  # characters
LONGEST_FACTS = {"email": 320, "phone": 40, "language": 8}  # characters, of a sender
_HALF_PAIR = re.compile(r"[\ud800-\udfff]")
MOST_FILES = 50


def tidy(inbound: Inbound) -> Inbound:
    """Without what no database can keep: NUL characters and halves of surrogate pairs.

    What is too long to be a telephone number (an address, a language) is none.
    """
    sender = inbound.sender
    unfit: dict[str, Any] = {
        name: None
        for name, longest in LONGEST_FACTS.items()
        if (fact := getattr(sender, name)) and not (len(fact) <= longest and _is_storable(fact))
    }
    said = (inbound.text, inbound.subject or "", inbound.original or "", sender.name)
    named = (inbound.external_id, inbound.thread, sender.address, *inbound.tags)
    fits = (
        not unfit
        and len(said[1]) <= LONGEST_SUBJECT
        and len(sender.name) <= LONGEST_NAME
        and len(inbound.external_id) <= LONGEST_ID
    )
    if fits and all(_is_storable(text) for text in (*said, *named)):
        return inbound
    return replace(
        inbound,
        external_id=_key(inbound.external_id),
        thread=_storable(inbound.thread),
        text=_storable(inbound.text),
        subject=_storable(said[1])[:LONGEST_SUBJECT] or None,
        original=_storable(said[2]) or None,
        tags=[_storable(tag) for tag in inbound.tags],
        sender=replace(
            sender,
            address=_storable(sender.address),
            name=_storable(sender.name)[:LONGEST_NAME],
            **unfit,
        ),
    )


def problem_with(inbound: Inbound) -> str | None:
    """Why a message cannot be part of a ticket, or None."""
    if len(inbound.text) > LONGEST_TEXT:
        return f"the text has {len(inbound.text)} characters; at most {LONGEST_TEXT} are accepted"
    if not inbound.text.strip() and not inbound.attachments and not inbound.button:
        return "the message is empty"
    if len(inbound.attachments) > MOST_FILES:
        return f"the message has {len(inbound.attachments)} files; at most {MOST_FILES} are kept"
    if (
        not inbound.sender.address.strip()
        or len(inbound.sender.address) > 320
        or len(inbound.sender.name) > 200
    ):
        return "the sender's address is missing, or it or the name is too long"
    if not inbound.thread or len(inbound.thread) > LONGEST_ID:
        return "the conversation's key is missing or too long"
    return None


def decide(
    inbound: Inbound,
    talk: Talk,
    *,
    sender_id: int,
    dialogue: Dialogue,
    now: datetime,
    reopen_window: timedelta,
) -> Decision:
    """Add the message to the ticket its conversation is about, or to a new one."""
    ticket = talk.ticket
    if inbound.sender.language and not talk.dialogue:
        talk.language = inbound.sender.language
    stranger_id = sender_id if sender_id != talk.customer_id else None
    line = Line(
        talk,
        text=inbound.text,
        direction=Direction.IN,
        author=Author.CUSTOMER,
        author_id=sender_id,
        sender=None if stranger_id is None else inbound.sender.address,
        external_id=inbound.external_id,
        original=inbound.original,
        files=inbound.attachments,
    )
    is_last_word = stranger_id is None and _is_last_word(
        inbound, ticket, now=now, window=reopen_window
    )
    opened = not is_last_word and (
        ticket is None or _is_over(ticket, now=now, window=reopen_window)
    )
    if opened:
        ticket = talk.ticket = _open(inbound, talk, before=ticket)
    assert ticket is not None
    if ticket not in talk.drafts:
        talk.drafts.append(ticket)
    ticket.lines.append(line)
    ticket.say("message.received", customer(sender_id), automatic=inbound.automatic)
    outcome = Outcome.TICKETED if opened else Outcome.JOINED
    if inbound.automatic and not opened:
        return Decision(outcome, ticket, line)  # nobody is waiting for an answer to it
    after_resolution = ticket.status is Status.RESOLVED or is_last_word
    if not after_resolution:
        _take_in(inbound, talk, ticket, dialogue=dialogue, now=now)
        ticket.channel, ticket.language = talk.channel, talk.language
    return Decision(outcome, ticket, line, after_resolution, stranger_id)


def _is_last_word(
    inbound: Inbound, ticket: Draft | None, *, now: datetime, window: timedelta
) -> bool:
    """An answer to "Is it solved?" that comes late, or thanks: neither asks for anything more."""
    if ticket is None or inbound.automatic:
        return False
    if ticket.status in ACTIVE:
        return (inbound.button or "").startswith(BUTTON)
    if ticket.status not in (Status.RESOLVED, Status.CLOSED) or inbound.attachments:
        return False
    is_recent = ticket.resolved_at is not None and now - ticket.resolved_at <= window
    return is_recent and needs_nobody(inbound.text, button=inbound.button)


def _is_over(ticket: Draft, *, now: datetime, window: timedelta) -> bool:
    if ticket.status in FINISHED:
        return True
    resolved_at = ticket.resolved_at
    return (
        ticket.status is Status.RESOLVED
        and resolved_at is not None
        and (now - resolved_at > window)
    )


def _open(inbound: Inbound, talk: Talk, *, before: Draft | None) -> Draft:
    """A new ticket; after a closed one it follows that, and its owner is the one to ask."""
    follows = before if before is not None and before.status is not Status.CANCELLED else None
    talk.dialogue = {}
    draft = Draft(
        id=0,
        status=Status.BOT if inbound.dialogue and follows is None else Status.QUEUED,
        customer_id=talk.customer_id,
        kind=_kind(inbound),
        priority=Priority(inbound.priority) if inbound.priority else Priority.NORMAL,
        subject=inbound.subject or subject_from(inbound.text) or "—",
        category=inbound.category,
        tags=list(inbound.tags),
        facts=dict(inbound.facts),
        team=inbound.team,
        follows_id=follows.id if follows else None,
        suggested_owner_id=follows.owner_id if follows else None,
        public_token=secrets.token_urlsafe(24),
        is_new=True,
    )
    draft.was_queued = draft.status is Status.QUEUED
    draft.say("ticket.opened", customer(talk.customer_id), follows=draft.follows_id)
    return draft


def _kind(inbound: Inbound) -> TicketKind:
    """What the source says; else whatever sounds like a complaint is one. A bot asks itself."""
    if inbound.kind:
        return TicketKind(inbound.kind)
    if inbound.dialogue or inbound.automatic:
        return TicketKind.INQUIRY
    said = f"{inbound.subject or ''}\n{inbound.text}"
    return TicketKind.COMPLAINT if sounds_like_complaint(said) else TicketKind.INQUIRY


def _take_in(
    inbound: Inbound, talk: Talk, ticket: Draft, *, dialogue: Dialogue, now: datetime
) -> None:
    if ticket.status is Status.BOT:
        turn = Turn(
            text=inbound.text,
            button=inbound.button,
            language=talk.language,
            has_attachments=bool(inbound.attachments),
            tickets=talk.tickets,
        )
        _follow(dialogue(talk.dialogue, turn), talk, ticket)
    elif ticket.status in WAITING:
        ticket.say("ticket.resumed", customer(talk.customer_id), was=ticket.status.value)
        ticket.status, ticket.has_moved, ticket.was_waiting = Status.OPEN, True, True
    if ticket.status is not Status.BOT:
        if ticket.waiting_since is None and ticket.first_response_at is not None:
            ticket.asks_again = ticket.lines[-1]
        ticket.waiting_since = ticket.waiting_since or now


def _follow(step: Step, talk: Talk, ticket: Draft) -> None:
    """Do what the dialogue says."""
    talk.dialogue = dict(step.state)
    talk.language = step.language or talk.language
    for say in step.say:
        ticket.lines.append(our_line(talk, say.text, author=Author.BOT, buttons=say.buttons))
        ticket.say("message.sent", BOT)
    if step.hand_over is not None:
        _hand_over(step.hand_over, ticket)


def _hand_over(hand_over: HandOver, ticket: Draft) -> None:
    ticket.status, ticket.was_queued, ticket.has_moved = Status.QUEUED, True, True
    ticket.kind = TicketKind(hand_over.kind)
    ticket.subject = hand_over.subject or ticket.subject
    ticket.facts |= hand_over.facts
    ticket.say("ticket.queued", BOT, ticket_kind=ticket.kind.value)


def wants_receipt(inbound: Inbound, draft: Draft) -> bool:
    """Mail shows no sign of having arrived, so we say so; never to a machine."""
    return draft.is_new and inbound.channel == "email" and not inbound.automatic


def announce_receipt(talk: Talk, draft: Draft) -> None:
    """What it says is known once the ticket has its number: `receipt`."""
    draft.lines.append(our_line(talk, "", author=Author.SYSTEM, kind=RECEIPT))
    draft.say("message.sent", SYSTEM)


def receipt(talk: Talk, draft: Draft, *, settings: Settings, texts: Texts, now: datetime) -> str:
    """Says under which number the request is kept, and when it will be answered."""
    due = draft.answer_due_at or now
    return texts.say(
        talk.language,
        "receipt.mail",
        company=settings.company,
        reference=reference(draft.id),
        link=page_of(settings.server.public_url, draft.public_token),
        due=f"{due.astimezone(ZoneInfo(settings.time_zone)):%Y-%m-%d %H:%M %Z}",
    ).strip()


def our_line(
    talk: Talk, text: str, *, author: Author, buttons: Sequence[Button] = (), kind: str = "reply"
) -> Line:
    return Line(
        talk,
        text=text,
        direction=Direction.OUT,
        author=author,
        author_id=None,
        external_id=f"{kind}-{secrets.token_hex(12)}",
        buttons=buttons,
        kind=kind,
    )


def unreached(inbound: Inbound) -> list[str]:
    """Addresses that a returned mail did not reach for good; what is only late is none."""
    bounces = inbound.facts.get("bounces")
    if not inbound.automatic or inbound.channel != "email" or not isinstance(bounces, list):
        return []
    return [bounce["recipient"] for bounce in bounces if bounce["permanent"]]


def _key(external_id: str) -> str:
    """As it came, or its digest where it cannot be a key."""
    if len(external_id) <= LONGEST_ID and _is_storable(external_id):
        return external_id
    return "sha256:" + hashlib.sha256(external_id.encode("utf-8", "surrogatepass")).hexdigest()


def _is_storable(text: str) -> bool:
    return "\x00" not in text and (text.isascii() or not _HALF_PAIR.search(text))


def _storable(text: str) -> str:
    return (
        text.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
