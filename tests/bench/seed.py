"""Fills a database with many tickets, by SQL: years of a busy desk in minutes.

Of a thousand tickets ten are active and in time, the others closed; each has two messages and two
events. Thinner than life: one of the messages can be searched, one has an arrival, and only
active tickets have clocks. One message in ten says "parcel" and 退款; ten in all say a rare word.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Insert,
    Integer,
    Select,
    String,
    column,
    func,
    insert,
    literal_column,
    select,
    table,
    text,
)

from contact_center.agents.models import Team, TeamMember
from contact_center.clock import utcnow
from contact_center.db import Database, Table
from contact_center.search import tokens
from tests.support.factories import make_agent

COMMON_EN, COMMON_ZH = "parcel", "退款"
RARE_EN, RARE_ZH = "quokka", "麒麟"
STEP = 50_000  # tickets in one transaction
AGENTS = 20

OWNER = "CASE WHEN n % 1000 >= 5 THEN 1 + (n / 1000) % 20 END"
STATUS = (
    "CASE WHEN n % 1000 < 5 THEN 'queued' WHEN n % 1000 < 8 THEN 'open' "
    "WHEN n % 1000 < 10 THEN 'waiting_customer' ELSE 'closed' END"
)
IS_ACTIVE, IS_COMMON, IS_RARE = "n % 1000 < 10", "n % 10 = 3", "n % {tenth} = 1"
SAID = (
    "'Where is my order ' || n || '? It should have been here on Monday.' || "
    f"CASE WHEN {IS_COMMON} THEN ' The {COMMON_EN}, {COMMON_ZH}.' ELSE '' END || "
    f"CASE WHEN {IS_RARE} THEN ' A {RARE_EN}, {RARE_ZH}.' ELSE '' END"
)
_TALK = {"ticket_id": "n", "conversation_id": "n", "channel": "'api'", "created_at": "{at}"}
# Of the nth ticket: SQL for each column that has no default.
ROWS: list[tuple[str, dict[str, str]]] = [
    ("customers", {"id": "n", "name": "'Customer ' || n", "created_at": "{at}"}),
    (
        "identities",
        {
            "id": "n",
            "customer_id": "n",
            "channel": "'api'",
            "address": "'seed-' || n",
            "created_at": "{at}",
        },
    ),
    *(
        ("customer_words", {"token": token, "customer_id": "n"})
        for token in ("'customer'", "'seed'", "'' || n")
    ),
    (
        "conversations",
        {
            "id": "n",
            "channel": "'api'",
            "thread": "'seed-' || n",
            "address": "'seed-' || n",
            "customer_id": "n",
            "identity_id": "n",
            "ticket_id": "n",
            "created_at": "{at}",
            "updated_at": "{at}",
        },
    ),
    (
        "tickets",
        {
            "id": "n",
            "public_token": "'seed-' || n",
            "status": STATUS,
            "subject": "'Where is order ' || n",
            "channel": "'api'",
            "customer_id": "n",
            "conversation_id": "n",
            "team_id": "1",
            "owner_id": OWNER,
            "assignee_id": OWNER,
            "message_count": "2",
            "event_count": "2",
            "created_at": "{at}",
            "updated_at": "{at}",
            "waiting_since": f"CASE WHEN {IS_ACTIVE} THEN {{at}} END",
            "next_due_at": f"CASE WHEN {IS_ACTIVE} THEN {{due}} END",
            "breached_at": "CASE WHEN n % 500 = 0 THEN {at} END",
            "resolved_at": "CASE WHEN n % 1000 >= 10 THEN {at} END",
            "closed_at": "CASE WHEN n % 1000 >= 10 THEN {at} END",
        },
    ),
    (
        "messages",
        _TALK
        | {
            "id": "2 * n - 1",
            "direction": "'in'",
            "author": "'customer'",
            "author_id": "n",
            "external_id": "'seed-' || n",
            "text": SAID,
        },
    ),
    (
        "messages",
        _TALK
        | {
            "id": "2 * n",
            "direction": "'out'",
            "author": "'agent'",
            "author_id": "1 + n % 20",
            "external_id": "'reply-' || n",
            "text": "'It is on its way.'",
        },
    ),
    (
        "events",
        {
            "id": "2 * n - 1",
            "ticket_id": "n",
            "seq": "1",
            "kind": "'ticket.opened'",
            "actor": "'customer:' || n",
            "at": "{at}",
        },
    ),
    (
        "events",
        {
            "id": "2 * n",
            "ticket_id": "n",
            "seq": "2",
            "kind": "'message.sent'",
            "actor": "'agent:' || (1 + n % 20)",
            "at": "{at}",
        },
    ),
    (
        "clocks",
        {
            "id": "n",
            "ticket_id": "n",
            "kind": "'resolution'",
            "target": "86400",
            "started_at": "{at}",
            "due_at": "{due}",
        },
    ),
    (
        "arrivals",
        {
            "channel": "'api'",
            "external_id": "'seed-' || n",
            "outcome": "'ticketed'",
            "message_id": "2 * n - 1",
            "ticket_id": "n",
            "received_at": "{at}",
        },
    ),
]


async def seed(url: str, *, tickets: int) -> None:
    """Into an empty database."""
    db = Database(url)
    await _staff(db)
    for first in range(1, tickets + 1, STEP):
        async with db.begin() as session:
            if not db.is_sqlite:  # the keys are right: do not look each one up
                await session.execute(text("SET LOCAL session_replication_role = replica"))
            numbers = _numbers(db, first=first, last=min(first + STEP - 1, tickets))
            for statement in _statements(db, numbers, tenth=max(tickets // 10, 1)):
                await session.execute(statement)
    if not db.is_sqlite:
        await _keep_house(db)
    await db.dispose()


async def _staff(db: Database) -> None:
    async with db.begin() as session:
        team = Team(name="Support", created_at=utcnow())
        session.add(team)
        agents = [await make_agent(session, now=utcnow()) for _ in range(AGENTS)]
        session.add(TeamMember(team_id=team.id, agent_id=agents[0].id))


def _numbers(db: Database, *, first: int, last: int) -> Any:
    n = column("n", Integer)
    if not db.is_sqlite:
        return func.generate_series(first, last).table_valued(n, name="numbers").render_derived()
    counting: Any = select(literal_column(str(first)).label("n")).cte("numbers", recursive=True)
    following = select(counting.c.n + literal_column("1")).where(counting.c.n < last)
    return counting.union_all(following)


def _statements(db: Database, numbers: Any, *, tenth: int) -> list[Insert]:
    moment = "to_timestamp({})"
    if db.is_sqlite:
        moment = "strftime('%Y-%m-%d %H:%M:%f', {}, 'unixepoch') || '000'"
    now = int(utcnow().timestamp())
    values = {
        "at": moment.format(f"{now - 60_000_000} + n * 60"),
        "due": moment.format(f"{now + 86_400} + n"),
        "tenth": tenth,
    }
    made = []
    for name, row in ROWS:
        rows = _select(row, numbers, values)
        if name == "clocks":
            rows = rows.where(text(IS_ACTIVE))
        made.append(insert(Table.metadata.tables[name]).from_select(list(row), rows))
    words = _search_row(db)
    search = table("message_search", *(column(name) for name in words))
    found = _select(words, numbers, values)
    return [*made, insert(search).from_select(list(words), found)]


def _search_row(db: Database) -> dict[str, str]:
    plain, common, rare = (
        " ".join(tokens(said))
        for said in (
            "Where is my order? It should have been here on Monday",
            f"{COMMON_EN} {COMMON_ZH}",
            f"{RARE_EN} {RARE_ZH}",
        )
    )
    listed = (
        f"'{plain} ' || n || CASE WHEN {IS_COMMON} THEN ' {common}' ELSE '' END "
        f"|| CASE WHEN {IS_RARE} THEN ' {rare}' ELSE '' END"
    )
    if db.is_sqlite:
        return {"rowid": "2 * n - 1", "tokens": listed}
    vector = f"array_to_tsvector(string_to_array({listed}, ' '))"
    return {"message_id": "2 * n - 1", "tokens": vector}


def _select(row: Mapping[str, str], numbers: Any, values: Mapping[str, Any]) -> Select[Any]:
    columns = (literal_column(value.format(**values), String) for value in row.values())
    return select(*columns).select_from(numbers)


async def _keep_house(db: Database) -> None:
    """As PostgreSQL does by itself: sequences go on behind the last id, the planner knows."""
    async with db.begin() as session:
        for name in dict(ROWS):
            if name in ("arrivals", "customer_words"):
                continue
            sequence = func.pg_get_serial_sequence(name, "id")
            last = select(func.max(Table.metadata.tables[name].c.id)).scalar_subquery()
            await session.execute(select(func.setval(sequence, last)))
        await session.execute(text("ANALYZE"))
