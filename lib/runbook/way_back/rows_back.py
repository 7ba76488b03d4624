"""Rows of a backup, back into one table: all of them, or those that are missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from ..errors import Refused
from ..findings import PASS, WARN, Finding
from .backup import Saved, shown

_SCRATCH = "restored_rows"


def copy_in(conn: psycopg.Connection, folder: Path, item: Saved, into: str) -> None:
    """COPY the file of a saved table into a table; generated columns work themselves out."""
    statement = sql.SQL("copy {} ({}) from stdin").format(as_quoted(into), _list(item.columns))
    with (
        (folder / item.file).open("rb") as file,
        conn.cursor() as cursor,
        cursor.copy(statement) as rows,
    ):
        while block := file.read(1 << 18):
            rows.write(block)


def merge(conn: psycopg.Connection, folder: Path, item: Saved) -> Finding:
    """A table that the rollback kept: missing rows back, and the columns that had gone filled.

    Rows that somebody wrote or changed since stay as they are, and are counted.

    Raises:
        Refused: there is no primary key to tell the rows apart by.
    """
    if not item.key:
        raise Refused(
            f"{item.table} has no primary key: its rows cannot be told apart.",
            remedy=f"Put them back by hand: {shown(folder)}/{item.file} is in COPY's text format.",
        )
    table, columns = as_quoted(item.table), _list(item.columns)
    scratch = sql.Identifier(_SCRATCH)
    conn.execute(
        sql.SQL("create temp table {} on commit drop as select {} from {} limit 0").format(
            scratch, columns, table
        )
    )
    copy_in(conn, folder, item, _SCRATCH)
    same = sql.SQL(" and ").join(
        sql.SQL("t.{0} = s.{0}").format(sql.Identifier(column)) for column in item.key
    )
    insert = sql.SQL(
        "insert into {0} ({1}) overriding system value select {1} from {2} as s"
        " where not exists (select from {0} as t where {3})"
    )
    added = conn.execute(insert.format(table, columns, scratch, same)).rowcount
    filled = _fill(conn, item, same) if item.lost else 0
    differ = sql.SQL(
        "select count(*) from {} as s join {} as t on {} where row({})::text <> row({})::text"
    )
    row = conn.execute(
        differ.format(scratch, table, same, _list(item.columns, "s"), _list(item.columns, "t"))
    ).fetchone()
    conn.execute(sql.SQL("drop table {}").format(scratch))
    assert row is not None
    observed = f"{added} of {item.rows} rows were missing and are back"
    if item.lost:
        observed += f"; {', '.join(item.lost)} filled in {filled}"
    if row[0]:
        observed += f"; {row[0]} were changed since and stay as they are"
    return Finding("Rows", item.table, "as saved", observed, WARN if row[0] else PASS)


def as_quoted(name: str) -> sql.SQL:
    """A name that the server itself has quoted."""
    return sql.SQL(name)  # type: ignore[arg-type]


def _fill(conn: psycopg.Connection, item: Saved, same: sql.Composed) -> int:
    written = [column for column in item.lost if column in item.columns]
    if not written:
        return 0
    values = sql.SQL(", ").join(
        sql.SQL("{0} = s.{0}").format(sql.Identifier(column)) for column in written
    )
    update = sql.SQL("update {} as t set {} from {} as s where {}")
    done = conn.execute(
        update.format(as_quoted(item.table), values, sql.Identifier(_SCRATCH), same)
    )
    return done.rowcount


def _list(columns: Sequence[str], of: str = "") -> sql.Composed:
    names = [sql.Identifier(of, column) if of else sql.Identifier(column) for column in columns]
    return sql.SQL(", ").join(names)
