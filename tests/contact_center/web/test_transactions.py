"""One request is one transaction, and nobody is told what was not committed."""

import sqlite3

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from contact_center.agents.models import Team
from contact_center.db import hint
from contact_center.errors import Conflict
from contact_center.web.call import Call
from contact_center.web.problems import response_for
from contact_center.web.routes import Routes

routes = Routes("transactions", prefix="", documented=False)


async def add_team(call: Call, name: str) -> None:
    row = insert(Team).values(name=name, version=1, created_at=call.now)
    await call.session.execute(row)


@routes.post("/teams/{name}", public=True)
async def add(call: Call, name: str, then: str = "") -> dict[str, str]:
    await add_team(call, name)
    hint(call.session, "teams")
    if then == "refuse":
        raise Conflict("no")
    if then == "break":
        raise ZeroDivisionError
    if then == "again":
        await add_team(call, name)
    return {"name": name}


@routes.get("/teams/{name}", public=True)
async def look(call: Call, name: str) -> dict[str, str]:
    await add_team(call, name)
    return {"name": name}


@routes.post("/nothing", public=True)
async def nothing(call: Call) -> None:
    """Asks the database for nothing."""


@routes.post("/without", public=True, transaction=False)
async def without(call: Call) -> None:
    assert call.session


@pytest.fixture
def tables() -> list[Routes]:
    return [routes]


async def teams(runtime) -> int:
    async with runtime.db.read() as session:
        return await session.scalar(select(func.count()).select_from(Team))


async def test_what_a_handler_did_is_committed_when_it_is_answered(client, runtime) -> None:
    assert (await client.post("/teams/a")).status == 201

    assert await teams(runtime) == 1


@pytest.mark.parametrize(("then", "status"), [("refuse", 409), ("break", 500), ("again", 409)])
async def test_what_a_failing_handler_did_is_undone(client, runtime, then, status) -> None:
    assert (await client.post(f"/teams/a?then={then}")).status == status

    assert await teams(runtime) == 0


async def test_looking_changes_nothing(client, runtime) -> None:
    await client.get("/teams/a")

    assert await teams(runtime) == 0


async def test_a_commit_that_fails_is_no_success(client, runtime, monkeypatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("sqlalchemy.orm.session.SessionTransaction.commit", full_disk)
        assert (await client.post("/teams/a")).status == 500

    assert await teams(runtime) == 0


def full_disk(*_: object, **__: object) -> None:
    raise OperationalError("COMMIT", {}, sqlite3.OperationalError("disk full"))


async def test_a_handler_that_asks_nothing_takes_no_connection(client, runtime) -> None:
    before = runtime.db.writer.pool.checkedout()

    async with runtime.db.begin() as session:
        await session.execute(select(1))  # on SQLite this holds the only writing connection
        assert (await client.post("/nothing")).status == 204

    assert runtime.db.writer.pool.checkedout() == before


async def test_a_route_without_transaction_has_no_session(client) -> None:
    assert (await client.post("/without")).status == 500


class Driver(Exception):
    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("", {}, sqlite3.OperationalError("database is locked")),
        *(
            OperationalError("", {}, Driver(state))
            for state in ("40001", "40P01", "08006", "57P03")
        ),
        PoolTimeout("all connections are busy"),
        ConnectionRefusedError(),
    ],
    ids=str,
)
def test_a_database_that_is_busy_or_away_is_unavailable(error) -> None:
    response = response_for(error, request_id="r")

    assert response.status == 503
    assert response.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("", {}, sqlite3.OperationalError("no such table: tickets")),
        OperationalError("", {}, Driver("42P01")),
    ],
    ids=str,
)
def test_a_mistake_of_ours_is_not_called_unavailable(error) -> None:
    assert response_for(error, request_id="r").status == 500
