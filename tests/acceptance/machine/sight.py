"""All that the invariants look at, read after every step; what nobody wrote is not read again."""

from collections import namedtuple
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect

from contact_center.db import Table

TABLES = (
    "tickets",
    "clocks",
    "work_orders",
    "promises",
    "handovers",
    "absences",
    "agents",
    "complaints",
    "complaint_decisions",
    "redress_items",
    "corrective_actions",
)
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

    def look(self, connection: Connection, written: Collection[str]) -> None:
        self.before, self.fresh = self.now, []
        fresh = {name: self._read(connection, name) for name in TABLES if name in written}
        self.now = self.now | fresh
        if "events" in written:
            self._listen(connection)

    def nothing(self) -> None:
        """Happened in the last step."""
        self.before, self.fresh = self.now, []

    def _listen(self, connection: Connection) -> None:
        kind = _kind(connection.dialect, "events")
        sql = f"{kind.sql} WHERE id > {self._last} ORDER BY id"
        for raw in connection.exec_driver_sql(sql):
            event = kind.row(raw)
            self._last = event.id
            self.fresh.append(event)
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
        kind, old, known = _kind(connection.dialect, name), self._raw[name], self.now[name]
        found = connection.exec_driver_sql(f"{kind.sql} ORDER BY 1")
        self._raw[name] = raw = {row[0]: tuple(row) for row in found}
        return {
            number: known[number] if old.get(number) == row else kind.row(row)
            for number, row in raw.items()
        }


@lru_cache
def _kind(dialect: Dialect, name: str) -> "_Kind":
    return _Kind(dialect, name)


class _Kind:
    """How to read rows of one table: faster than a statement of SQLAlchemy's, and as typed."""

    def __init__(self, dialect: Dialect, name: str) -> None:
        columns = [*Table.metadata.tables[name].columns]
        columns.sort(key=lambda column: not column.primary_key)
        self.sql = f"SELECT {', '.join(column.name for column in columns)} FROM {name}"  # noqa: S608
        self._type = namedtuple(name, [column.name for column in columns])  # type: ignore[misc]  of a name it does not know
        types = [column.type.dialect_impl(dialect) for column in columns]
        self._convert = [one.result_processor(dialect, None) for one in types]

    def row(self, raw: Sequence[Any]) -> Row:
        pairs = zip(self._convert, raw, strict=True)
        return self._type(*[convert(value) if convert else value for convert, value in pairs])
