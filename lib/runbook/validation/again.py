"""What every migration proved when it was applied, proved again on the system as it is now.

Each applied migration's scenario is played and rolled back, and on its rows the access matrix is
measured by trying it, table by table. What the last checkpoint that measured a table saw is held
against it: access that changed since is said in a sentence, even where nobody declared anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from .. import access, history, ledger
from ..findings import PASS, SKIP, WARN, Finding, counts, overall
from ..performance.measure import Measured, unanswered, watching
from ..plan import Migration, Plan
from ..promises.promise import promises
from ..resources import query
from ..scenario import read
from ..scenarios import matrix
from ..servers.sessions import keeps_session
from ..stages import played_summary
from ..target import leave_session

CHECK = "Access"


@dataclass
class Again:
    """The scenarios that were played.

    Fields:
        played: what each found, by version; its access tables included.
        access: the matrix that each measured, by version.
        timed: their sample queries, timed on the way.
    """

    played: dict[str, list[Finding]] = field(default_factory=dict)
    access: dict[str, list[access.Access]] = field(default_factory=dict)
    timed: list[Measured] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        """All of them, in the order of the plan."""
        return [row for rows in self.played.values() for row in rows]

    @property
    def matrix(self) -> list[access.Access]:
        """Every cell once: where two scenarios measured one, the later migration's counts."""
        cells: dict[tuple[str, str, str], access.Access] = {}
        for rows in self.access.values():
            for table in dict.fromkeys(row.table for row in rows):
                cells = {key: row for key, row in cells.items() if key[0] != table}
            cells |= {row[:3]: row for row in rows}
        return sorted(cells.values(), key=lambda row: row.table)


def play(conn: psycopg.Connection, plan: Plan, *, timing: bool = False) -> Again:
    """Play the scenario of every migration that is applied; nothing of it remains.

    Args:
        timing: time their sample queries, too.

    Raises:
        FileInvalid: a scenario could let a promise go unchecked.
        CheckFailed: the connection broke.
    """
    there = history.classify(plan, history.read(conn))
    timing = timing and keeps_session(conn)
    again = Again()
    for migration in plan.everything:
        if not there.holds(migration.version) or not migration.scenario.exists():
            continue
        try:
            file = read(migration.scenario, shown=f"migrations/tests/{migration.path.name}")
            tables = matrix.tables_of(migration, promises(migration.script.statements))
            watch = watching(again.timed, migration.name, plan) if timing else None
            if over_mcp := getattr(conn, "access_at_once", None):
                measured = over_mcp(file, tables)
            else:
                measured = access.measure(conn, file, tables=tables, watch=watch)
        finally:
            leave_session(conn)
        if timing:
            again.timed += unanswered(file, measured.findings, migration.name)
        again.played[migration.version] = measured.findings
        again.access[migration.version] = measured.rows
    return again


def summary(plan: Plan, again: Again) -> list[Finding]:
    """One row for each migration of the plan: its scenario as a whole."""
    return [
        _summed(migration, again.played.get(migration.version)) for migration in plan.everything
    ]


def _summed(migration: Migration, rows: list[Finding] | None) -> Finding:
    name, expected = migration.name, "as declared"
    if rows is None:
        without = "not applied" if migration.scenario.exists() else "it has no scenario"
        return Finding("Scenario", name, expected, f"not played: {without}", SKIP)
    [row] = played_summary(rows)
    return row._replace(check="Scenario", object=name)


def compare(
    conn: psycopg.Connection, again: Again, tables: Iterable[str] | None = None
) -> list[Finding]:
    """The access of every table now, against the last checkpoint that measured it.

    Args:
        tables: those that should have been measured; default: the project's own (`own_tables`).

    Returns:
        A row for each table: PASS as it was, WARN for each change, SKIP where there is nothing to
        compare.
    """
    stored = last_measured(conn)
    now = {row[0] for row in again.matrix}
    names = list(tables if tables is not None else own_tables(conn))
    return [
        row
        for table in [*names, *sorted(now - set(names))]
        for row in _compare(table, stored.get(table), again, measured=table in now)
    ]


def _compare(
    table: str,
    stored: tuple[str, list[Sequence[Any]]] | None,
    again: Again,
    *,
    measured: bool,
) -> list[Finding]:
    expected = "as at its last checkpoint"
    if not measured:
        reason = "not measured: no scenario that was played inserts a row into it"
        return [Finding(CHECK, table, expected, reason, SKIP)]
    if stored is None:
        reason = "measured; no checkpoint measured it before"
        return [Finding(CHECK, table, expected, reason, SKIP)]
    version, before = stored
    if version not in again.access:
        reason = f"{version} measured it last, and its scenario was not played"
        return [Finding(CHECK, table, expected, reason, SKIP)]
    after = [row for row in again.access[version] if row.table == table]
    said = access.changes(before, after)
    if said:
        return [Finding(CHECK, table, f"as at {version}", words, WARN) for words in said]
    actors = len({row.actor for row in after})
    return [Finding(CHECK, table, expected, f"same for {actors} actors, since {version}", PASS)]


def in_one_row(rows: list[Finding]) -> Finding:
    """What `compare` found, as one row."""
    tally = counts(rows)
    changed = len({row.object for row in rows if row.verdict == WARN})
    said = f"{tally.get(PASS, 0)} same, {changed} changed, {tally.get(SKIP, 0)} not compared"
    tables = len({row.object for row in rows})
    return Finding(CHECK, f"{tables} tables", "as at their last checkpoints", said, overall(rows))


def last_measured(conn: psycopg.Connection) -> dict[str, tuple[str, list[Sequence[Any]]]]:
    """Per table: the version whose test measured it last, and what it saw."""
    found: dict[str, tuple[str, list[Sequence[Any]]]] = {}
    if not ledger.exists(conn):
        return found
    for version, rows in conn.execute(query("access_measured")).fetchall():
        for table in dict.fromkeys(row[0] for row in rows):
            found[table] = (version, [row for row in rows if row[0] == table])
    return found


def own_tables(conn: psycopg.Connection) -> list[str]:
    """The tables that the API serves, as schema.table."""
    return [name for (name,) in conn.execute(query("access_own_tables")).fetchall()]
