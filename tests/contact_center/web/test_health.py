import pytest
from aiohttp.test_utils import TestClient, TestServer

from contact_center.app import build_app
from contact_center.migrations import run
from contact_center.web.health import READY_CHECKS
from contact_center.web.limits import LIMITS
from contact_center.web.permissions import Permission
from contact_center.web.principal import AUTHENTICATOR
from tests.contact_center.web.conftest import with_settings
from tests.support.callers import BEARER, OneToken

FORWARDED = {"X-Forwarded-For": "203.0.113.9"}


async def test_a_process_that_answers_is_healthy(client) -> None:
    assert await (await client.get("/healthz")).json() == {"status": "ok"}


async def test_a_process_with_a_current_database_is_ready(client) -> None:
    assert (await client.get("/readyz")).status == 200


async def test_without_the_newest_tables_it_is_not_ready(client, runtime) -> None:
    await run.downgrade(runtime.db, "base")
    response = await client.get("/readyz")
    await run.upgrade(runtime.db)

    assert response.status == 503
    assert (await response.json())["failed"] == ["database"]


async def test_without_a_part_that_must_run_it_is_not_ready(app, client) -> None:
    async def dead() -> bool:
        return False

    async def broken() -> bool:
        raise OSError

    app[READY_CHECKS].update(relay=dead, disk=broken)

    response = await client.get("/readyz")

    assert (await response.json())["failed"] == ["relay", "disk"]


async def test_figures_tell_routes_and_not_addresses(client) -> None:
    await client.get("/api/v1/samples/17")
    await client.get("/no/such/page")

    figures = await (await client.get("/metrics")).text()

    counted = [
        line for line in figures.splitlines() if line.startswith("http_request_seconds_count")
    ]
    route = '{method="GET",route="/api/v1/samples/{sample_id}",status="200"}'
    assert f"http_request_seconds_count{route} 1.0" in counted
    assert not any("17" in line.split("}")[0] for line in counted)
    assert not any("/no/such" in line for line in counted)
    assert "open_streams 0.0" in figures


@pytest.mark.parametrize(
    ("permission", "headers", "status"),
    [
        (Permission.METRICS_READ, FORWARDED, 401),
        (Permission.TICKETS_READ, FORWARDED | BEARER, 403),
        (Permission.METRICS_READ, FORWARDED | BEARER, 200),
    ],
)
async def test_figures_are_for_this_machine_or_a_token_that_may(
    app, permission, headers, status
) -> None:
    app[AUTHENTICATOR] = OneToken(permission)

    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/metrics", headers=headers)).status == status


async def test_figures_can_be_opened_to_all(runtime) -> None:
    opened = with_settings(runtime, server={"open_metrics": True})

    async with TestClient(TestServer(build_app(opened))) as client:
        assert (await client.get("/metrics", headers=FORWARDED)).status == 200


@pytest.mark.parametrize(
    ("behind_proxy", "address", "counted"),
    [
        (False, "203.0.113.9", "127.0.0.1"),
        (True, "203.0.113.9", "203.0.113.9"),
        (True, "10.0.0.1, 203.0.113.9", "203.0.113.9"),
        (True, "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        (True, "::ffff:203.0.113.9", "203.0.113.9"),
        (True, "nonsense", "127.0.0.1"),
    ],
)
async def test_limits_count_by_whom_the_proxy_saw(runtime, behind_proxy, address, counted) -> None:
    changed = with_settings(
        runtime, server={"behind_proxy": behind_proxy}, limits={"per_address": 1}
    )
    app = build_app(changed)
    async with TestClient(TestServer(app)) as client:
        await client.get("/api/docs.css", headers={"X-Forwarded-For": address})

    assert list(app[LIMITS].addresses._paid_until) == [counted]


async def test_a_header_of_the_clients_own_counts_for_nothing(runtime) -> None:
    """Some proxies add a second header of the same name instead of a hop to the first."""
    changed = with_settings(runtime, server={"behind_proxy": True}, limits={"per_address": 1})
    app = build_app(changed)
    hops = [("X-Forwarded-For", "198.51.100.7"), ("X-Forwarded-For", "203.0.113.9")]
    async with TestClient(TestServer(app)) as client:
        await client.get("/api/docs.css", headers=hops)

    assert list(app[LIMITS].addresses._paid_until) == ["203.0.113.9"]


async def test_too_many_requests_are_told_when_to_come_back(runtime) -> None:
    changed = with_settings(runtime, limits={"per_address": 3})
    async with TestClient(TestServer(build_app(changed))) as client:
        answers = [await client.get("/api/docs.css") for _ in range(4)]

    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[3].content_type == "application/problem+json"
    assert int(answers[3].headers["Retry-After"]) in range(1, 21)
