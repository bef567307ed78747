"""Header values as they really come: encoded twice, half or not at all. Never raises.

The parsers of `email.policy.default` are not used: on hostile headers they raise, recurse, or take
time that grows with the square of the length.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime, unquote

from contact_center.channels.email.charsets import decode, storable
from contact_center.channels.email.mail import Mailbox

LONGEST_HEADER = 64 * 1024  # characters
LONGEST_LINE = 998  # characters of a subject; what a mail header may have
LONGEST_ID = 250  # characters; longer ones are no Message-IDs
_MOST_ADDRESSES = 200
_MOST_REFERENCES = 100

_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(?<=\?=)\s+(?==\?)")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'@]{1,64}@[^\s<>()\[\],;:\"'@]{1,253}")
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,248}>")


def header(message: Message, name: str) -> str:
    """The first header of that name, decoded and on one line; empty where there is none."""
    return next(headers(message, name), "")


def headers(message: Message, name: str) -> Iterator[str]:
    return (decode_words(raw) for raw in raw_headers(message, name))


def raw_headers(message: Message, name: str) -> Iterator[str]:
    """As sent, unfolded; bytes beyond ASCII are surrogates."""
    wanted = name.lower()
    for key, value in message.raw_items():
        if key.lower() == wanted:
            yield re.sub(r"[\r\n]+[ \t]*", " ", str(value)).strip()


def decode_words(raw: str) -> str:
    """RFC 2047, also where a character was cut in two by the end of a word."""
    text, end, pending, charset = [], 0, b"", ""
    raw = _BETWEEN_WORDS.sub("", raw)
    for word in _WORD.finditer(raw):
        if word.start() > end or word[1].lower() != charset:
            text.append(decode(pending, charset) if pending else "")
            text.append(_plain(raw[end : word.start()]))
            pending, charset = b"", word[1].lower()
        pending += _word_bytes(word[2], word[3])
        end = word.end()
    text.append(decode(pending, charset) if pending else "")
    text.append(_plain(raw[end:]))
    return " ".join("".join(text).split())


def addresses(raw_values: Iterable[str]) -> list[Mailbox]:
    """Everyone named in the headers; those without a usable address are left out."""
    return [box for raw in raw_values for box in _named_in(raw)][:_MOST_ADDRESSES]


def display_name(raw: str) -> str:
    """What stands before an address that is missing: "Mail Delivery System <>"."""
    return decode_words(raw.partition("<")[0][:1000]).strip("'\" ")[:200]


def message_ids(raw_values: Iterable[str]) -> list[str]:
    """Each once, in order."""
    found = dict.fromkeys(
        match for raw in raw_values for match in _MESSAGE_ID.findall(storable(raw))
    )
    return list(found)[:1] + list(found)[1:][1 - _MOST_REFERENCES :]


def sent_date(raw: str) -> datetime | None:
    with suppress(Exception):  # it is documented to raise ValueError, and raises others too
        date = parsedate_to_datetime(raw[:200])
        aware = date.replace(tzinfo=UTC) if date.tzinfo is None else date
        return aware.astimezone(UTC)
    return None


def file_name(part: Message) -> str:
    """What the sender calls an attachment, in whichever of four ways it was written."""
    name = None
    with suppress(Exception):  # broken RFC 2231 makes the standard library stumble
        name = part.get_filename()
    return decode_words(unquote(name)) if name else ""


def _named_in(raw: str) -> list[Mailbox]:
    boxes = [box for name, address in _split(raw) if (box := _mailbox(name, address))]
    # Some senders encode name and address as one word, or forget the angle brackets.
    return boxes or [Mailbox(found.lower()) for found in _ADDRESS.findall(decode_words(raw[:5000]))]


def _split(raw: str) -> list[tuple[str, str]]:
    try:
        return getaddresses([raw[:LONGEST_HEADER]])[:_MOST_ADDRESSES]
    except Exception:  # noqa: BLE001  nested comments exhaust its recursion
        return [("", address) for address in _ADDRESS.findall(raw[:LONGEST_HEADER])]


def _mailbox(name: str, address: str) -> Mailbox | None:
    address = decode_words(address).strip("<>'\" ").lower()
    if address.count("@") != 1 or " " in address or not 3 <= len(address) <= 320:
        return None
    return Mailbox(address, decode_words(name).strip("'\" ")[:200])


def _word_bytes(encoding: str, content: str) -> bytes:
    raw = content.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return quopri.decodestring(raw.replace(b" ", b"_"), header=True)
    raw = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:  # one stray character at the end
        return base64.b64decode(raw[: len(raw) // 4 * 4])


def _plain(raw: str) -> str:
    """Text between encoded words: ASCII, or bytes that nobody labelled."""
    if raw.isascii():
        return storable(raw)
    return decode(raw.encode("utf-8", "surrogateescape"), None)
