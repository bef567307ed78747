"""All that the invariants look at, read after every step; what did not change is not read again."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from contact_center.db import Table

TABLES = ("tickets", "clocks", "work_orders", "promises", "handovers", "absences", "agents")
Row = Any  # of a table, by its columns' names


class Sight:
    """Rows by table and id, as they are and (`before`) as they were one step earlier."""

    def __init__(self) -> None:
        self.now: dict[str, dict[int, Row]] = {name: {} for name in TABLES}
        self.before: dict[str, dict[int, Row]] = self.now
        self.events: dict[int, list[Row]] = {}  # of each ticket
        self.fresh: list[Row] = []  # events of the last step
        self._raw: dict[str, dict[int, tuple[Any, ...]]] = {name: {} for name in TABLES}
        self._last = 0

    def look(self, connection: Connection) -> None:
        self.before = self.now
        self.now = {name: self._read(connection, name) for name in TABLES}
        events = Table.metadata.tables["events"]
        found = select(events).where(events.c.id > self._last).order_by(events.c.id)
        self.fresh = list(connection.execute(found))
        for event in self.fresh:
            self._last = event.id
            if event.ticket_id is not None:
                self.events.setdefault(event.ticket_id, []).append(event)

    def changed(self, name: str) -> Iterator[tuple[Row | None, Row]]:
        """Rows that are new or another than one step earlier."""
        before = self.before[name]
        for number, row in self.now[name].items():
            if before.get(number) is not row:
                yield before.get(number), row

    def of(self, name: str, ticket_id: int) -> list[Row]:
        return [row for row in self.now[name].values() if row.ticket_id == ticket_id]

    def _read(self, connection: Connection, name: str) -> dict[int, Row]:
        """Rows as the driver gives them are compared; only new ones are worth converting."""
        old, known, table = self._raw[name], self.now[name], Table.metadata.tables[name]
        found = connection.exec_driver_sql(f"SELECT id, t.* FROM {name} t ORDER BY id")  # noqa: S608
        self._raw[name] = raw = {row[0]: tuple(row) for row in found}
        changed = [number for number, row in raw.items() if old.get(number) != row]
        if not changed and len(raw) == len(known):
            return known
        rows: dict[int, Row] = {}
        if changed:
            fresh = connection.execute(select(table).where(table.c.id.in_(changed)))
            rows = {row.id: row for row in fresh}
        return {number: rows.get(number) or known[number] for number in raw}
