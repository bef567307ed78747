"""Signed tokens: what we hand out and want back unchanged. Readable, but not forgeable."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from contact_center.errors import Unauthenticated

VERSION = "v1"
LONGEST_TOKEN = 4096  # characters


class Seal:
    """Signs for one purpose, so that no token serves where another kind is wanted."""

    def __init__(self, secret: bytes, *, purpose: str) -> None:
        if not secret:
            raise ValueError("secret_key is empty: tokens signed with it could be forged")
        self._secret = secret
        self._purpose = purpose

    def sign(self, facts: Mapping[str, Any]) -> str:
        written = encode(json.dumps(facts, separators=(",", ":"), ensure_ascii=False).encode())
        return f"{VERSION}.{written}.{encode(self._mac(written))}"

    def open(self, token: str, *, now: float) -> dict[str, Any]:
        """Raises Unauthenticated unless we signed it for this purpose and `exp` lies ahead."""
        version, _, rest = token[: LONGEST_TOKEN + 1].partition(".")
        written, _, mac = rest.partition(".")
        if version != VERSION or not hmac.compare_digest(
            mac.encode(), encode(self._mac(written)).encode()
        ):
            raise Unauthenticated(code="chat.token")
        facts = read_facts(written)
        if facts.get("exp", 0) <= now:
            raise Unauthenticated(code="chat.token_expired")
        return facts

    def _mac(self, written: str) -> bytes:
        signed = f"{self._purpose}.{VERSION}.{written}".encode()
        return hmac.digest(self._secret, signed, hashlib.sha256)


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(written: str) -> bytes:
    """Raises ValueError."""
    return base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)


def read_facts(written: str) -> dict[str, Any]:
    """What a token says, whoever wrote it. Raises Unauthenticated where it says nothing."""
    try:
        facts = json.loads(decode(written))
    except ValueError:
        raise Unauthenticated(code="chat.token") from None
    if not isinstance(facts, dict):
        raise Unauthenticated(code="chat.token")
    return facts
