"""The access matrix of a migration: measured, compared with the last one stored, and shown.

It is measured on the tables that the migration creates, those that its scenario declares, and
those existing ones whose policies, grants or row security its SQL touches: a policy on somebody
else's table is how access is given away by accident.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import psycopg

from .. import access, ledger
from ..findings import WARN, Finding
from ..plan import Migration
from ..promises.names import dotted
from ..promises.promise import Promise, promises
from ..resources import query
from ..verification.calls import forget_calls, seen_calls
from ..verification.keys import tried_keys
from .directives import COMMANDS, Scenario

if TYPE_CHECKING:
    from ..show import Table

CHECK = "access changed"
CAPTION = "Who may do what, tried on the scenario's rows"


def measure(
    conn: psycopg.Connection, migration: Migration, scenario: Scenario
) -> tuple[list[Finding], dict[str, Any]]:
    """Play the scenario, measure access, and compare it with what was measured last.

    Returns:
        The findings, and what the event keeps: `access` (the matrix, a list per cell) and
        `access_changes` (sentences).
    """
    promised = promises(migration.script.statements)
    forget_calls(conn)
    measured = access.measure(
        conn,
        scenario,
        tables=tables_of(migration, promised),
        also=lambda at, played: [
            *seen_calls(at, promised, played.xid),
            *tried_keys(at, promised, played.xid),
        ],
    )
    return compared(conn, migration, scenario, measured)


def compared(
    conn: psycopg.Connection, migration: Migration, scenario: Scenario, measured: access.Measured
) -> tuple[list[Finding], dict[str, Any]]:
    """What was measured, held against what was measured last. Returns: as measure()."""
    matrix = [list(row) for row in measured.rows]
    said = changes(last_stored(conn, migration.version), matrix)
    rows = [Finding(CHECK, scenario.file, "as measured last", sentence, WARN) for sentence in said]
    return [*measured.findings, *rows], {"access": matrix, "access_changes": said}


def tables_of(migration: Migration, promised: Iterable[Promise]) -> list[str]:
    """The tables to measure for a migration, beside those that its scenario declares."""
    return list(dict.fromkeys([*migration.tables, *opened_tables(promised)]))


def opened_tables(promised: Iterable[Promise]) -> list[str]:
    """Existing tables of which a file changes policies, grants or row security."""
    promised = list(promised)
    made = {each.names for each in promised if each.kind == "table" and each.created}
    found = set()
    for each in promised:
        if each.kind == "policy":
            found.add(each.names[:2])
        elif each.kind == "table" and {"rls", "rls_forced"} & each.properties.keys():
            found.add(each.names)
        elif each.kind == "grant" and each.names[0] == "table":
            found.add(each.names[1:3])
    return sorted(dotted(names) for names in found - made if len(names) == 2)


def last_stored(conn: psycopg.Connection, version: str) -> dict[str, list[Sequence[Any]]]:
    """What was measured last of each table, by any migration that still counts."""
    if not ledger.exists(conn):
        return {}
    found: dict[str, list[Sequence[Any]]] = {}
    for (rows,) in conn.execute(query("access_stored"), {"version": version}):
        fresh: dict[str, list[Sequence[Any]]] = {}
        for row in rows:
            fresh.setdefault(row[0], []).append(row)
        found |= fresh
    return found


def changes(before: Mapping[str, list[Sequence[Any]]], after: Iterable[Sequence[Any]]) -> list[str]:
    """Sentences about the tables that were measured before; a new table changes nobody's access."""
    known = [row for row in after if row[0] in before]
    tables = dict.fromkeys(row[0] for row in known)
    return access.changes([row for table in tables for row in before[table]], known)


def as_tables(detail: Mapping[str, Any]) -> list[Table]:
    """The matrix as a table in words: who by what; none where nothing was measured."""
    matrix = detail.get("access")
    if not matrix:
        return []
    from .. import show

    cells: dict[tuple[str, str], dict[str, str]] = {}
    for table, actor, command, allowed, total in matrix:
        cells.setdefault((table, actor), {})[command] = in_words(allowed, total)
    values = [
        (*who, *(words.get(command, "not measured") for command in COMMANDS))
        for who, words in cells.items()
    ]
    return [show.rows(("table", "role", *COMMANDS), values, CAPTION)]


def in_words(allowed: int, total: int) -> str:
    """One cell: none, all, or how many of how many rows."""
    if not allowed:
        return "none"
    return "all" if allowed == total else f"{allowed} of {total}"
