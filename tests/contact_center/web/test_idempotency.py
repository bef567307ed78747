import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from contact_center.agents.models import Team
from contact_center.web import queries
from contact_center.web.models import IdempotentAnswer

TEAMS = "/api/v1/teams"


@pytest.fixture
def app(runtime):
    from contact_center.app import build_app

    return build_app(runtime)


async def teams(runtime) -> int:
    async with runtime.db.read() as session:
        return await session.scalar(select(func.count()).select_from(Team))


def key(value: str) -> dict[str, str]:
    return {"Idempotency-Key": value}


async def test_a_repeated_call_creates_once_and_answers_the_same(login, runtime) -> None:
    manager = await login("manager")

    first = await manager.post(TEAMS, json={"name": "Returns"}, headers=key("k1"))
    second = await manager.post(TEAMS, json={"name": "Returns"}, headers=key("k1"))

    assert (first.status, second.status) == (201, 201)
    assert await first.read() == await second.read()
    for name in ("Location", "ETag", "Content-Type"):
        assert first.headers[name] == second.headers[name]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert await teams(runtime) == 1


async def test_a_key_belongs_to_one_request(login) -> None:
    manager = await login("manager")
    await manager.post(TEAMS, json={"name": "Returns"}, headers=key("k1"))

    other = await manager.post(TEAMS, json={"name": "Billing"}, headers=key("k1"))

    assert other.status == 422


async def test_a_key_belongs_to_one_caller(login, runtime) -> None:
    for name in ("Returns", "Billing"):
        manager = await login("manager")
        assert (await manager.post(TEAMS, json={"name": name}, headers=key("k1"))).status == 201

    assert await teams(runtime) == 2


async def test_a_call_that_failed_may_be_tried_again_with_its_key(login) -> None:
    manager = await login("manager")
    await manager.post(TEAMS, json={"name": "Returns"})
    assert (await manager.post(TEAMS, json={"name": "Returns"}, headers=key("k"))).status == 409
    await manager.patch(f"{TEAMS}/1", json={"name": "Refunds"})

    assert (await manager.post(TEAMS, json={"name": "Returns"}, headers=key("k"))).status == 201


@pytest.mark.race
async def test_the_same_call_at_the_same_time_creates_once(login, runtime) -> None:
    manager = await login("manager")

    answers = await asyncio.gather(
        *(manager.post(TEAMS, json={"name": "Returns"}, headers=key("k1")) for _ in range(8))
    )

    assert {answer.status for answer in answers} <= {201, 409}
    assert 201 in {answer.status for answer in answers}
    assert await teams(runtime) == 1


@pytest.mark.parametrize("wrong", ["", "x" * 256, "a b", "é"])
async def test_a_key_is_visible_ascii(login, wrong) -> None:
    manager = await login("manager")

    assert (await manager.post(TEAMS, json={"name": "R"}, headers=key(wrong))).status == 422


async def test_answers_are_forgotten_after_a_while(login, runtime, clock) -> None:
    manager = await login("manager")
    await manager.post(TEAMS, json={"name": "Returns"}, headers=key("k1"))

    async with runtime.db.begin() as session:
        await queries.forget_answers(session, before=clock.now + timedelta(seconds=1), limit=10)

    async with runtime.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(IdempotentAnswer)) == 0
