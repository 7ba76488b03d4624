"""Precheck: everything that can be known about a migration before it touches the target."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg

from .applying.parts import finished_parts
from .errors import FileInvalid
from .findings import FAIL, PASS, SKIP, WARN, Finding
from .history import History
from .plan import Migration, Plan
from .scenarios import directives
from .sql import Script, Statement, read_script
from .statements.lint import lint

_TABLE = 42  # ObjectType.OBJECT_TABLE of libpg_query


def precheck(
    conn: psycopg.Connection,
    plan: Plan,
    migration: Migration,
    applied: History,
    *,
    major: int,
    only_looking: bool = False,
) -> list[Finding]:
    """Look at the file, the plan, the history and the target; change nothing.

    Args:
        only_looking: mode check, in which nothing that is pending gets applied in between.

    Raises:
        FileInvalid: the file cannot be read or parsed; nothing else is worth saying then.
    """
    script = migration.script
    return [
        _readable(migration, script),
        *_transaction(migration, script),
        *_requirements(plan, migration, applied, only_looking=only_looking),
        *_history(migration, applied),
        *_tables(conn, migration, script, applied),
        *_extensions(conn, migration, script),
        *_companions(migration),
        *lint(migration, major=major),
    ]


def _readable(migration: Migration, script: Script) -> Finding:
    count = len(script.statements)
    observed = f"{count} statement{'s' * (count != 1)}, sha256 {script.sha256[:12]}…"
    return Finding("SQL parses", migration.file, "UTF-8, PostgreSQL's grammar", observed, PASS)


def _transaction(migration: Migration, script: Script) -> Iterator[Finding]:
    for notice in script.notices:
        yield Finding("Transaction", migration.file, "no transaction control", notice, WARN)
    alone = [statement for statement in script.statements if not statement.transactional]
    if script.transactional:
        yield Finding("Transaction", migration.file, "all or nothing", "one transaction", PASS)
    for number, why in script.begins:
        line = script.statements[number].line
        observed = f"committed before line {line}: {why}"
        yield Finding("Transaction", migration.file, "all or nothing", observed, WARN)
    for statement in alone:
        observed = f"line {statement.line} runs by itself: {statement.title}"
        yield Finding("Transaction", migration.file, "all or nothing", observed, WARN)


def _requirements(
    plan: Plan, migration: Migration, applied: History, *, only_looking: bool
) -> Iterator[Finding]:
    # The plan puts what a migration requires before it; a baseline is nobody's to apply here.
    planned = {each.version for each in plan.migrations}
    for version in migration.requires:
        needed, expected = str(plan.migration(version)), "applied"
        if applied.holds(version):
            yield Finding("Requires", needed, expected, "applied", PASS)
        elif only_looking and version in planned:
            observed = "pending, and before this one in the plan"
            yield Finding("Requires", needed, "applied by then", observed, PASS)
        else:
            yield Finding("Requires", needed, expected, "pending", FAIL)


def _history(migration: Migration, applied: History) -> Iterator[Finding]:
    if applied.is_edited(migration.version):
        observed = "applied, and the file was edited since"
        yield Finding("History", str(migration), "the SQL that was applied", observed, FAIL)
    elif applied.holds(migration.version):
        yield Finding("History", str(migration), "pending or the same SQL", "applied", PASS)
    else:
        yield Finding("History", str(migration), "pending or the same SQL", "pending", PASS)
    for row, twin in applied.restamped:
        if twin.version == migration.version:
            observed = f"the same SQL was applied as version {row.version}"
            yield Finding("History", str(migration), "never applied before", observed, FAIL)
    if any(m.version == migration.version for m in applied.out_of_order):
        observed = "a later version is applied already"
        yield Finding("History", str(migration), "in version order", observed, WARN)
    if applied.foreign:
        versions = ", ".join(row.version for row in applied.foreign)
        yield Finding("History", "versions without a file", "none", versions, WARN)


def _tables(
    conn: psycopg.Connection, migration: Migration, script: Script, applied: History
) -> Iterator[Finding]:
    """The plan names the tables that the SQL creates, and none of them is there by accident."""
    created = {name for statement in script.statements for name in created_tables(statement)}
    planned = set(migration.tables)
    if created != planned:
        observed = ", ".join(sorted(created)) or "none"
        expected = ", ".join(sorted(planned)) or "none"
        yield Finding("Plan's tables", migration.file, expected, observed, FAIL)
    if applied.holds(migration.version):
        return
    begun = not script.transactional and bool(finished_parts(conn, migration))
    rows = conn.execute(
        "select name, to_regclass(format('%%I.%%I', split_part(name, '.', 1),"
        " substr(name, strpos(name, '.') + 1))) is not null"
        " from unnest(%s::text[]) name order by 1",
        [sorted(created)],
    ).fetchall()
    expected = _met_before(script)
    for name, there in rows:
        if there and name in expected:
            observed, verdict = f"exists already; {expected[name]}", WARN
        elif there and begun:
            observed, verdict = "created by a part that an earlier run committed", PASS
        else:
            observed, verdict = ("exists already", FAIL) if there else ("free", PASS)
        yield Finding("Name is free", name, "free", observed, verdict)


def _met_before(script: Script) -> dict[str, str]:
    """The tables of which the file itself says what is to happen when they exist."""
    found: dict[str, str] = {}
    for statement in script.statements:
        node = statement.node
        if statement.kind == "drop_stmt" and node.remove_type == _TABLE:
            for item in node.objects:
                parts = tuple(part.string.sval for part in item.list.items)
                name = ".".join(parts if len(parts) > 1 else ("public", *parts))
                found[name] = "the file drops it first"
        elif getattr(node, "if_not_exists", False):
            for name in created_tables(statement):
                found.setdefault(name, "IF NOT EXISTS leaves it as it is")
    return found


def created_tables(statement: Statement) -> Iterator[str]:
    """The permanent table that a statement creates."""
    match statement.kind:
        case "create_stmt":
            relation = statement.node.relation
        case "create_foreign_table_stmt":
            relation = statement.node.base_stmt.relation
        case "create_table_as_stmt" if statement.node.objtype == _TABLE:
            relation = statement.node.into.rel
        case _:
            return
    if relation.relpersistence != "t":
        yield f"{relation.schemaname or 'public'}.{relation.relname}"


def _extensions(
    conn: psycopg.Connection, migration: Migration, script: Script
) -> Iterator[Finding]:
    wanted = sorted(
        {s.node.extname for s in script.statements if s.kind == "create_extension_stmt"}
    )
    rows = conn.execute(
        "select w, coalesce(e.installed_version, e.default_version), e.comment"
        " from unnest(%s::text[]) w"
        " left join pg_catalog.pg_available_extensions e on e.name = w order by w",
        [wanted],
    ).fetchall()
    for name, version, comment in rows:
        if version is None:
            yield Finding("Extension", name, "available", "the server does not have it", FAIL)
        elif "stand-in" in (comment or "").lower():
            observed = f"{version}, a stand-in: what it does was not checked"
            yield Finding("Extension", name, "available", observed, WARN)
        else:
            yield Finding("Extension", name, "available", version, PASS)


def _companions(migration: Migration) -> Iterator[Finding]:
    """The rollback and the scenario are there and can be read."""
    for check, path, reader, without in (
        ("Rollback file", migration.rollback, _statements, "none: `runbook rollback` will refuse"),
        ("Scenario file", migration.scenario, _steps, "none: nothing will be tested"),
    ):
        shown = f"migrations/{path.parent.name}/{path.name}"
        if not path.exists():
            yield Finding(check, shown, "present", without, WARN)
            continue
        try:
            yield Finding(check, shown, "present, parses", reader(path, shown), PASS)
        except FileInvalid as error:
            yield Finding(check, shown, "present, parses", error.what, FAIL)


def _statements(path: Path, shown: str) -> str:
    return f"{len(read_script(path, shown=shown).statements)} statements"


def _steps(path: Path, shown: str) -> str:
    scenario = directives.read(path, shown=shown)
    return f"{len(scenario.steps)} steps, {len(scenario.access)} access tables"


def skipped(migration: Migration, reason: str) -> list[Finding]:
    """The one row of a stage that was not run."""
    return [Finding("Stage", str(migration), "run", reason, SKIP)]
