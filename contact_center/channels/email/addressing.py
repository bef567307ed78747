"""Addresses and Message-IDs that prove they are ours, so that answers find their ticket."""

import base64
import hashlib
import hmac
import re
from urllib.parse import quote, unquote

SIGNATURE = 16  # characters of base32: 80 bits
INVENTED = "@content.invalid>"  # ends a Message-ID that we gave to a mail without one
_TAG = re.compile(r"(t\d{6,12})\.([a-z2-7]{16})", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,200}@[!-;=?-~]{1,200}>")


def reply_address(secret: bytes, *, address: str, ticket_id: int) -> str:
    """`support+t000123.<signature>@…`: answers sent here belong to ticket T-000123."""
    local, _, domain = address.rpartition("@")
    tag = f"t{ticket_id:06d}"
    return f"{local}+{tag}.{_sign(secret, 'reply', tag)}@{domain}"


def ticket_in(secret: bytes, address: str) -> int | None:
    """The ticket that a signed reply address names; None where it is not ours or was changed."""
    match = _TAG.fullmatch(address.rpartition("@")[0].rpartition("+")[2])
    if match is None:
        return None
    tag = match[1].lower()  # servers may change the case of addresses
    return int(tag[1:]) if _matches(secret, "reply", tag, match[2].lower()) else None


def message_id(secret: bytes, *, domain: str, key: str) -> str:
    """The Message-ID of a delivery: the same at every attempt, and recognised when it returns."""
    return f"<{quote(key, safe='')}.{_sign(secret, 'message', key)}@{domain}>"


def key_in(secret: bytes, identifier: str) -> str | None:
    """The idempotency key of the delivery that carried this Message-ID; None for others'."""
    quoted, _, signature = identifier.strip("<>").rpartition("@")[0].rpartition(".")
    key = unquote(quoted)
    return key if key and _matches(secret, "message", key, signature) else None


def is_message_id(value: str) -> bool:
    """Something that can be sent, stored and compared as it is."""
    return bool(_MESSAGE_ID.fullmatch(value))


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].strip(".").lower()


def _sign(secret: bytes, purpose: str, value: str) -> str:
    digest = hmac.digest(secret, f"mail-{purpose}:{value}".encode(), hashlib.sha256)
    return base64.b32encode(digest)[:SIGNATURE].decode().lower()


def _matches(secret: bytes, purpose: str, value: str, signature: str) -> bool:
    expected = _sign(secret, purpose, value)
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
