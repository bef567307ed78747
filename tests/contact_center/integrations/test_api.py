"""Administrators set up webhooks over the API."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.app import build_app
from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.web.permissions import Permission
from contact_center.web.principal import AUTHENTICATOR
from tests.support.callers import BEARER, OneToken

PATH = "/api/v1/webhook-endpoints"
NEW = {"url": "https://shop.example/hook", "event_kinds": ["webhook.*"]}


@pytest.fixture
async def client(runtime: Any) -> AsyncIterator[Any]:
    app = build_app(runtime)
    app[AUTHENTICATOR] = OneToken(Permission.WEBHOOKS_ADMIN)
    async with TestClient(TestServer(app), headers=BEARER) as client:
        yield client


async def ask(client: Any, method: str, path: str = "", **options: Any) -> tuple[int, Any]:
    async with client.request(method, PATH + path, **options) as response:
        is_json = "json" in response.content_type
        return response.status, await response.json() if is_json else None


async def give_up(session: AsyncSession) -> None:
    await session.execute(update(Delivery).values(status=DeliveryStatus.DEAD, attempts=10))


async def test_the_secret_is_shown_when_it_is_made_and_never_again(client) -> None:
    status, made = await ask(client, "POST", json=NEW)
    assert status == 201
    assert made["secret"].startswith("whsec_")
    _, shown = await ask(client, "GET", f"/{made['id']}")
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    _, listed = await ask(client, "GET")
    assert listed == [shown]


async def test_rotating_shows_the_new_secret_while_both_sign(client) -> None:
    _, made = await ask(client, "POST", json=NEW)
    status, rotated = await ask(client, "POST", f"/{made['id']}/rotate")
    assert status == 201
    assert rotated["secret"] != made["secret"]
    assert rotated["secrets_signing"] == 2


async def test_an_endpoint_is_changed_disabled_and_deleted(client) -> None:
    _, made = await ask(client, "POST", json=NEW)
    path = f"/{made['id']}"
    _, changed = await ask(client, "PATCH", path, json={"description": "Shop", "active": False})
    assert (changed["description"], changed["active"]) == ("Shop", False)
    assert changed["url"] == NEW["url"]
    assert (await ask(client, "POST", f"{path}/test"))[0] == 409
    assert (await ask(client, "DELETE", path))[0] == 204
    assert (await ask(client, "GET", path))[0] == 404


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://shop.example/"},
        {"url": "https://10.0.0.1/"},
        {"event_kinds": ["Ticket!"]},
        {"event_kinds": []},
        {"secret": "whsec_mine"},
    ],
)
async def test_what_is_refused(client, change: dict[str, Any]) -> None:
    assert (await ask(client, "POST", json=NEW | change))[0] == 422
    _, made = await ask(client, "POST", json=NEW)
    assert (await ask(client, "PATCH", f"/{made['id']}", json=change))[0] == 422


async def test_the_log_shows_calls_page_by_page(client) -> None:
    _, made = await ask(client, "POST", json=NEW)
    path = f"/{made['id']}"
    for _ in range(2):
        assert await ask(client, "POST", f"{path}/test") == (202, None)
    _, first = await ask(client, "GET", f"{path}/deliveries?limit=2")
    assert [item["type"] for item in first["items"]] == ["webhook.test", "webhook.test"]
    item = first["items"][0]
    assert (item["status"], item["attempts"]) == ("pending", 0)
    assert item["next_attempt_at"] is not None
    _, second = await ask(client, "GET", f"{path}/deliveries?limit=2&after={first['next']}")
    assert [item["type"] for item in second["items"]] == ["webhook.created"]
    assert second["next"] is None


async def test_calls_that_were_given_up_on_are_made_again(client, db) -> None:
    _, made = await ask(client, "POST", json=NEW)
    path = f"/{made['id']}"
    _, log = await ask(client, "GET", f"{path}/deliveries")
    call = f"{path}/deliveries/{log['items'][0]['id']}/retry"
    assert (await ask(client, "POST", call))[0] == 409  # it waits anyway
    async with db.begin() as session:
        await give_up(session)
    assert (await ask(client, "POST", call))[0] == 202
    _, waiting = await ask(client, "GET", f"{path}/deliveries?status=pending")
    assert log["items"][0]["id"] in [item["id"] for item in waiting["items"]]
    async with db.begin() as session:
        await give_up(session)
    body = {"since": "2026-03-01T00:00:00Z"}
    status, replayed = await ask(client, "POST", f"{path}/replay", json=body)
    assert (status, replayed) == (202, {"deliveries": 2})


@pytest.mark.parametrize("since", ["2026-03-01T00:00:00", "yesterday", 0, "2020-01-01T00:00:00Z"])
async def test_a_replay_needs_a_recent_time_with_its_zone(client, since: Any) -> None:
    _, made = await ask(client, "POST", json=NEW)
    status, _ = await ask(client, "POST", f"/{made['id']}/replay", json={"since": since})
    assert status == 422


async def test_an_unknown_endpoint_is_not_found(client) -> None:
    for method, path in (
        ("GET", "/9"),
        ("PATCH", "/9"),
        ("DELETE", "/9"),
        ("POST", "/9/rotate"),
        ("POST", "/9/test"),
        ("GET", "/9/deliveries"),
        ("POST", "/9/deliveries/1/retry"),
    ):
        options = {"json": {}} if method == "PATCH" else {}
        assert (await ask(client, method, path, **options))[0] == 404


async def test_it_takes_the_permission(runtime: Any) -> None:
    app = build_app(runtime)
    app[AUTHENTICATOR] = OneToken(Permission.TICKETS_READ)
    async with TestClient(TestServer(app), headers=BEARER) as client:
        assert (await ask(client, "GET"))[0] == 403
        assert (await ask(client, "POST", json=NEW))[0] == 403
