"""A mail taken apart: plain values, safe to store, whatever the bytes were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Mailbox:
    address: str  # lower case; empty where the header named none
    name: str = ""


@dataclass(frozen=True, slots=True)
class MailFile:
    """An attachment; `name` and `content_type` are what the sender claims."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Bounce:
    """A recipient that a mail of ours did not reach, or not yet."""

    recipient: str
    status: str  # "5.1.1", or empty
    permanent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMail:
    message_id: str  # with its angle brackets; made from the content where there was none
    content_id: str  # the same for the same content, whatever Message-ID it carries
    sender: Mailbox
    reply_to: Mailbox | None
    recipients: Sequence[str]  # To, Cc, and where forwarders noted it: the original recipient
    subject: str
    sent_at: datetime | None  # by the sender's clock
    text: str  # what was written this time
    original: str | None  # with quotes and signature, where they were cut
    files: Sequence[MailFile]
    references: Sequence[str]  # Message-IDs, oldest first; the last one is answered
    automatic: str | None  # why nobody wrote this, where nobody did
    bounces: Sequence[Bounce]
    mark: str | None  # of the contact centre that sent it
    whole: bool = True  # false: it could not be taken apart, see parsing.take_as_it_is
