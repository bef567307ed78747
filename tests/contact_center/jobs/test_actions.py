import asyncio

import pytest

from contact_center.db import Database
from contact_center.jobs import actions
from tests.support.fakes import FakeClock

NODES = [f"node-{number}" for number in range(24)]


async def claim_lease(db: Database, clock: FakeClock, owner: str, seconds: float = 60) -> bool:
    async with db.begin() as session:
        return await actions.claim_lease(
            session, name="telegram", owner=owner, now=clock(), seconds=seconds
        )


async def claim_slot(db: Database, clock: FakeClock, owner: str, slot: str = "2026-03-02") -> bool:
    async with db.begin() as session:
        return await actions.claim_slot(
            session, job="digest", slot=slot, owner=owner, now=clock(), lease_seconds=60
        )


async def finish_slot(db: Database, clock: FakeClock, owner: str) -> bool:
    async with db.begin() as session:
        return await actions.finish_slot(
            session, job="digest", slot="2026-03-02", owner=owner, now=clock()
        )


async def test_a_lease_is_kept_from_others_until_it_runs_out(db, clock):
    assert await claim_lease(db, clock, "one")
    clock.advance(seconds=59)
    assert not await claim_lease(db, clock, "two")

    clock.advance(seconds=1)

    assert await claim_lease(db, clock, "two")
    assert not await claim_lease(db, clock, "one")


async def test_the_holder_renews_its_lease(db, clock):
    await claim_lease(db, clock, "one")
    clock.advance(seconds=50)
    assert await claim_lease(db, clock, "one")

    clock.advance(seconds=50)

    assert not await claim_lease(db, clock, "two")


async def test_a_released_lease_is_free_at_once(db, clock):
    await claim_lease(db, clock, "one")
    async with db.begin() as session:
        assert await actions.release_lease(session, name="telegram", owner="one")

    assert await claim_lease(db, clock, "two")


async def test_nobody_releases_the_lease_of_another(db, clock):
    await claim_lease(db, clock, "one")
    async with db.begin() as session:
        assert not await actions.release_lease(session, name="telegram", owner="two")

    assert not await claim_lease(db, clock, "two")


async def test_a_slot_is_claimed_once_even_by_the_same_node(db, clock):
    assert await claim_slot(db, clock, "one")

    assert not await claim_slot(db, clock, "one")
    assert not await claim_slot(db, clock, "two")
    assert await claim_slot(db, clock, "two", slot="2026-03-03")


async def test_a_slot_whose_node_died_is_taken_over_after_the_lease(db, clock):
    await claim_slot(db, clock, "one")
    clock.advance(seconds=60)

    assert await claim_slot(db, clock, "two")
    assert not await finish_slot(db, clock, "one")
    assert await finish_slot(db, clock, "two")


async def test_a_finished_slot_never_runs_again(db, clock):
    await claim_slot(db, clock, "one")
    assert await finish_slot(db, clock, "one")
    clock.advance(days=2)

    assert not await claim_slot(db, clock, "two")


@pytest.mark.race
@pytest.mark.parametrize("claim", [claim_lease, claim_slot])
async def test_one_of_many_nodes_wins(claim, database_url, clock):
    databases = [Database(database_url) for _ in range(2)]

    won = await asyncio.gather(
        *(claim(databases[i % 2], clock, node) for i, node in enumerate(NODES))
    )

    assert won.count(True) == 1
    for database in databases:
        await database.dispose()


@pytest.mark.race
@pytest.mark.parametrize("claim", [claim_lease, claim_slot])
async def test_one_of_many_nodes_takes_over_what_ran_out(claim, database_url, clock):
    databases = [Database(database_url) for _ in range(2)]
    await claim(databases[0], clock, "dead")
    clock.advance(seconds=61)

    won = await asyncio.gather(
        *(claim(databases[i % 2], clock, node) for i, node in enumerate(NODES))
    )

    assert won.count(True) == 1
    for database in databases:
        await database.dispose()
