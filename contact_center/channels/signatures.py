"""Signatures of webhooks, ours and those of the systems that call us. Pure: `at` is an argument.

Ours are Standard Webhooks (https://www.standardwebhooks.com).
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

TOLERANCE = timedelta(minutes=5)  # how far a signed time may lie from ours, either way


def standard_headers(
    *, message_id: str, body: str, secrets: Sequence[str], at: datetime
) -> dict[str, str]:
    """One signature for each secret: while one is being rotated the receiver may hold either."""
    at = at.astimezone(UTC)
    signatures = [Webhook(secret).sign(message_id, at, body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def is_standard(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], at: datetime
) -> bool:
    # The library's own `verify` asks the clock, and fails with other errors than it promises.
    message_id = headers.get("webhook-id", "")
    moment = _moment(headers.get("webhook-timestamp", ""))
    if not message_id or moment is None or not _is_recent(moment, at):
        return False
    signatures = headers.get("webhook-signature", "").split(" ")
    given = [part.removeprefix("v1,") for part in signatures if part.startswith("v1,")]
    try:
        text = body.decode()
        wanted = [Webhook(secret).sign(message_id, moment, text)[3:] for secret in secrets]
    except UnicodeError:
        return False
    return _any_equal(given, wanted)


def is_github(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str]) -> bool:
    """`X-Hub-Signature-256: sha256=<hex>` over the body."""
    given = headers.get("X-Hub-Signature-256", "").removeprefix("sha256=")
    return _any_equal([given], [_hex(secret, body) for secret in secrets])


def is_shopify(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str]) -> bool:
    """`X-Shopify-Hmac-Sha256: <base64>` over the body."""
    wanted = [base64.b64encode(_digest(secret, body)).decode() for secret in secrets]
    return _any_equal([headers.get("X-Shopify-Hmac-Sha256", "")], wanted)


def is_stripe(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], at: datetime
) -> bool:
    """`Stripe-Signature: t=<seconds>,v1=<hex>[,v1=…]` over `<seconds>.<body>`."""
    pairs = [part.partition("=")[::2] for part in headers.get("Stripe-Signature", "").split(",")]
    signed_at = next((value for name, value in pairs if name.strip() == "t"), "")
    moment = _moment(signed_at)
    if moment is None or not _is_recent(moment, at):
        return False
    signed = signed_at.encode() + b"." + body
    given = [value for name, value in pairs if name.strip() == "v1"]
    return _any_equal(given, [_hex(secret, signed) for secret in secrets])


def is_slack(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], at: datetime
) -> bool:
    """`X-Slack-Signature: v0=<hex>` over `v0:<seconds>:<body>`."""
    signed_at = headers.get("X-Slack-Request-Timestamp", "")
    moment = _moment(signed_at)
    if moment is None or not _is_recent(moment, at):
        return False
    signed = b"v0:" + signed_at.encode() + b":" + body
    wanted = ["v0=" + _hex(secret, signed) for secret in secrets]
    return _any_equal([headers.get("X-Slack-Signature", "")], wanted)


def is_token(headers: Mapping[str, str], *, header: str, secrets: Sequence[str]) -> bool:
    """The secret itself in a header, with or without `Bearer` before it."""
    given = headers.get(header, "").removeprefix("Bearer ")
    return _any_equal([given], secrets)


def _moment(seconds: str) -> datetime | None:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 11):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)


def _is_recent(moment: datetime, at: datetime) -> bool:
    return abs(at - moment) <= TOLERANCE


def _digest(secret: str, signed: bytes) -> bytes:
    return hmac.digest(secret.encode(), signed, hashlib.sha256)


def _hex(secret: str, signed: bytes) -> str:
    return _digest(secret, signed).hex()


def _any_equal(given: Sequence[str], wanted: Sequence[str]) -> bool:
    """Compares every pair, so that time tells nothing about which one was nearly right."""
    results = [
        hmac.compare_digest(one.encode(errors="surrogateescape"), other.encode())
        for one in given
        for other in wanted
    ]
    return any(results)
