"""Many rows with one statement: what the hot path looks up and writes.

Statements are built once, with named parameters, and compiled once. SQLAlchemy would decide for
every row anew how its values are bound; here a whole column is bound at a time, and the driver is
given the statement directly: on its way through a session it costs more than most of them do.
"""

from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import repeat
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from pydantic_core import to_json
from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Insert,
    Integer,
    Select,
    String,
    TextClause,
    TypeDecorator,
    Update,
    bindparam,
    func,
    insert,  # noqa: TID251  one statement for every slice
    select,  # noqa: TID251  and one to number its rows
)
from sqlalchemy import Table as SqlTable
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from contact_center.db import Table, is_postgresql

Rows = Sequence[Mapping[str, Any]]
_Bind = Callable[[Any], Any]
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class RetiredId(Table):
    """The highest id that was deleted from a table, kept by triggers: SQLite gives ids anew."""

    __tablename__ = "retired_ids"

    table: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[int]


async def execute_many(
    session: AsyncSession, statement: Insert | Update | TextClause, rows: Rows
) -> None:
    """Once for each row. All rows name the same parameters."""
    prepared = _prepare(statement, tuple(rows[0]), session.get_bind().dialect)
    await session.run_sync(_execute, prepared.sql, list(prepared.bind(rows)), many=True)


async def fetch(
    session: AsyncSession, statement: Select[Any], parameters: Mapping[str, Any] = _NOTHING
) -> list[Any]:
    """Rows with the columns' names."""
    prepared = _prepare(statement, tuple(parameters), session.get_bind().dialect)
    [values] = prepared.bind([parameters]) if prepared.parameters else [()]
    return prepared.read(await session.run_sync(_execute, prepared.sql, values))


async def insert_many(session: AsyncSession, table: SqlTable, rows: Rows) -> None:
    await execute_many(session, _insert(table), rows)


async def insert_new(session: AsyncSession, table: SqlTable, rows: Rows) -> None:
    """Skips rows whose keys are there already."""
    await execute_many(session, _insert_new(table), rows)


async def insert_numbered(session: AsyncSession, table: SqlTable, rows: Rows) -> list[int]:
    """Insert rows, return their ids in the order of the rows."""
    ids = await next_ids(session, table, len(rows))
    numbered = [{"id": number, **row} for number, row in zip(ids, rows, strict=True)]
    await insert_many(session, table, numbered)
    return ids


async def next_ids(session: AsyncSession, table: SqlTable, count: int) -> list[int]:
    """Ids for rows about to be inserted in one go.

    Inserting many rows *and* reading their ids back in order costs a statement a row on SQLite.
    There the transaction is the only writer, so the highest id cannot move (that of a deleted row
    is remembered where it matters); PostgreSQL gives out numbers from the column's sequence.
    """
    if is_postgresql(session):
        return sorted(row[0] for row in await fetch(session, _numbers(table), {"count": count}))
    [[last]] = await fetch(session, _last_number(table))
    return list(range(last + 1, last + 1 + count))


class one_of(FunctionElement[bool]):  # noqa: N801  written like a function
    """`one_of(column, "names")`: the column is among the values of that parameter, a list.

    One statement whatever their number, planned once. (`db.among` takes the values themselves.)
    """

    inherit_cache = True  # a type it has none: SQLite would be asked whether a Boolean "= 1"

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        super().__init__(column, bindparam(name, type_=_Several(column.type)))


@compiles(one_of, "postgresql")
def _any(element: one_of, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(one_of, "sqlite")
def _in(element: one_of, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  compiled parts


class _Several(TypeDecorator[Collection[Any]]):
    """An array on PostgreSQL, JSON on SQLite."""

    impl = String
    cache_ok = True

    def __init__(self, kind: TypeEngine[Any]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return String() if dialect.name == "sqlite" else postgresql.ARRAY(self.kind)

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        values = list(value or ())
        return to_json(values).decode() if dialect.name == "sqlite" else values


def _execute(session: Session, sql: str, values: Any, *, many: bool = False) -> Sequence[Any]:
    """Raises what SQLAlchemy would have raised."""
    connection = session.connection()
    cursor = connection.connection.cursor()
    for listener in connection.dispatch.before_cursor_execute:
        listener(connection, cursor, sql, values, None, many)
    try:
        if many:
            cursor.executemany(sql, values)
            return ()
        cursor.execute(sql, values)
        return cursor.fetchall()
    except _errors(connection.dialect) as error:
        raise _told(connection, cursor, sql, error) from error
    finally:
        cursor.close()


def _told(connection: Connection, cursor: Any, sql: str, error: Exception) -> Exception:
    dialect = connection.dialect
    is_lost = dialect.is_disconnect(cast("Any", error), cast("Any", connection.connection), cursor)
    if is_lost:  # and so are the others of its age: each would fail once
        connection.engine.pool._invalidate(connection.connection, error)
        connection.invalidate(error)
    told = DBAPIError.instance(
        sql,
        None,
        error,
        _errors(dialect),
        hide_parameters=True,
        connection_invalidated=is_lost,
        dialect=dialect,
    )
    return cast("Exception", told)


def _errors(dialect: Dialect) -> type[Exception]:
    return cast("type[Exception]", dialect.loaded_dbapi.Error)


class _Prepared(NamedTuple):
    sql: str
    parameters: Sequence[tuple[str, _Bind | None]]  # in the driver's order
    columns: Sequence[_Bind | None]  # how what is read becomes ours
    row: Callable[[Iterable[Any]], Any]
    constants: Mapping[str, Any]  # defaults of columns, and what stands in the statement itself

    def bind(self, rows: Rows) -> Iterable[tuple[Any, ...]]:
        columns: list[Iterable[Any]] = []
        for name, bind in self.parameters:
            if name in self.constants:
                values: Iterable[Any] = repeat(self.constants[name], len(rows))
            else:
                values = [row[name] for row in rows]
            columns.append(values if bind is None else map(bind, values))
        return zip(*columns, strict=True)

    def read(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        columns = zip(self.columns, zip(*found, strict=True), strict=False)
        mended = [values if read is None else map(read, values) for read, values in columns]
        return list(map(self.row, zip(*mended, strict=True)))


@lru_cache(maxsize=1000)
def _prepare(
    statement: Insert | Update | TextClause | Select[Any], names: tuple[str, ...], dialect: Dialect
) -> _Prepared:
    compiled = statement.compile(dialect=dialect, column_keys=names, for_executemany=True)
    order = compiled.positiontup or ()
    binds: dict[str, BindParameter[Any]] = compiled.binds
    constants = {name: compiled.params[name] for name in order if name not in names}
    constants |= {column.key: _default(column) for column in compiled.insert_prefetch}
    parameters = [(name, _processor(binds[name].type, dialect)) for name in order]
    columns = statement.selected_columns if isinstance(statement, Select) else ()
    readers = [
        column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns
    ]
    keys = [column.key for column in columns]
    row = cast("Any", namedtuple)("Row", keys, rename=True)  # known only here
    return _Prepared(compiled.string, parameters, readers, row._make, constants)


def _default(column: Column[Any]) -> Any:
    value = getattr(column.default, "arg", None)
    return value(None) if callable(value) else value


def _processor(kind: TypeEngine[Any], dialect: Dialect) -> _Bind | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


@cache
def _insert(table: SqlTable) -> Insert:
    return insert(table)


@cache
def _insert_new(table: SqlTable) -> Insert:
    # SQLite has the very same clause, and is compiled from this.
    return postgresql.insert(table).on_conflict_do_nothing()


@cache
def _last_number(table: SqlTable) -> Select[int]:
    kept = RetiredId.metadata.tables[RetiredId.__tablename__]
    retired = select(kept.c.id).where(kept.c.table == table.name)
    highest = func.coalesce(func.max(table.c.id), 0)
    return select(func.max(highest, func.coalesce(retired.scalar_subquery(), 0)))


@cache
def _numbers(table: SqlTable) -> Select[int]:
    sequence = cast_to(func.pg_get_serial_sequence(table.name, "id"), postgresql.REGCLASS)
    series = func.generate_series(1, bindparam("count", type_=Integer()))
    return select(func.nextval(sequence)).select_from(series)
