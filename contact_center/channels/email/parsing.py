"""Raw bytes to a `ParsedMail`. Never raises, whatever the bytes; call it in a thread."""

import hashlib
import logging
import time
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

from contact_center.channels.email.addressing import INVENTED, is_message_id
from contact_center.channels.email.automatic import MARK, why_automatic
from contact_center.channels.email.bodies import body_and_files
from contact_center.channels.email.bounces import bounces_in, returned_ids
from contact_center.channels.email.charsets import decode
from contact_center.channels.email.headers import (
    LONGEST_LINE,
    addresses,
    display_name,
    header,
    message_ids,
    raw_headers,
    sent_date,
)
from contact_center.channels.email.mail import Mailbox, MailFile, ParsedMail
from contact_center.channels.email.replies import written_now
from contact_center.channels.email.structure import Budget, TooComplex, mime_tree

logger = logging.getLogger(__name__)

LONGEST_PARSE = 10.0  # seconds
_HEAD = 128 * 1024  # bytes that are searched for headers where the rest makes no sense


def parse_mail(
    raw: bytes, *, envelope_from: str | None = None, seconds: float = LONGEST_PARSE
) -> ParsedMail:
    """`envelope_from` is what MAIL FROM said, "" for the empty one; None where nobody asked."""
    raw = _without_mbox_line(raw)
    try:
        tree = mime_tree(raw, Budget(time.monotonic() + seconds))
        return _take_apart(raw, tree, envelope_from)
    except TooComplex:
        logger.warning("a mail is too complex to take apart", extra={"bytes": len(raw)})
    except Exception:  # any mail must reach a person, also one that breaks the parser
        logger.exception("a mail cannot be taken apart", extra={"bytes": len(raw)})
    return take_as_it_is(raw, envelope_from)


def take_as_it_is(raw: bytes, envelope_from: str | None = None) -> ParsedMail:
    """The readable part as text, and the whole mail as a file for people to open."""
    head = BytesHeaderParser(policy=compat32).parsebytes(_head(raw))
    body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    file = MailFile("mail.eml", "message/rfc822", raw)
    return _mail(raw, head, envelope_from, decode(body[:_HEAD], None), [file], whole=False)


def _take_apart(raw: bytes, tree: Message, envelope_from: str | None) -> ParsedMail:
    text, files = body_and_files(tree)
    return _mail(raw, tree, envelope_from, text, files, whole=True)


def _mail(
    raw: bytes,
    message: Message,
    envelope_from: str | None,
    text: str,
    files: list[MailFile],
    *,
    whole: bool,
) -> ParsedMail:
    content_id = f"<{_content_hash(raw)}{INVENTED}"
    sender = _sender(message, envelope_from)
    original = text.strip()
    written = written_now(text, sender=sender.name or sender.address) if whole else original
    bounces = bounces_in(message, sender=sender, text=original)
    reply_to = addresses(raw_headers(message, "Reply-To"))
    return ParsedMail(
        message_id=_message_id(message) or content_id,
        content_id=content_id,
        sender=sender,
        reply_to=reply_to[0] if len(reply_to) == 1 else None,
        recipients=_recipients(message),
        subject=header(message, "Subject")[:LONGEST_LINE],
        sent_at=sent_date(header(message, "Date")),
        text=written,
        original=original if " ".join(original.split()) != " ".join(written.split()) else None,
        files=files,
        references=_references(message) + (returned_ids(message) if bounces else []),
        automatic=why_automatic(message, sender=sender, envelope_from=envelope_from),
        bounces=bounces,
        mark=header(message, MARK) or None,
        whole=whole,
    )


def _sender(message: Message, envelope_from: str | None) -> Mailbox:
    for name in ("From", "Sender", "Reply-To", "Return-Path"):
        if found := addresses(raw_headers(message, name)):
            return found[0]
    if found := addresses([envelope_from or ""]):
        return found[0]
    return Mailbox("", next((display_name(raw) for raw in raw_headers(message, "From")), ""))


def _recipients(message: Message) -> list[str]:
    names = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
    found = (raw for name in names for raw in raw_headers(message, name))
    return list(dict.fromkeys(box.address for box in addresses(found)))


def _references(message: Message) -> list[str]:
    """Oldest first. The mail that is answered counts as the newest, where both headers name it."""
    answered = message_ids(raw_headers(message, "In-Reply-To"))[:1]
    earlier = message_ids(raw_headers(message, "References"))
    return [reference for reference in earlier if reference not in answered] + answered


def _message_id(message: Message) -> str | None:
    given = message_ids(raw_headers(message, "Message-ID"))
    return given[0] if given and is_message_id(given[0]) else None


def _content_hash(raw: bytes) -> str:
    """Of what the sender wrote: servers on the way add lines above it."""
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    names = (b"from:", b"to:", b"date:", b"subject:")
    kept = [line for line in head[:_HEAD].split(b"\n") if line.lower().startswith(names)]
    return hashlib.sha256(b"\n".join(kept) + b"\n\n" + body).hexdigest()[:40]


def _head(raw: bytes) -> bytes:
    return raw[:_HEAD].replace(b"\r\n", b"\n").partition(b"\n\n")[0] + b"\n\n"


def _without_mbox_line(raw: bytes) -> bytes:
    """Blank lines and a "From " line above the headers are left over from files of mails."""
    raw = raw.lstrip(b"\r\n \t") if not raw[:1].strip() else raw
    return raw.partition(b"\n")[2] if raw.startswith((b"From ", b">From ")) else raw
