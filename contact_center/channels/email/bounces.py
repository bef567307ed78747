"""Which recipient a returned mail did not reach, from RFC 3464 and from what servers write."""

import re
from email.message import Message

from contact_center.channels.email.automatic import is_mail_server
from contact_center.channels.email.bodies import child_parts
from contact_center.channels.email.headers import (
    LONGEST_HEADER,
    header,
    message_ids,
    raw_headers,
)
from contact_center.channels.email.mail import Bounce, Mailbox

_SUBJECT = re.compile(
    r"undeliver|delivery (?:status|report|fail|problem)|delivery has failed|mail delivery|mail fail"
    r"|returned (?:mail|message|to sender)|failure notice|not delivered|could not be delivered"
    r"|fail(?:ed|ure) delivery|returning to sender|delayed|error sending your mail"
    r"|unzustellbar|non remis|no se puede entregar|退信|无法投递|系统退信",
    re.IGNORECASE,
)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.-])([45]\d\d)[ -](?=\S)")
_ADDRESS = re.compile(r"[\w.+=&'/~-]{1,64}@[\w.-]{1,253}")
_ID_LINE = re.compile(r"^Message-ID:\s*(<[^<>\s]{3,900}>)", re.IGNORECASE | re.MULTILINE)
_STATUS_PARTS = ("message/delivery-status", "message/global-delivery-status")
_LOOK_AT = 20_000  # characters of a report's text


def bounces_in(message: Message, *, sender: Mailbox, text: str) -> list[Bounce]:
    if reported := _from_status_parts(message):
        return reported
    failed = _ADDRESS.findall(header(message, "X-Failed-Recipients"))
    if not failed and not (is_mail_server(sender) and _SUBJECT.search(header(message, "Subject"))):
        return []
    status, permanent = _status_in(text[:_LOOK_AT])
    named = failed or _ADDRESS.findall(text[:_LOOK_AT])[:1] or [""]
    return [Bounce(address.lower(), status, permanent) for address in named]


def returned_ids(message: Message) -> list[str]:
    """Message-IDs of the mail that came back, of which reports carry all or the head."""
    found: list[str] = []
    for part in message.walk():
        if part is message:
            continue
        if part.get_content_type() == "text/rfc822-headers":
            found += _ID_LINE.findall(str(part.get_payload())[:_LOOK_AT])
        elif part.get_content_type() == "message/rfc822":
            for child in child_parts(part):
                found += message_ids(raw_headers(child, "Message-ID"))
    return found[:1]


def _from_status_parts(message: Message) -> list[Bounce]:
    reports = (part for part in message.walk() if part.get_content_type() in _STATUS_PARTS)
    blocks = (block for report in reports for block in child_parts(report))
    return [bounce for block in blocks if (bounce := _bounce(block))]


def _bounce(block: Message) -> Bounce | None:
    action = header(block, "Action").lower().split(" ")[0]
    recipient = header(block, "Final-Recipient") or header(block, "Original-Recipient")
    if not recipient or action in ("delivered", "relayed", "expanded"):
        return None
    address = _ADDRESS.search(recipient[:LONGEST_HEADER])
    match = _STATUS.search(header(block, "Status"))
    status = match[1] if match else _status_in(header(block, "Diagnostic-Code"))[0]
    permanent = action == "failed" and not status.startswith("4")
    return Bounce(address[0].lower() if address else "", status, permanent)


def _status_in(text: str) -> tuple[str, bool]:
    if match := _STATUS.search(text):
        return match[1], match[1].startswith("5")
    match = _REPLY.search(text)
    return "", match is None or match[1].startswith("5")
