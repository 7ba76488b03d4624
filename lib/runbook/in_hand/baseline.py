"""Existing data: how many rows each table held before the phases, and a checksum over them.

Written to the ledger before the first migration, and measured again afterwards: the answer to
"did we lose anything?" that does not depend on the migrations' own account. The checksum does not
depend on the order of rows, and covers the columns that were there then; columns that a migration
adds do not change it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import psycopg
from psycopg import sql

from .. import catalog, history, ledger
from ..findings import FAIL, PASS, SKIP, WARN, Finding
from ..ledger import DONE, Author, latest
from ..plan import Plan
from ..resources import query

# Above this many rows (the planner's estimate) a checksum would be felt; they are only said.
MOST_ROWS = 5_000_000


@dataclass(frozen=True)
class Measured:
    """One table: its rows and the sum of their 64-bit hashes; None where it was not measured."""

    table: str
    columns: tuple[str, ...]
    rows: int | None
    checksum: str | None
    reason: str = ""


def measure(conn: psycopg.Connection, only: dict[str, list[str]] | None = None) -> list[Measured]:
    """Count and hash the rows of every user table, all in one read-only snapshot.

    Args:
        only: table → columns, to measure just what an earlier measure covered.

    Raises:
        psycopg.errors.InsufficientPrivilege: rows would be hidden by row-level security; a count
            that policies filter would be a lie.
    """
    found = []
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        # How a value reads as text, and so its hash, must not depend on who asks.
        conn.execute(catalog.PINNED)
        conn.execute("set local row_security = off")
        for schema, name, columns, estimated, readable in conn.execute(
            query("baseline_tables"), {}
        ).fetchall():
            table = f"{schema}.{name}"
            if only is not None:
                if table not in only:
                    continue
                columns = [column for column in only[table] if column in columns]
            if not readable:
                found.append(Measured(table, tuple(columns), None, None, "not readable"))
            elif estimated > MOST_ROWS:
                found.append(Measured(table, tuple(columns), None, None, f"~{estimated:,} rows"))
            else:
                found.append(measure_table(conn, schema, name, columns))
    return found


def write(conn: psycopg.Connection, author: Author, measured: list[Measured]) -> None:
    """Write the measure to the ledger as the state of before."""
    ledger.record(
        conn, author, stage="baseline", state=DONE, tables=[asdict(item) for item in measured]
    )


def written(conn: psycopg.Connection) -> list[Measured]:
    """The measure of before; empty where nobody took one."""
    event = latest(ledger.read(conn), "baseline")
    if event is None:
        return []
    return [
        Measured(t["table"], tuple(t["columns"]), t["rows"], t["checksum"], t["reason"])
        for t in event.detail["tables"]
    ]


def compare(conn: psycopg.Connection, plan: Plan | None = None) -> list[Finding]:
    """Hold every table's rows against the measure of before; one row per table.

    Args:
        plan: a loss that an applied migration declares (may_lose) is a WARN that names it.
    """
    before = written(conn)
    if not before:
        reason = "no baseline was recorded before the phases (00_baseline)"
        return [Finding("Existing data", "all tables", "as before", reason, SKIP)]
    now = {item.table: item for item in measure(conn, {b.table: list(b.columns) for b in before})}
    declared = _declared(conn, plan) if plan else {}
    rows = [_compare(item, now.get(item.table)) for item in before]
    return [
        row._replace(verdict=WARN, observed=f"{row.observed}; {declared[row.object]}")
        if row.verdict == FAIL and row.object in declared
        else row
        for row in rows
    ]


def _declared(conn: psycopg.Connection, plan: Plan) -> dict[str, str]:
    """The tables that applied migrations are meant to take rows or values from, in words."""
    there = history.classify(plan, history.read(conn))
    found: dict[str, str] = {}
    for migration in plan.migrations:
        if there.holds(migration.version):
            found |= dict.fromkeys(migration.may_lose, f"as {migration} may (may_lose)")
    return found


def _compare(before: Measured, now: Measured | None) -> Finding:
    if before.rows is None:
        return Finding("Existing data", before.table, "as before", before.reason, SKIP)
    expected = f"{before.rows} rows"
    if now is None:
        return Finding("Existing data", before.table, expected, "the table is gone", FAIL)
    if now.rows is None:
        return Finding("Existing data", before.table, expected, now.reason, SKIP)
    gone = [column for column in before.columns if column not in now.columns]
    if gone:
        observed = f"{now.rows} rows, without column {', '.join(gone)}"
        return Finding("Existing data", before.table, expected, observed, FAIL)
    if now.rows == before.rows and now.checksum == before.checksum:
        return Finding("Existing data", before.table, expected, f"{now.rows} rows, same", PASS)
    if before.rows == 0:  # what was added since is no loss
        observed = f"{now.rows} rows; none were there to lose"
        return Finding("Existing data", before.table, expected, observed, PASS)
    words = "other contents" if now.rows == before.rows else "contents differ"
    return Finding("Existing data", before.table, expected, f"{now.rows} rows, {words}", FAIL)


def measure_table(conn: psycopg.Connection, schema: str, name: str, columns: list[str]) -> Measured:
    """Count and hash one table; the caller has pinned the settings that change how rows read."""
    statement = sql.SQL(
        "select count(*), coalesce(sum(hashtextextended(row({})::text, 0)::numeric), 0)::text"
        " from only {} t"
    ).format(
        sql.SQL(", ").join(sql.Identifier("t", column) for column in columns),
        sql.Identifier(schema, name),
    )
    row = conn.execute(statement).fetchone()
    assert row is not None
    return Measured(f"{schema}.{name}", tuple(columns), row[0], row[1])
