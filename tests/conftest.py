"""Fixtures every test may use. Tests that touch the database run on each backend."""

import os
import shutil
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.app import build_app
from contact_center.batching import Batcher
from contact_center.bus import Bus
from contact_center.channels.base import Inbound, Receipt
from contact_center.db import Database
from contact_center.errors import Unavailable
from contact_center.migrations import run as migrations
from contact_center.runtime import Runtime
from contact_center.settings import Settings
from contact_center.sla.actions.versions import keep
from contact_center.storage import LocalStorage
from contact_center.texts import load_texts
from tests.support.browser import NEEDED, chromium
from tests.support.calendars import POLICIES, SHIPPED
from tests.support.clients import Browsers, Login, TokenFor
from tests.support.databases import (
    BACKENDS,
    postgres_server,
    run_sql,
    share_compiled_sql,
    sqlalchemy_url,
    with_database,
)
from tests.support.fakes import FakeClock

# No timed tests, for a busy machine is not a fault; and what was green once stays green.
hypothesis_settings.register_profile(
    "steady", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
hypothesis_settings.load_profile("steady")

# To delete some rows here and there is less work than to truncate every table.
EMPTY = """
DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;  -- in any order, whatever refers to what
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        -- What is in the others belongs to the schema, as tests expect it.
        CONTINUE WHEN name IN ('alembic_version', 'calendar_versions', 'policy_versions');
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    PERFORM setval(format('%I', sequencename)::regclass, 1, false)
        FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=BACKENDS, help="run on this database only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--database")
        # What a browser shows does not depend on the database; whole stories run on both.
        is_page = metafunc.definition.get_closest_marker("browser") is not None
        is_story = "acceptance" in metafunc.definition.path.parts
        backends = [chosen] if chosen else BACKENDS[:1] if is_page and not is_story else BACKENDS
        metafunc.parametrize("backend", backends, scope="session", indirect=True)


def pytest_configure(config: pytest.Config) -> None:
    """One PostgreSQL server for all workers, started by the process that starts them."""
    patch = pytest.MonkeyPatch()
    share_compiled_sql(patch)
    config.add_cleanup(patch.undo)
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    if config.getoption("--database") == "sqlite":
        return
    server = postgres_server()
    os.environ["CC_TEST_POSTGRES"] = server.__enter__()
    config.add_cleanup(lambda: server.__exit__(None, None, None))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a browser its tests are skipped, and said so; where all must run that is an error."""
    driven = [item for item in items if item.get_closest_marker("browser")]
    if not driven or chromium() is not None:
        return
    if os.environ.get("CI"):
        raise pytest.UsageError(NEEDED)
    for item in driven:
        item.add_marker(pytest.mark.skip(reason=NEEDED))


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.fixture(scope="session")
async def migrated(
    backend: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> AsyncIterator[str]:
    """This worker's own database with the current schema; on SQLite a template to copy."""
    if backend == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('template') / 'template.db'}"
        await _migrate(url)
        yield url
        return
    server, name = os.environ["CC_TEST_POSTGRES"], f"test_{worker_id}_{os.getpid()}"
    await run_sql(server, f'CREATE DATABASE "{name}"')
    url = sqlalchemy_url(with_database(server, name))
    await _migrate(url)
    yield url
    await run_sql(server, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _migrate(url: str) -> None:
    db = Database(url)
    await migrations.upgrade(db)
    async with db.begin() as session:
        await keep(session, calendars=SHIPPED, policies=POLICIES, now=NOON)
    await db.dispose()  # the last connection folds SQLite's log into the file


@pytest.fixture
async def database_url(backend: str, migrated: str, tmp_path: Path) -> AsyncIterator[str]:
    """The address of an empty database with the current schema."""
    if backend == "sqlite":
        shutil.copy(migrated.removeprefix("sqlite+aiosqlite:///"), tmp_path / "test.db")
        yield f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    else:
        yield migrated
        await run_sql(migrated.replace("+asyncpg", ""), EMPTY)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.dispose()


@pytest.fixture
async def session(db: Database) -> AsyncIterator[AsyncSession]:
    """A transaction that is rolled back."""
    async with db._writers() as session:
        yield session
        await session.rollback()


@pytest.fixture
def runtime(db: Database, clock: FakeClock, tmp_path: Path) -> Runtime:
    """Everything but the way in: replace `inbox` where a test sends messages."""

    async def nowhere(items: Sequence[Inbound]) -> Sequence[Receipt]:
        raise Unavailable("this test has no intake")

    return Runtime(
        settings=Settings(secret_key=SecretStr("a secret for tests")),
        db=db,
        bus=Bus(),
        storage=LocalStorage(tmp_path / "attachments"),
        texts=load_texts(Path("config/texts")),
        calendars=SHIPPED,
        policies=POLICIES,
        inbox=Batcher(nowhere),
        channels={},
        now=clock,
        random=Random(7),
    )


@pytest.fixture
def app(runtime: Runtime) -> web.Application:
    return build_app(runtime)


@pytest.fixture
async def server(app: web.Application) -> AsyncIterator[TestServer]:
    async with TestServer(app) as server:
        yield server


@pytest.fixture
async def browsers(server: TestServer) -> AsyncIterator[Browsers]:
    """Clients of one server, each with its own cookies."""
    async with Browsers(server) as browsers:
        yield browsers


@pytest.fixture
async def client(browsers: Browsers) -> TestClient:
    """Somebody who is not logged in."""
    return await browsers.open()


@pytest.fixture
def login(browsers: Browsers, runtime: Runtime) -> Login:
    """`lead = await login("lead")` is a client that is logged in; `lead.agent` is the agent."""
    return Login(browsers, runtime)


@pytest.fixture
def token(browsers: Browsers, runtime: Runtime) -> TokenFor:
    """`shop = await token(Permission.TICKETS_READ)` is a client with an API token."""
    return TokenFor(browsers, runtime)
