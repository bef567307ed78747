"""From a parsed mail to the `Inbound` that every front hands in."""

import re
from collections.abc import Sequence

from contact_center.channels.base import Inbound, Sender
from contact_center.channels.email.addressing import domain_of, key_in, ticket_in
from contact_center.channels.email.attachments import Kept
from contact_center.channels.email.host import Host
from contact_center.channels.email.mail import ParsedMail

NOBODY = "unknown@invalid"  # wrote a mail without any address; answers to it go nowhere
_HAN = re.compile(r"[\u4e00-\u9fff]")
_WORD = re.compile(r"[^\W\d_]+")
_LOOK_AT = 2000  # characters that the language is told from


def to_inbound(mail: ParsedMail, *, recipients: Sequence[str], kept: Kept, host: Host) -> Inbound:
    """`recipients` are the envelope's: they count more than the headers."""
    returned = key_in(host.secret, mail.message_id)
    addressed = (ticket_in(host.secret, to) for to in (*recipients, *mail.recipients))
    references = mail.references if returned is None else [mail.message_id, *mail.references]
    return Inbound(
        channel="email",
        external_id=mail.message_id if returned is None else mail.content_id,
        sender=_sender(mail),
        thread=(references or [mail.message_id])[0],
        text=_text(mail, kept, host),
        subject=mail.subject or None,
        references=[key_in(host.secret, reference) or reference for reference in references],
        ticket_id=next((ticket for ticket in addressed if ticket is not None), None),
        attachments=kept.files,
        facts=_facts(mail),
        automatic=_is_automatic(mail, returned=returned is not None, host=host),
        original=mail.original,
        sent_at=mail.sent_at,
    )


def _sender(mail: ParsedMail) -> Sender:
    """Who is answered: where a mail asks for answers elsewhere, that address has written."""
    box = mail.sender if mail.automatic or mail.reply_to is None else mail.reply_to
    address = box.address or NOBODY
    return Sender(
        address=address,
        name=box.name or mail.sender.name,
        email=None if address == NOBODY else address,
        language=_language(f"{mail.subject} {mail.text}"[:_LOOK_AT]),
    )


def _is_automatic(mail: ParsedMail, *, returned: bool, host: Host) -> bool:
    """Also what we sent ourselves: were it answered, it would go round for ever.

    A form on our site may write in our name, but then asks for answers to the customer.
    """
    address = host.settings.email.address.lower()
    answered = mail.reply_to or mail.sender
    ours = _without_tag(answered.address) == address or mail.mark == domain_of(address)
    return bool(mail.automatic or mail.bounces or returned or ours)


def _without_tag(address: str) -> str:
    local, at, domain = address.partition("@")
    return local.partition("+")[0] + at + domain


def _facts(mail: ParsedMail) -> dict[str, object]:
    if not mail.bounces:
        return {}
    bounces = [
        {"recipient": bounce.recipient, "status": bounce.status, "permanent": bounce.permanent}
        for bounce in mail.bounces
    ]
    return {"bounces": bounces}


def _text(mail: ParsedMail, kept: Kept, host: Host) -> str:
    """With notes for the reader; where only the subject was filled in, that is what was said."""
    notes = [*kept.notes]
    if not mail.whole:
        notes.append(host.texts.say(host.settings.language, "mail.not_readable"))
    written = mail.text or ("" if kept.files else mail.subject)
    return "\n\n".join(part for part in (written, "\n".join(notes)) if part)


def _language(text: str) -> str | None:
    """Chinese is told by its characters; other languages look too much alike to guess."""
    han = len(_HAN.findall(text))
    return "zh" if han > 1 and han > len(_WORD.findall(text)) / 4 else None
