"""The stories once played, kept as rows: playing takes half a minute, loading half a second.

`python -m tests.record_demo` plays them anew, which is needed when tables change. Moments are
kept relative to that of the recording, so that what was new then is new whenever it is loaded.
"""

import gzip
import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import Table as SqlTable
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.customers.queries import WORDS, index_again, page_of_customers
from contact_center.db import Table, UtcDateTime
from contact_center.deliveries.models import DeliveryStatus
from contact_center.demo import queries
from contact_center.messages.queries import index_messages

FILE = Path(__file__).parent / "content" / "recording.json.gz"

# What holds today is there before anything is loaded.
_KEPT_AT_START = ("calendar_versions", "policy_versions")
# Moments inside of texts: as the log writes them, and as customers read them.
_PRECISE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00")
_READABLE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")
_PLAIN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?!\d|:)")  # the demo's zone is UTC, said or not
_PROMISED = re.compile(r'"(?:next_at|until)":"<at:(-?\d+)>"')
_KEPT = re.compile(r"<(at|by|on):(-?\d+)>")


async def record(session: AsyncSession, *, at: datetime) -> bytes:
    """All rows; without what must differ everywhere (`load` makes it anew)."""
    tables = {}
    for table in Table.metadata.sorted_tables:
        rows = await queries.all_rows(session, table)
        if rows and table is not WORDS:  # made of the others
            names = [column.name for column in table.columns]
            kept = [[_kept(value, at) for value in _lean(dict(row))] for row in rows]
            tables[table.name] = {"columns": names, "rows": kept}
    text = json.dumps(tables, ensure_ascii=False, separators=(",", ":"))
    text = _PRECISE.sub(lambda m: f"<at:{_seconds(m[0], at)}>", text)
    text = _READABLE.sub(lambda m: f"<by:{_seconds(m[0].replace(' UTC', '+00:00'), at)}>", text)
    promised = _promised(text, at)
    text = _PLAIN.sub(lambda m: f"<on:{promised.get(m[0]) or _seconds(m[0] + 'Z', at)}>", text)
    return gzip.compress(text.encode(), mtime=0)


def _promised(text: str, at: datetime) -> dict[str, int]:
    """Texts leave out the seconds that the log knows: moved, both must fall into one minute."""
    found = (int(seconds) for seconds in _PROMISED.findall(text))
    return {f"{at + timedelta(seconds=seconds):%Y-%m-%d %H:%M}": seconds for seconds in found}


async def load(
    session: AsyncSession, recording: bytes, *, password_hash: str, now: datetime
) -> None:
    """Into empty tables."""
    text = _KEPT.sub(lambda m: _said(m[1], int(m[2]), now), gzip.decompress(recording).decode())
    tables: dict[str, Any] = json.loads(text)
    _fatten(tables)
    for table in Table.metadata.sorted_tables:
        if (kept := tables.get(table.name)) is not None:
            rows = list(_rows(table, kept, password_hash=password_hash, now=now))
            if table.name in _KEPT_AT_START:
                rows = await queries.missing_rows(session, table, rows)
            await queries.insert_rows(session, table, rows)
    await index_messages(session, _words(tables))
    for customer in await page_of_customers(session, after=0, limit=10_000):
        await index_again(session, customer)


def _rows(
    table: SqlTable, kept: Mapping[str, Any], *, password_hash: str, now: datetime
) -> Iterator[dict[str, Any]]:
    """A column that is gone is left out; a new one gets its default."""
    columns: Sequence[str] = kept["columns"]
    known = [(number, name) for number, name in enumerate(columns) if name in table.columns]
    moments = [name for _, name in known if isinstance(table.columns[name].type, UtcDateTime)]
    for values in kept["rows"]:
        row = {name: values[number] for number, name in known}
        for name in moments:
            if row[name] is not None:
                row[name] = now + timedelta(seconds=row[name])
        if "password_hash" in row:
            row["password_hash"] = password_hash
        if "public_token" in row:
            row["public_token"] = secrets.token_urlsafe(24)
        yield row


def _lean(row: Mapping[str, Any]) -> list[Any]:
    """What has been sent says what its message says: once is enough."""
    if row.get("payload") and row.get("message_id") and row["status"] is DeliveryStatus.SENT:
        return [None if name == "payload" else value for name, value in row.items()]
    return list(row.values())


def _fatten(tables: Mapping[str, Any]) -> None:
    words, deliveries = _words(tables), tables["deliveries"]
    payload = deliveries["columns"].index("payload")
    message = deliveries["columns"].index("message_id")
    for row in deliveries["rows"]:
        row[payload] = row[payload] or {"text": words[row[message]]}


def _words(tables: Mapping[str, Any]) -> dict[int, str]:
    """What the messages say."""
    messages = tables["messages"]
    number, text = messages["columns"].index("id"), messages["columns"].index("text")
    return {row[number]: row[text] for row in messages["rows"]}


def _kept(value: Any, at: datetime) -> Any:
    if isinstance(value, datetime):
        return round((value - at).total_seconds(), 3)
    return value.value if isinstance(value, Enum) else value


def _seconds(moment: str, at: datetime) -> int:
    return round((datetime.fromisoformat(moment).astimezone(UTC) - at).total_seconds())


def _said(how: str, seconds: int, now: datetime) -> str:
    moment = now + timedelta(seconds=seconds)
    if how == "at":
        return moment.isoformat()
    return f"{moment:%Y-%m-%d %H:%M} UTC" if how == "by" else f"{moment:%Y-%m-%d %H:%M}"
