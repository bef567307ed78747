"""Other systems hand in messages in our own JSON."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from contact_center.app import build_app
from contact_center.web.permissions import Permission
from contact_center.web.principal import AUTHENTICATOR
from tests.support.callers import BEARER, OneToken
from tests.support.fakes import FakeChannel
from tests.support.inboxes import FakeIntake, with_intake

MESSAGE: dict[str, Any] = {"text": "Where is it?", "sender": {"address": "ann"}}
PATH = "/api/v1/messages"


@pytest.fixture
def intake() -> FakeIntake:
    return FakeIntake()


@pytest.fixture
def caller() -> OneToken:
    return OneToken(Permission.MESSAGES_SUBMIT)


@pytest.fixture
async def client(runtime: Any, intake: FakeIntake, caller: OneToken) -> AsyncIterator[Any]:
    channels = dict.fromkeys(("api", "shop", "telegram", "webchat", "webhook"), FakeChannel())
    async with with_intake(replace(runtime, channels=channels), intake) as runtime:
        app = build_app(runtime)
        app[AUTHENTICATOR] = caller
        async with TestClient(TestServer(app), headers=BEARER) as client:
            yield client


async def post(client: Any, **changes: Any) -> tuple[int, Any]:
    async with client.post(PATH, json=MESSAGE | changes) as response:
        return response.status, await response.json()


async def test_a_message_is_answered_with_its_ticket(client, intake: FakeIntake) -> None:
    status, told = await post(client)
    assert status == 201
    assert told == {
        "outcome": "ticketed",
        "duplicate": False,
        "message_id": 1,
        "ticket_id": 1,
        "ticket": "T-000001",
        "reason": None,
    }
    [inbound] = intake.received
    assert (inbound.channel, inbound.thread, inbound.text) == ("api", "ann", "Where is it?")


async def test_everything_a_system_knows_comes_along(client, intake: FakeIntake) -> None:
    sender = {
        "address": "77",
        "name": "王",
        "email": "w@example.com",
        "phone": "+86 1",
        "language": "zh",
    }
    status, _ = await post(
        client,
        channel="shop",
        external_id="m-1",
        thread="order-1",
        subject="Order 1",
        kind="complaint",
        priority="high",
        category="refund",
        tags=["vip"],
        facts={"order": 1, "lines": [{"sku": "a"}]},
        sender=sender,
    )
    assert status == 201
    [inbound] = intake.received
    assert (inbound.channel, inbound.external_id, inbound.thread) == ("shop", "m-1", "order-1")
    assert (inbound.kind, inbound.priority, inbound.category) == ("complaint", "high", "refund")
    assert (list(inbound.tags), inbound.facts["order"]) == (["vip"], 1)
    assert (inbound.sender.name, inbound.sender.language) == ("王", "zh")
    assert not inbound.sender.verified


async def test_the_same_id_a_second_time_changes_nothing(client, intake: FakeIntake) -> None:
    _, first = await post(client, external_id="m-1")
    _, second = await post(client, external_id="m-1")
    assert second == first | {"duplicate": True}
    assert len(intake.received) == 1


async def test_without_an_id_every_message_counts(client, intake: FakeIntake) -> None:
    await post(client)
    await post(client)
    assert len(intake.received) == 2


async def test_a_file_is_kept_before_the_message_is(
    client, intake: FakeIntake, runtime: Any
) -> None:
    file = {
        "name": "../../photo.png",
        "content_type": "image/png",
        "content": base64.b64encode(b"\x89PNG").decode(),
    }
    status, _ = await post(client, attachments=[file])
    assert status == 201
    [stored] = intake.received[0].attachments
    assert (stored.name, stored.size) == ("photo.png", 4)
    assert await runtime.storage.load(stored.key) == b"\x89PNG"


@pytest.mark.parametrize(
    "changes",
    [
        {"text": ""},
        {"text": "x" * 150_001},
        {"text": "a\x00b"},
        {"sender": {}},
        {"sender": {"address": "a" * 321}},
        {"sender": {"address": "a", "language": "fr"}},
        {"channel": "telegram"},
        {"channel": "webchat"},
        {"channel": "webhook"},
        {"channel": "No Such"},
        {"channel": "nowhere"},
        {"external_id": "x" * 401},
        {"kind": "rant"},
        {"priority": "P1"},
        {"tags": ["x"] * 21},
        {"facts": {str(n): n for n in range(51)}},
        {"colour": "red"},
        {"attachments": [{"name": "a", "content_type": "image/png", "content": "%"}]},
        {"attachments": [{"name": "a", "content_type": "application/x-exe", "content": ""}]},
    ],
)
async def test_what_cannot_be_kept_is_refused_at_the_door(
    client, intake: FakeIntake, changes: dict[str, Any]
) -> None:
    status, problem = await post(client, **changes)
    assert status == 422
    assert problem["detail"]
    assert intake.received == []


async def test_a_token_needs_the_permission(client, caller: OneToken) -> None:
    caller.caller = OneToken(Permission.TICKETS_READ).caller
    status, _ = await post(client)
    assert status == 403


async def test_overload_is_said_so_that_the_caller_comes_back(runtime: Any) -> None:
    # Its inbox answers Unavailable.
    app = build_app(replace(runtime, channels={"api": FakeChannel()}))
    app[AUTHENTICATOR] = OneToken(Permission.MESSAGES_SUBMIT)
    import asyncio

    running = asyncio.create_task(runtime.inbox.run())
    async with TestClient(TestServer(app), headers=BEARER) as client:
        status, _ = await post(client)
        assert status == 503
    running.cancel()
