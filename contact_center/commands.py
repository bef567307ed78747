"""What the command line does to a database: each command opens it, works, and closes it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from contact_center import sqlite
from contact_center.agents import actions as agents
from contact_center.agents.models import Role
from contact_center.agents.rules import first_digest_hour
from contact_center.clock import utcnow
from contact_center.db import Database
from contact_center.demo.seeding import seed
from contact_center.errors import Conflict, Invalid, Unavailable
from contact_center.events.rules import SYSTEM
from contact_center.logins import actions as logins
from contact_center.mentions import Mention, unknown
from contact_center.migrations import run as migrations
from contact_center.settings import Settings
from contact_center.web.passwords import LONGEST, SHORTEST, Passwords
from contact_center.web.permissions import Permission


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Database]:
    """Migrated, so that the first command works on an empty disk."""
    db = Database(settings.database.url)
    try:
        await migrations.upgrade(db)
        yield db
    finally:
        await db.dispose()


async def migrate_database(settings: Settings) -> None:
    async with database(settings):
        pass


async def add_agent(settings: Settings, *, email: str, name: str, role: str, password: str) -> None:
    """Raises Invalid, Conflict."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(f"a password has {SHORTEST} to {LONGEST} characters")
    if role not in set(Role):
        raise Invalid(f"{role} is no role: choose {', '.join(Role)}")
    passwords = Passwords()
    try:
        password_hash = await passwords.hash(password)
    finally:
        passwords.close()
    async with database(settings) as db, db.begin() as session:
        await agents.add_agent(
            session,
            email=email,
            name=name,
            password_hash=password_hash,
            role=Role(role),
            by=SYSTEM,
            now=utcnow(),
            digest_hour=first_digest_hour(Role(role), settings.digests),
        )


async def create_token(settings: Settings, *, name: str, scopes: Sequence[str]) -> str:
    """The secret. Raises Invalid."""
    unknown = set(scopes) - set(Permission)
    if unknown:
        known = ", ".join(Permission)
        raise Invalid(f"{', '.join(sorted(unknown))}: no such scope; there are {known}")
    async with database(settings) as db, db.begin() as session:
        secret, _ = await logins.create_token(
            session,
            name=name,
            scopes=[Permission(scope) for scope in scopes],
            expires_at=None,
            own=frozenset(Permission),
            created_by=None,
            by=SYSTEM,
            now=utcnow(),
        )
    return secret


async def unknown_names(settings: Settings, found: Sequence[Mention]) -> list[Mention]:
    """What the configuration names and the database does not know. It is only read.

    Raises Unavailable.
    """
    db = Database(settings.database.url)
    try:
        _check_is_there(db)
        async with db.read() as session:
            return await unknown(session, found)
    except (SQLAlchemyError, OSError) as error:
        raise Unavailable(f"the database cannot be read: {error}") from error
    finally:
        await db.dispose()


def _check_is_there(db: Database) -> None:
    """SQLite would make an empty one."""
    if db.is_sqlite and not Path(db.url.database or "").exists():
        raise Unavailable("there is no database yet: `contact-center migrate` makes it")


async def seed_demo(settings: Settings) -> int:
    """How many tickets there are now. Raises Conflict for a database that is not empty."""
    async with database(settings) as db:
        return await seed(db, now=utcnow())


async def backup_database(settings: Settings, file: Path) -> None:
    """Raises Conflict, Invalid."""
    db = Database(settings.database.url)
    if not db.is_sqlite:
        raise Invalid("this is PostgreSQL: use pg_dump")
    await asyncio.to_thread(_copy, db.url.database or "", file)


def _copy(path: str, file: Path) -> None:
    if file.exists():
        raise Conflict(f"{file} exists: choose another name")
    sqlite.backup(path, str(file))
