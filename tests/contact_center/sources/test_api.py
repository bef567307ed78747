"""Other systems call us: who is believed, what is answered, what nobody may do."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from contact_center.app import build_app
from contact_center.channels.signatures import standard_headers
from contact_center.sources import api
from contact_center.sources.rules import parse_sources
from tests.support.fakes import FakeClock
from tests.support.inboxes import FakeIntake, with_intake

SECRET = "whsec_" + base64.b64encode(b"s" * 24).decode()
FIELDS = {"text": "text", "sender": {"address": "from"}}
TABLE: dict[str, Any] = {
    "shop": {
        "verify": "standard-webhooks",
        "secrets": [SECRET],
        "max_bytes": 100_000,
        "team": "Sales",
        "when": "type != 'ping'",
        "fields": FIELDS,
    },
    "form": {"verify": "token", "header": "X-Token", "secrets": ["hush"], "fields": FIELDS},
    "github": {"verify": "github", "secrets": ["hush"], "fields": FIELDS},
    "slack": {"verify": "slack", "secrets": ["hush"], "fields": FIELDS},
}
SAID = {"text": "Where is it?", "from": "ann"}


@pytest.fixture
def intake() -> FakeIntake:
    return FakeIntake()


@pytest.fixture
async def client(runtime: Any, intake: FakeIntake) -> AsyncIterator[TestClient[Any, Any]]:
    async with with_intake(runtime, intake) as runtime:
        app = build_app(runtime, sources=parse_sources(TABLE, file="sources.toml"))
        async with TestClient(TestServer(app)) as client:
            yield client


def signed(clock: FakeClock, body: str, call_id: str = "msg_1", **late: float) -> dict[str, str]:
    at = clock() + timedelta(**late)
    return standard_headers(message_id=call_id, body=body, secrets=[SECRET], at=at)


async def call(
    client: TestClient[Any, Any], clock: FakeClock, said: Any, call_id: str = "msg_1", **late: float
) -> tuple[int, Any]:
    body = said if isinstance(said, str) else json.dumps(said)
    headers = signed(clock, body, call_id, **late)
    async with client.post("/api/v1/inbound/shop", data=body, headers=headers) as response:
        return response.status, await response.json()


async def test_a_signed_call_becomes_a_message(client, clock, intake: FakeIntake) -> None:
    status, told = await call(client, clock, SAID)
    assert status == 201
    assert told == {
        "outcome": "ticketed",
        "duplicate": False,
        "ticket": "T-000001",
        "reason": None,
    }
    [inbound] = intake.received
    assert (inbound.channel, inbound.external_id, inbound.team) == ("shop", "msg_1", "Sales")
    assert (inbound.text, inbound.sender.address) == ("Where is it?", "ann")


async def test_a_repeated_call_gets_the_same_receipt_and_adds_nothing(
    client, clock, intake: FakeIntake
) -> None:
    await call(client, clock, SAID)
    status, told = await call(client, clock, SAID, minutes=1)
    assert (status, told["ticket"], told["duplicate"]) == (200, "T-000001", True)
    assert len(intake.received) == 1


async def test_a_call_without_text_is_kept_aside_and_not_lost(
    client, clock, intake: FakeIntake
) -> None:
    status, told = await call(client, clock, {"from": "ann", "note": "?"})
    assert (status, told["outcome"]) == (202, "quarantined")
    assert told["reason"]
    assert '"note"' in (intake.received[0].original or "")


async def test_what_nobody_needs_to_answer_is_forgotten(client, clock, intake: FakeIntake) -> None:
    status, told = await call(client, clock, {"type": "ping"})
    assert (status, told) == (200, {"outcome": "ignored"})
    assert intake.received == []


@pytest.mark.parametrize("minutes", [6, -6])
async def test_a_call_signed_too_long_ago_is_refused(client, clock, minutes: int) -> None:
    status, problem = await call(client, clock, SAID, minutes=minutes)
    assert status == 401
    assert "signature" in problem["detail"]


async def test_a_changed_body_is_refused(client, clock, intake: FakeIntake) -> None:
    headers = signed(clock, json.dumps(SAID))
    changed = json.dumps(SAID | {"text": "Pay me"})
    async with client.post("/api/v1/inbound/shop", data=changed, headers=headers) as response:
        assert response.status == 401
    assert intake.received == []


@pytest.mark.parametrize("source", ["nobody", "SHOP", "a" * 200, "%00", "..%2fshop"])
async def test_an_unknown_source_is_not_found(client, source: str) -> None:
    async with client.post(f"/api/v1/inbound/{source}", json=SAID) as response:
        assert response.status == 404


@pytest.mark.parametrize("body", ["", "{", "\udcff", "[" * 50_000, '{"a": ' + "9" * 5000 + "}"])
async def test_what_is_no_json_is_refused(client, body: str, intake: FakeIntake) -> None:
    async with client.post(
        "/api/v1/inbound/form",
        data=body.encode(errors="surrogateescape"),
        headers={"X-Token": "hush"},
    ) as response:
        assert response.status == 400
    assert intake.received == []


async def test_deep_json_goes_to_quarantine(client, intake: FakeIntake) -> None:
    body = '{"text": "a", "deep": ' + "[" * 800 + "]" * 800 + "}"
    async with client.post(
        "/api/v1/inbound/form", data=body, headers={"X-Token": "hush"}
    ) as response:
        assert response.status in (201, 202, 400)


async def test_too_large_a_call_is_refused_with_and_without_a_length(client, clock) -> None:
    body = json.dumps({"text": "x" * 100_001})

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000].encode()

    for data in (body, pieces()):
        headers = signed(clock, body)
        async with client.post("/api/v1/inbound/shop", data=data, headers=headers) as response:
            assert response.status == 413


async def test_a_large_call_is_read_beside_the_event_loop(
    client, clock, intake: FakeIntake
) -> None:
    assert (await call(client, clock, SAID | {"more": "x" * api.READ_AT_ONCE}))[0] == 201
    assert intake.received[0].text == "Where is it?"


async def test_reading_that_takes_too_long_ends_in_quarantine(
    client, clock, intake: FakeIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "LONGEST_READING", 0.0)
    status, _ = await call(client, clock, SAID | {"more": "x" * api.READ_AT_ONCE})
    assert status == 202
    assert intake.received[0].external_id == "msg_1"


async def test_a_token_in_a_header(client, intake: FakeIntake) -> None:
    for token, status in (("hush", 201), ("HUSH", 401), ("", 401)):
        async with client.post(
            "/api/v1/inbound/form", json=SAID, headers={"X-Token": token}
        ) as response:
            assert response.status == status
    assert len(intake.received) == 1


async def test_only_a_signed_call_id_tells_calls_apart(client, intake: FakeIntake) -> None:
    body = json.dumps(SAID).encode()
    signature = "sha256=" + hmac.digest(b"hush", body, "sha256").hex()
    for call_id, status in (("a", 201), ("b", 200)):
        headers = {"X-Hub-Signature-256": signature, "webhook-id": call_id}
        async with client.post("/api/v1/inbound/github", data=body, headers=headers) as response:
            assert response.status == status


async def test_slack_is_told_that_we_are_there(client, clock, intake: FakeIntake) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc"})
    stamp = str(int(clock().timestamp()))
    signature = hmac.digest(b"hush", f"v0:{stamp}:{body}".encode(), "sha256").hex()
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signature}"}
    async with client.post("/api/v1/inbound/slack", data=body, headers=headers) as response:
        assert await response.json() == {"challenge": "abc"}
    assert intake.received == []


async def test_guessing_signatures_is_slowed_down(client, runtime) -> None:
    refused = []
    while 429 not in refused:
        async with client.post("/api/v1/inbound/form", json=SAID) as response:
            refused.append(response.status)
        assert len(refused) < 3 * runtime.settings.limits.per_address
    assert set(refused) == {401, 429}


async def test_many_calls_at_once_are_all_answered(client, clock, intake: FakeIntake) -> None:
    answers = await asyncio.gather(
        *(call(client, clock, SAID, call_id=f"msg_{n}") for n in range(50))
    )
    assert {status for status, _ in answers} == {201}
    assert len(intake.received) == 50
