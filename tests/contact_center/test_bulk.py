import pytest
from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from contact_center.bulk import fetch, insert_many
from contact_center.customers import queries as customers
from contact_center.db import Table, is_passing
from contact_center.events.rules import agent
from contact_center.storage import StoredFile
from contact_center.uploads.actions import add_upload, take
from contact_center.uploads.models import Upload


async def test_the_id_of_a_deleted_customer_is_not_given_out_again(session, clock) -> None:
    rows = [{"name": name, "language": "en", "note": "", "created_at": clock()} for name in "ab"]
    [_, last] = await customers.insert_customers(session, rows)
    await customers.delete_customers(session, [last])

    [following] = await customers.insert_customers(session, rows[:1])

    assert following > last


async def test_the_id_of_an_upload_that_was_sent_is_not_given_out_again(session, clock) -> None:
    async def upload(key: str) -> Upload:
        file = StoredFile(key, "a.png", "image/png", 3, "0" * 64)
        return await add_upload(session, file, by=agent(1), now=clock())

    sent = await upload("one")
    await take(session, [sent.id], by=agent(1))

    assert (await upload("two")).id > sent.id


async def test_a_row_that_clashes_is_told_as_everywhere_else(session, clock) -> None:
    teams = Table.metadata.tables["teams"]
    row = {"name": "Returns", "created_at": clock()}
    await insert_many(session, teams, [row])

    with pytest.raises(IntegrityError) as told:
        await insert_many(session, teams, [row])

    assert "Returns" not in str(told.value.params)


async def test_a_lost_connection_is_a_passing_trouble_and_is_not_used_again(db) -> None:
    if db.is_sqlite:
        pytest.skip("nothing to lose: the database is a file")
    teams = Table.metadata.tables["teams"]
    named = select(teams.c.id).where(teams.c.name == bindparam("name"))

    with pytest.raises(DBAPIError) as told:
        async with db.begin() as session:
            backend = await session.scalar(text("SELECT pg_backend_pid()"))
            async with db.begin() as other:
                await other.execute(
                    text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend}
                )
            await fetch(session, named, {"name": "Returns"})

    assert is_passing(told.value)
    async with db.begin() as session:
        assert await fetch(session, named, {"name": "Returns"}) == []


async def test_a_database_that_was_away_fails_once_not_once_a_connection(db) -> None:
    if db.is_sqlite:
        pytest.skip("nothing to lose: the database is a file")
    teams = Table.metadata.tables["teams"]
    everything = select(teams.c.id)
    backend = text("SELECT pg_backend_pid()")
    async with db.begin() as one, db.begin() as two, db.begin() as three:
        pids = [await session.scalar(backend) for session in (one, two, three)]
    async with db.begin() as session:
        for pid in {*pids} - {await session.scalar(backend)}:
            await session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    failed = 0
    for _ in pids:
        try:
            async with db.begin() as session:
                await fetch(session, everything)
        except DBAPIError:
            failed += 1

    assert failed == 1
