"""An `Outgoing` to the bytes of a mail.

Header lines are written here and not by `email.policy.default`: it turns long Message-IDs in
References into encoded words, which breaks threads. Every value is cleaned first, so that no line
break from a customer's subject or name can start a header of its own.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime

from contact_center.channels.base import Outgoing
from contact_center.channels.email.addressing import (
    INVENTED,
    domain_of,
    is_message_id,
    message_id,
    reply_address,
)
from contact_center.channels.email.automatic import MARK
from contact_center.channels.email.bodies import CONTENT_TYPE
from contact_center.channels.email.charsets import storable
from contact_center.settings import Email
from contact_center.storage import StoredFile

LONGEST_REFERENCES = 20  # Message-IDs: the first one and the latest
_ADDRESS = re.compile(
    r"[^\s<>()\[\],;:\"@\x00-\x1f\x7f]{1,64}@[^\s<>()\[\],;:\"@\x00-\x1f\x7f]{1,253}"
)
_SEVEN_BIT = SMTP_POLICY.clone(cte_type="7bit")  # whatever the next server can do


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to leave: the envelope, and the bytes inside."""

    sender: str
    recipient: str
    message_id: str
    content: bytes


class BadAddress(Exception):
    """Nothing can be sent to this address."""


def compose(
    message: Outgoing,
    *,
    files: Sequence[tuple[StoredFile, bytes]],
    settings: Email,
    secret: bytes,
    now: datetime,
) -> Letter:
    """Raises BadAddress."""
    if not _ADDRESS.fullmatch(message.address):
        raise BadAddress
    domain = domain_of(settings.address)
    identifier = message.message_id or message_id(
        secret, domain=domain, key=message.idempotency_key
    )
    answers_to = message.reply_to or _signed(message, settings=settings, secret=secret)
    name = message.sender_name
    headers = [
        (
            "From",
            _mailbox(f"{name} ({settings.name})" if name else settings.name, settings.address),
        ),
        ("To", message.address),
        ("Reply-To", answers_to),
        ("Subject", _encoded(message.subject or settings.name)),
        ("Date", format_datetime(now)),
        ("Message-ID", identifier),
        *_threading(message.references, domain=domain, secret=secret),
        *_automatic(message),
        (MARK, domain),
    ]
    content = _header_block(headers) + _body(message, files)
    # A bounce comes to the envelope's sender, and so finds its ticket.
    return Letter(answers_to, message.address, identifier, content)


def _signed(message: Outgoing, *, settings: Email, secret: bytes) -> str:
    ticket_id = message.extra.get("ticket_id")
    if ticket_id is None:
        return settings.address
    return reply_address(secret, address=settings.address, ticket_id=int(ticket_id))


def _threading(references: Iterable[str], *, domain: str, secret: bytes) -> list[tuple[str, str]]:
    """Our own earlier mails are named by their keys, customers' by their Message-IDs."""
    named = (
        reference if "@" in reference else message_id(secret, domain=domain, key=reference)
        for reference in references
    )
    known = [name for name in named if is_message_id(name) and not name.endswith(INVENTED)]
    if not known:
        return []
    kept = known[:1] + known[1:][1 - LONGEST_REFERENCES :]
    return [("In-Reply-To", known[-1]), ("References", "\r\n ".join(kept))]


def _automatic(message: Outgoing) -> list[tuple[str, str]]:
    """A mail that no person has signed was written by a machine, and says so to machines."""
    if not message.extra.get("automatic", message.sender_name is None):
        return []
    kind = "auto-replied" if message.references else "auto-generated"
    return [("Auto-Submitted", kind), ("X-Auto-Response-Suppress", "OOF, AutoReply")]


def _body(message: Outgoing, files: Sequence[tuple[StoredFile, bytes]]) -> bytes:
    body = EmailMessage(policy=_SEVEN_BIT)
    body.set_content(storable(message.text))
    if message.html is not None:
        body.add_alternative(storable(message.html), subtype="html")
    for file, content in files:
        maintype, subtype = _kind(file.content_type)
        body.add_attachment(
            content, maintype=maintype, subtype=subtype, filename=_one_line(file.name)
        )
    return body.as_bytes()


def _kind(content_type: str) -> tuple[str, str]:
    maintype, _, subtype = content_type.partition("/")
    # Mails within mails and parts within parts are more than bytes to the standard library.
    if maintype in ("multipart", "message") or not CONTENT_TYPE.fullmatch(content_type):
        return "application", "octet-stream"
    return maintype, subtype


def _header_block(headers: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("utf-8")


def _mailbox(name: str, address: str) -> str:
    name = _one_line(name)
    if name.isascii():
        name = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return f"{_encoded(name)} <{address}>"


def _encoded(value: str) -> str:
    """RFC 2047 where it must be, in lines short enough for every server."""
    value = _one_line(value)
    charset = "us-ascii" if value.isascii() and "=?" not in value else "utf-8"
    return Header(value, charset, maxlinelen=75, header_name="X" * 16).encode(linesep="\r\n")


def _one_line(value: str) -> str:
    return " ".join(storable(value).split())
