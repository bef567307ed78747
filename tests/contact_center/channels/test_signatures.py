"""Signatures: the published cases, other systems' formats, rotation."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict
from standardwebhooks import Webhook

from contact_center.channels import signatures

CASES = [
    json.loads(line)
    for line in (Path("tests") / "data" / "webhook.jsonl").read_text("utf-8").splitlines()
]
SIGNED_AT = datetime.fromtimestamp(1795279788, UTC)  # when the cases' `dt` was 0
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
BODY = '{"text":"退款"}'.encode()
OLD, NEW = "whsec_" + base64.b64encode(b"o" * 24).decode(), "whsec_" + "bmV3" * 8


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_published_case(case: dict[str, Any]) -> None:
    headers = CIMultiDict(case["headers"])
    body, secrets = case["body"].encode(), [case["secret"]]
    assert signatures.is_standard(headers, body, secrets=secrets, at=SIGNED_AT) is case["want"]


def test_what_we_sign_is_accepted_by_the_library() -> None:
    now = datetime.now(UTC)
    headers = signatures.standard_headers(
        message_id="webhook:1:2", body=BODY.decode(), secrets=[NEW], at=now
    )
    assert Webhook(NEW).verify(BODY, headers) == {"text": "退款"}


def test_the_moment_of_signing_may_be_in_any_time_zone() -> None:
    from zoneinfo import ZoneInfo

    there = NOW.astimezone(ZoneInfo("Asia/Shanghai"))
    headers = signatures.standard_headers(message_id="m", body="{}", secrets=[NEW], at=there)
    assert signatures.is_standard(headers, b"{}", secrets=[NEW], at=NOW)


def test_while_rotating_a_receiver_may_hold_either_secret() -> None:
    headers = signatures.standard_headers(message_id="m", body="{}", secrets=[NEW, OLD], at=NOW)
    for held in (OLD, NEW):
        assert signatures.is_standard(headers, b"{}", secrets=[held], at=NOW)
    headers = signatures.standard_headers(message_id="m", body="{}", secrets=[NEW], at=NOW)
    assert signatures.is_standard(headers, b"{}", secrets=[NEW, OLD], at=NOW)
    assert not signatures.is_standard(headers, b"{}", secrets=[OLD], at=NOW)


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-id": "\udcff"},
        {"webhook-timestamp": "１７９５"},
        {"webhook-timestamp": "9" * 30},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "nan"},
        {"webhook-signature": "v1,\udcff v1,=== v1"},
        {"webhook-signature": "," * 500},
    ],
)
def test_nonsense_in_headers_is_refused_not_an_error(headers: dict[str, str]) -> None:
    good = signatures.standard_headers(message_id="m", body="{}", secrets=[NEW], at=NOW)
    assert not signatures.is_standard(good | headers, b"{}", secrets=[NEW], at=NOW)


def test_a_body_that_is_not_utf8_is_refused() -> None:
    good = signatures.standard_headers(message_id="m", body="\ufffd", secrets=[NEW], at=NOW)
    assert signatures.is_standard(good, "\ufffd".encode(), secrets=[NEW], at=NOW)
    assert not signatures.is_standard(good, b"\xff", secrets=[NEW], at=NOW)


def _hex(signed: bytes) -> str:
    return hmac.new(b"hush", signed, hashlib.sha256).hexdigest()


def test_github() -> None:
    # The example of GitHub's documentation.
    secret, body = "It's a Secret to Everybody", b"Hello, World!"
    name = "X-Hub-Signature-256"
    right = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signatures.is_github({name: right}, body, secrets=["other", secret])
    assert not signatures.is_github({name: right}, body + b" ", secrets=[secret])
    assert not signatures.is_github({name: "sha256="}, body, secrets=[secret])
    assert not signatures.is_github({}, body, secrets=[secret])


def test_shopify() -> None:
    signed = base64.b64encode(hmac.digest(b"hush", BODY, "sha256")).decode()
    headers = {"X-Shopify-Hmac-Sha256": signed}
    assert signatures.is_shopify(headers, BODY, secrets=["hush"])
    assert not signatures.is_shopify(headers, BODY, secrets=["loud"])


@pytest.mark.parametrize("late", [timedelta(minutes=4), timedelta(minutes=-4)])
def test_stripe(late: timedelta) -> None:
    signed = _hex(STAMP.encode() + b"." + BODY)
    headers = {"Stripe-Signature": f"t={STAMP},v0=abc,v1=ffff,v1={signed}"}
    assert signatures.is_stripe(headers, BODY, secrets=["hush"], at=NOW + late)
    assert not signatures.is_stripe(headers, BODY, secrets=["hush"], at=NOW + 2 * late)
    assert not signatures.is_stripe(headers, BODY, secrets=["loud"], at=NOW)
    assert not signatures.is_stripe({}, BODY, secrets=["hush"], at=NOW)


def test_slack() -> None:
    # The example of Slack's documentation.
    secret = "8f742231b10e8888abcd99yyyzzz85a5"
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
        b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015"
        b".47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    at = datetime.fromtimestamp(1531420618, UTC)
    assert signatures.is_slack(headers, body, secrets=[secret], at=at)
    assert not signatures.is_slack(headers, body, secrets=[secret], at=NOW)
    assert not signatures.is_slack(headers, body + b"x", secrets=[secret], at=at)


def test_token() -> None:
    assert signatures.is_token({"X-Token": "hush"}, header="X-Token", secrets=["a", "hush"])
    assert signatures.is_token(
        {"Authorization": "Bearer hush"}, header="Authorization", secrets=["hush"]
    )
    assert not signatures.is_token({"X-Token": "hus"}, header="X-Token", secrets=["hush"])
    assert not signatures.is_token({}, header="X-Token", secrets=["hush"])
