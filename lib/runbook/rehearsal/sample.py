"""A few rows of each table, with the rows that they refer to: a sample that hangs together.

The target is read in one read-only snapshot. Rows stay on the embedded server, in a database that
is dropped when the rehearsal ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from ..redact import redact
from ..resources import query

_TIMEOUT_MS = 30_000
_AT_ONCE = 500
Row = tuple[str | None, ...]


@dataclass
class Table:
    """One table of the target.

    Fields:
        columns: that can be written, in order.
        keys: (columns here, schema and name of the other table, columns there) of foreign keys.
        sampled: whether rows are taken from it; else only those that others refer to.
        rows: as text, by their place in the table: equal rows are several rows.
    """

    schema: str
    name: str
    columns: list[str]
    keys: list[tuple[list[str], tuple[str, str], list[str]]]
    sampled: bool
    rows: dict[str, Row] = field(default_factory=dict)

    @property
    def sql(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def take(conn: psycopg.Connection, count: int) -> tuple[list[Table], list[str]]:
    """Read up to `count` rows of each table and all rows that these refer to.

    Returns:
        The tables with their rows, and in words which could not be read.
    """
    unread: list[str] = []
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        conn.execute(f"set local statement_timeout = {_TIMEOUT_MS}")
        conn.execute("set local row_security = off")  # an error instead of silently no rows
        listed = conn.execute(query("sample_tables")).fetchall()
        tables = {(s, n): Table(s, n, columns, [], ours) for s, n, columns, ours in listed}
        for schema, name, columns, other_schema, other, there in conn.execute(
            query("sample_keys")
        ).fetchall():
            if (schema, name) in tables:
                tables[schema, name].keys.append((columns, (other_schema, other), there))
        fresh: list[tuple[Table, dict[str, Row]]] = []
        for table in tables.values():
            if table.sampled and table.columns:
                fresh.append((table, _read(conn, table, unread, limit=count)))
        while fresh:
            table, rows = fresh.pop()
            new = {place: row for place, row in rows.items() if place not in table.rows}
            table.rows |= new
            fresh += _parents(conn, table, list(new.values()), tables, unread)
    return [table for table in tables.values() if table.rows], sorted(set(unread))


def _parents(
    conn: psycopg.Connection,
    table: Table,
    rows: Sequence[Row],
    tables: dict[tuple[str, str], Table],
    unread: list[str],
) -> Iterator[tuple[Table, dict[str, Row]]]:
    for columns, other, there in table.keys:
        places = [table.columns.index(c) for c in columns if c in table.columns]
        wanted = {tuple(row[place] for place in places) for row in rows}
        wanted = {key for key in wanted if None not in key}
        if wanted and other in tables and len(places) == len(columns):
            keys = list(wanted)
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                yield tables[other], _read(conn, tables[other], unread, where=there, keys=some)


def _read(
    conn: psycopg.Connection,
    table: Table,
    unread: list[str],
    *,
    limit: int | None = None,
    where: Sequence[str] = (),
    keys: Sequence[Row] = (),
) -> dict[str, Row]:
    columns = sql.SQL(", ").join(
        sql.SQL("{}::text").format(sql.Identifier(c)) for c in table.columns
    )
    text = sql.SQL("select tableoid::text || ctid::text, {} from {}").format(columns, table.sql)
    if keys:
        # Without a cast: the values take the columns' types, and an index can be used.
        named = sql.SQL(", ").join(map(sql.Identifier, where))
        row = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(where)))
        listed = sql.SQL(", ").join([row] * len(keys))
        text += sql.SQL(" where ({}) in ({})").format(named, listed)
    text += sql.SQL(" limit {}").format(sql.Literal(limit))
    try:
        with conn.transaction():
            found = conn.execute(text, [value for key in keys for value in key])
            return {place: tuple(row) for place, *row in found}
    except psycopg.Error as error:
        if conn.closed:
            raise
        unread.append(f"rows of {table}: {redact(error.diag.message_primary or str(error))}")
        return {}


def put(conn: psycopg.Connection, tables: Sequence[Table]) -> list[str]:
    """Write the rows into the copy.

    Args:
        conn: as superuser: triggers and foreign keys sleep meanwhile, nothing is fired twice.

    Returns:
        In words, the tables whose rows could not be written.
    """
    left = []
    for table in tables:
        columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
        values = sql.SQL(", ").join([sql.Placeholder()] * len(table.columns))
        insert = sql.SQL(
            "insert into {} ({}) overriding system value values ({}) on conflict do nothing"
        ).format(table.sql, columns, values)
        try:
            with conn.transaction(), conn.cursor() as cursor:
                cursor.execute("set local session_replication_role = replica")
                cursor.executemany(insert, list(table.rows.values()))
                owned = {"table": table.sql.as_string(conn)}
                for sequence, column in conn.execute(query("sample_sequences"), owned).fetchall():
                    highest = sql.SQL("select setval({}, greatest(max({}), 1)) from {}")
                    cursor.execute(highest.format(sequence, sql.Identifier(column), table.sql))
        except psycopg.Error as error:
            left.append(f"rows of {table}: {redact(error.diag.message_primary or str(error))}")
    return left
