"""The lock forecast: what a migration will hold on existing tables, before it holds anything.

Not guessed from the text: the modes are those that the file's transaction held on the twin, where
a changed file node also shows a rewrite. From the parsed statements comes only what an empty twin
cannot show, that every row will be looked at; from the target, how many rows that is.

Source: https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from ..findings import PASS, SKIP, WARN, Finding
from ..plan import Migration
from ..resources import query
from ..statements.tree import word
from .account import MODES, Account

CHECK = "Lock forecast"
MANY_ROWS = 10_000
# Where nobody has counted the rows, the size of the file speaks.
MANY_BYTES = 64 * 1024**2

_SCANNED = {
    "CHECK": "every row is checked",
    "FOREIGN": "every row is looked up in the other table",
    "PRIMARY": "an index is built over every row",
    "UNIQUE": "an index is built over every row",
    "EXCLUSION": "an index is built over every row",
}


def forecast(
    conn: psycopg.Connection, migration: Migration, account: Account | None
) -> Iterator[Finding]:
    """One row for each existing table that the migration will lock.

    Args:
        conn: to the target, which is asked for the tables' sizes.
        account: of the trial on the twin; None when it did not run.
    """
    if account is None:
        reason = "not known: the file was not run on a twin"
        if not any(statement.transactional for statement in migration.script.statements):
            reason = "not known: statements that run by themselves hold nothing until a commit"
        yield Finding(CHECK, migration.file, "known", reason, SKIP)
        return
    if not account.locks:
        yield Finding(CHECK, "existing tables", "none blocked", "none locked", PASS)
        return
    names = [table for table, _ in account.locks]
    sizes = {
        name: (rows, size)
        for name, rows, size in conn.execute(query("table_sizes"), {"names": names})
    }
    scanned = scans(migration)
    for table, mode in account.locks:
        rows, size = sizes.get(table, (-1, 0))
        large = rows >= MANY_ROWS or size >= MANY_BYTES
        rewritten = table in account.rewritten
        words = [f"{mode}: {MODES[mode] or 'blocks nobody'}", _size(rows, size, large)]
        words += ["the whole table is rewritten"] if rewritten else []
        words += scanned.get(table, ())
        # Behind a look at every row of a large table, everybody waits as long as it takes.
        stops = mode == "AccessExclusiveLock" or (table in scanned and bool(MODES[mode]))
        verdict = WARN if rewritten or (large and stops) else PASS
        yield Finding(CHECK, table, "brief or harmless", "; ".join(words), verdict)


def scans(migration: Migration) -> dict[str, tuple[str, ...]]:
    """The existing tables whose every row a file's statements look at, and why."""
    made, found = set(), {}
    for statement in migration.script.statements:
        node = statement.node
        if statement.kind == "create_stmt":
            made.add(_name(node.relation))
        elif statement.kind == "index_stmt":
            how = " while others write" if node.concurrent else ""
            found.setdefault(_name(node.relation), []).append(_SCANNED["UNIQUE"] + how)
        elif statement.kind == "alter_table_stmt":
            for item in node.cmds:
                why = _scanned(item.alter_table_cmd)
                if why:
                    found.setdefault(_name(node.relation), []).append(why)
    return {name: tuple(dict.fromkeys(why)) for name, why in found.items() if name not in made}


def _scanned(command) -> str:
    """Why one sub-command of ALTER TABLE looks at every row; "" when it does not."""
    what = word(command, "subtype", "AT_")
    definition = getattr(command, "def")
    if what == "SetNotNull":
        return "every row is looked at for NULL"
    if what == "ValidateConstraint":
        return "every row is checked"
    if what == "AddConstraint":
        constraint = definition.constraint
        if constraint.skip_validation or constraint.indexname:
            return ""
        return _SCANNED.get(word(constraint, "contype", "CONSTR_"), "")
    if what == "AddColumn":
        own = definition.column_def.constraints
        kinds = {word(item.constraint, "contype", "CONSTR_") for item in own}
        return next((words for kind, words in _SCANNED.items() if kind in kinds), "")
    return ""


def _name(relation) -> str:
    return f"{relation.schemaname or 'public'}.{relation.relname}"


def _size(rows: int, size: int, large: bool) -> str:
    if not large:
        return f"fewer than {MANY_ROWS:,} rows"
    megabytes = f"{size / 1024**2:,.0f} MB"
    return f"about {rows:,} rows, {megabytes}" if rows >= 0 else f"{megabytes}, rows not counted"
