import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from contact_center.accounts.models import Account
from contact_center.complaints.models import Stage
from contact_center.complaints.queries import find_complaint
from contact_center.customers.queries import search_customers
from contact_center.migrations import run
from contact_center.migrations.tables import metadata
from contact_center.sla.actions.versions import keep
from contact_center.tickets.models import TicketKind
from contact_center.tickets.queries import get_ticket
from tests.conftest import NOON
from tests.support.calendars import POLICIES, SHIPPED
from tests.support.factories import customer_says, make_agent, make_customer, make_ticket


@pytest.fixture(autouse=True)
async def _as_others_expect_it(db):
    """The next test's database is this one."""
    yield
    async with db.begin() as session:
        await keep(session, calendars=SHIPPED, policies=POLICIES, now=NOON)


SEARCH = "message_search"  # differs between the databases, so no model describes it


async def test_upgrading_to_head_gives_exactly_the_models(db) -> None:
    def differences(connection):
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: not (name or "").startswith(SEARCH),
            },
        )
        return [str(change) for change in compare_metadata(context, metadata)]

    async with db.reader.connect() as connection:
        changes = await connection.run_sync(differences)

    assert [change for change in changes if SEARCH not in change] == []


async def test_a_migrated_database_is_current(db) -> None:
    assert await run.is_current(db)


async def test_downgrading_leaves_nothing_and_upgrading_works_again(db) -> None:
    await run.downgrade(db, "base")
    async with db.reader.connect() as connection:
        left = await connection.run_sync(lambda c: inspect(c).get_table_names())
    assert set(left) <= {"alembic_version"}

    await run.upgrade(db)

    assert await run.is_current(db)


async def test_a_database_with_rows_can_be_taken_back_to_what_was_released(db, clock) -> None:
    """Rows refer to tickets and accounts, so neither can be copied and dropped."""
    async with db.begin() as session:
        lee = await make_agent(session, now=clock())
        account = Account(
            name="Acme",
            deputy_id=lee.id,
            specialist_id=lee.id,
            created_at=clock(),
        )
        session.add(account)
        await session.flush()
        customer = await make_customer(session, now=clock(), account_id=account.id)
        ticket = await make_ticket(
            session, now=clock(), customer=customer, kind=TicketKind.COMPLAINT
        )
        await customer_says(session, ticket, now=clock())

    await run.downgrade(db, "0001")
    await run.upgrade(db)

    async with db.read() as session:
        found = await find_complaint(session, ticket.id)
        assert (found.stage, (await get_ticket(session, ticket.id)).stage) == (
            Stage.RECEIVED,
            "received",
        )


async def test_customers_of_before_are_found_by_their_words(db, clock) -> None:
    async with db.begin() as session:
        ann = await make_customer(session, name="Ann 李小龙", email="ann@example.com", now=clock())
    await run.downgrade(db, "0003")

    await run.upgrade(db)

    async with db.read() as session:
        for words in ("an", "小龙", "example.com", "address"):
            assert [found.id for found in await search_customers(session, words)] == [ann.id]
