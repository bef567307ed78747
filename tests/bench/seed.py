"""Fills a database with many tickets, by SQL: years of a busy desk in minutes.

Of a thousand tickets ten are active, ten resolved, the others closed; each has two messages and
two events. Thinner than life: one of the messages can be searched, one has an arrival, and only
active tickets have clocks. One message in ten says "parcel" and 退款; ten in all say a rare word.
"""

from collections.abc import Iterator

from sqlalchemy import text

from contact_center.db import Database
from contact_center.search import tokens

COMMON_EN, COMMON_ZH = "parcel", "退款"
RARE_EN, RARE_ZH = "quokka", "麒麟"
STEP = 50_000  # tickets in one transaction

# {n} is the number of the row; {at} an instant that grows with it.
STATEMENTS = (
    "INSERT INTO customers (id, name, language, note, version, created_at) "
    "SELECT n, 'Customer ' || n, 'en', '', 1, {at} FROM {numbers}",
    "INSERT INTO identities (id, customer_id, channel, address, name, verified, created_at) "
    "SELECT n, n, 'api', 'seed-' || n, '', {false}, {at} FROM {numbers}",
    "INSERT INTO conversations (id, channel, thread, address, customer_id, identity_id, "
    "ticket_id, language, dialogue, customer_read_id, created_at, updated_at) "
    "SELECT n, 'api', 'seed-' || n, 'seed-' || n, n, n, n, 'en', '{{}}', 0, {at}, {at} "
    "FROM {numbers}",
    "INSERT INTO tickets (id, public_token, kind, status, priority, subject, tags, facts, "
    "language, channel, customer_id, conversation_id, team_id, owner_id, assignee_id, "
    "reopen_count, message_count, event_count, version, created_at, updated_at, "
    "waiting_since, next_due_at, breached_at, resolved_at, closed_at) "
    "SELECT n, 'seed-' || n, 'inquiry', {status}, 'normal', 'Where is order ' || n, '[]', '{{}}', "
    "'en', 'api', n, n, 1, CASE WHEN n % 1000 >= 5 THEN 1 + n % 20 END, "
    "CASE WHEN n % 1000 >= 5 THEN 1 + n % 20 END, 0, 2, 2, 1, {at}, {at}, "
    "CASE WHEN n % 1000 < 10 THEN {at} END, CASE WHEN n % 1000 < 10 THEN {at} END, "
    "CASE WHEN n % 500 = 0 THEN {at} END, CASE WHEN n % 1000 >= 10 THEN {at} END, "
    "CASE WHEN n % 1000 >= 20 THEN {at} END FROM {numbers}",
    "INSERT INTO messages (id, ticket_id, conversation_id, direction, author, author_id, channel, "
    "external_id, text, buttons, has_attachments, created_at) "
    "SELECT 2 * n - 1, n, n, 'in', 'customer', n, 'api', 'seed-' || n, {said}, '[]', {false}, {at} "
    "FROM {numbers}",
    "INSERT INTO messages (id, ticket_id, conversation_id, direction, author, author_id, channel, "
    "external_id, text, buttons, has_attachments, created_at) "
    "SELECT 2 * n, n, n, 'out', 'agent', 1 + n % 20, 'api', 'reply-' || n, 'It is on its way.', "
    "'[]', {false}, {at} FROM {numbers}",
    "INSERT INTO events (id, ticket_id, seq, kind, actor, data, at) "
    "SELECT 2 * n - 1, n, 1, 'ticket.opened', 'customer:' || n, '{{}}', {at} FROM {numbers}",
    "INSERT INTO events (id, ticket_id, seq, kind, actor, data, at) "
    "SELECT 2 * n, n, 2, 'message.sent', 'agent:' || (1 + n % 20), '{{}}', {at} FROM {numbers}",
    "INSERT INTO clocks (id, ticket_id, kind, state, target, started_at, due_at) "
    "SELECT n, n, 'resolution', 'running', 86400, {at}, {at} FROM {numbers} WHERE n % 1000 < 10",
    "INSERT INTO arrivals (channel, external_id, outcome, message_id, ticket_id, received_at) "
    "SELECT 'api', 'seed-' || n, 'ticketed', 2 * n - 1, n, {at} FROM {numbers}",
    "INSERT INTO message_search ({key}, tokens) SELECT 2 * n - 1, {tokens} FROM {numbers}",
)
STATUS = (
    "CASE WHEN n % 1000 < 5 THEN 'queued' WHEN n % 1000 < 8 THEN 'open' "
    "WHEN n % 1000 < 10 THEN 'waiting_customer' WHEN n % 1000 < 20 THEN 'resolved' "
    "ELSE 'closed' END"
)
SQLITE = {
    "numbers": "(WITH RECURSIVE s (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s "
    "WHERE n < {last}) SELECT n FROM s)",
    "at": "strftime('%Y-%m-%d %H:%M:%f', 1700000000 + n * 60, 'unixepoch') || '000'",
    "false": "0",
    "key": "rowid",
}
POSTGRESQL = {
    "numbers": "generate_series({first}, {last}) AS s (n)",
    "at": "to_timestamp(1700000000 + n * 60)",
    "false": "false",
    "key": "message_id",
}


async def seed(url: str, *, tickets: int) -> None:
    db = Database(url)
    await _staff(db)
    for first in range(1, tickets + 1, STEP):
        async with db.begin() as session:
            if not db.is_sqlite:  # the keys are right: do not look each one up
                await session.execute(text("SET LOCAL session_replication_role = replica"))
            last = min(first + STEP - 1, tickets)
            for statement in _statements(db, first=first, last=last, tickets=tickets):
                await session.execute(text(statement))
    await _finish(db)
    await db.dispose()


async def _staff(db: Database) -> None:
    now = (SQLITE if db.is_sqlite else POSTGRESQL)["at"].replace("n * 60", "0")
    active = "1" if db.is_sqlite else "true"
    async with db.begin() as session:
        await session.execute(
            text(f"INSERT INTO teams (id, name, version, created_at) SELECT 1, 'Support', 1, {now}")
        )
        for n in range(1, 21):
            await session.execute(
                text(
                    "INSERT INTO agents (id, email, name, password_hash, role, presence, "
                    "capacity, skills, languages, language, time_zone, active, version, "
                    f"created_at) SELECT {n}, 'seed{n}@example.com', 'Agent {n}', '!', 'agent', "
                    f"'online', 100, '[]', '[]', 'en', 'UTC', {active}, 1, {now}"
                )
            )
        await session.execute(text("INSERT INTO team_members (team_id, agent_id) VALUES (1, 1)"))


def _statements(db: Database, *, first: int, last: int, tickets: int) -> Iterator[str]:
    words = SQLITE if db.is_sqlite else POSTGRESQL
    numbers = words["numbers"].format(first=first, last=last)
    at = words["at"]
    rare = f"n % {max(tickets // 10, 1)} = 1"
    said = (
        "'Where is my order ' || n || '? It should have been here on Monday.' || "
        f"CASE WHEN n % 10 = 3 THEN ' The {COMMON_EN}, {COMMON_ZH}.' ELSE '' END || "
        f"CASE WHEN {rare} THEN ' A {RARE_EN}, {RARE_ZH}.' ELSE '' END"
    )
    plain = " ".join(tokens("Where is my order? It should have been here on Monday"))
    common = " ".join(tokens(COMMON_EN) + tokens(COMMON_ZH))
    found = " ".join(tokens(RARE_EN) + tokens(RARE_ZH))
    listed = (
        f"'{plain} ' || n || CASE WHEN n % 10 = 3 THEN ' {common}' ELSE '' END "
        f"|| CASE WHEN {rare} THEN ' {found}' ELSE '' END"
    )
    if not db.is_sqlite:
        listed = f"array_to_tsvector(string_to_array({listed}, ' '))"
    for statement in STATEMENTS:
        sql = statement.format(
            numbers=numbers,
            at=at,
            false=words["false"],
            key=words["key"],
            status=STATUS,
            said=said,
            tokens=listed,
        )
        yield sql.replace(":", r"\:")  # none of them is a parameter


async def _finish(db: Database) -> None:
    """As PostgreSQL's own housekeeping would leave it: sequences go on, the planner knows."""
    if db.is_sqlite:
        return
    numbered = (
        "customers", "identities", "conversations", "tickets", "messages", "events", "clocks",
        "teams", "agents",
    )  # fmt: skip
    async with db.begin() as session:
        for table in numbered:
            await session.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "  # noqa: S608
                    f"(SELECT max(id) FROM {table}))"
                )
            )
        await session.execute(text("ANALYZE"))
