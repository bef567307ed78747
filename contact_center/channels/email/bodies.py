"""From the MIME tree to what was written and what was attached."""

import mimetypes
import re
from collections.abc import Iterator
from contextlib import suppress
from email.message import Message

from contact_center.channels.email.charsets import decode
from contact_center.channels.email.headers import file_name, header
from contact_center.channels.email.mail import MailFile
from contact_center.channels.email.markup import text_of

CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,80}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
_META_CHARSET = re.compile(rb"<meta[^<>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{2,40})", re.I)
_META_WITHIN = 4096  # bytes of an HTML part
_REPORTS = ("message/delivery-status", "message/feedback-report", "text/rfc822-headers")


def body_and_files(message: Message) -> tuple[str, list[MailFile]]:
    """The text parts after one another; everything else is a file."""
    texts: list[str] = []
    files: list[MailFile] = []
    for part in _leaves(message):
        if _is_text(part):
            texts.append(_text(part))
        elif part.get_content_type() not in _REPORTS:
            files.append(_file(part, len(files) + 1))
    written = [text.strip("\n") for text in texts if text.strip()]
    return "\n\n".join(written or _attached_texts(message)), files


def _attached_texts(message: Message) -> list[str]:
    """Of a mail that only carries another one, forwarded as an attachment."""
    found = (part for part in message.walk() if part.get_content_type() == "text/plain")
    return [text for part in found if (text := _text(part).strip("\n")).strip()][:1]


def child_parts(part: Message) -> list[Message]:
    if not part.is_multipart():  # asked for text, the standard library trips over odd charsets
        return []
    return [child for child in part.get_payload() if isinstance(child, Message)]


def content_of(part: Message) -> bytes:
    """Decoded; what cannot be decoded comes as it was sent."""
    with suppress(Exception):  # uuencode and base64 raise on some broken input
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            return content
    with suppress(Exception):
        return str(part.get_payload()).encode("utf-8", "surrogateescape")
    return b""


def _leaves(message: Message) -> Iterator[Message]:
    """The parts to show, in order; of alternatives only one. Not recursive: depth is hostile."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        children = child_parts(part)
        if not children or part.get_content_maintype() == "message":
            yield part
        elif part.get_content_subtype() == "alternative":
            waiting += reversed(_chosen(children))
        else:
            waiting += reversed(children)


def _chosen(alternatives: list[Message]) -> list[Message]:
    """Plain text unless it is blank, and whatever is not a rendering of the text at all."""
    plain = [part for part in alternatives if part.get_content_type() == "text/plain"]
    if any(content_of(part).strip() for part in plain):
        renderings = ("text/", "multipart/related")
        return plain[:1] + [
            part
            for part in alternatives
            if part not in plain and not part.get_content_type().startswith(renderings)
        ]
    return [part for part in alternatives if part not in plain]


def _is_text(part: Message) -> bool:
    if part.get_content_disposition() == "attachment" or part.is_multipart():
        return False
    if part.get_content_maintype() == "multipart":  # it promised parts and has none
        return True
    return part.get_content_type() in ("text/plain", "text/html") and not file_name(part)


def _text(part: Message) -> str:
    content, charset = content_of(part), None
    with suppress(Exception):  # broken RFC 2231 again
        charset = part.get_content_charset()
    if part.get_content_type() != "text/html":
        return decode(content, charset)
    if charset is None and (meta := _META_CHARSET.search(content[:_META_WITHIN])):
        charset = meta[1].decode("ascii")
    return text_of(decode(content, charset))


def _file(part: Message, number: int) -> MailFile:
    declared = part.get_content_type()
    if declared == "message/rfc822" or child_parts(part):
        return _attached_mail(part, number)
    name = file_name(part)
    if not CONTENT_TYPE.fullmatch(declared) or declared == "application/octet-stream":
        declared = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if not name:
        name = f"attachment-{number}{mimetypes.guess_extension(declared) or ''}"
    return MailFile(name, declared, content_of(part))


def _attached_mail(part: Message, number: int) -> MailFile:
    name = file_name(part) or f"attached-mail-{number}.eml"
    if not (children := child_parts(part)):
        return MailFile(name, "message/rfc822", content_of(part))
    attached, content = children[0], b""
    with suppress(Exception):  # the generator refuses some of what the parser accepted
        content = attached.as_bytes()
    return MailFile(name, "message/rfc822", content or header(attached, "Subject").encode())
