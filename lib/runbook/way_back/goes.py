"""What a rollback would take away, in words: objects, dependents, rows, requirements.

Looking changes nothing: the objects are seen on a twin, where the rollback files really run; the
dependents are asked of the target's pg_depend; rows are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import psycopg
from psycopg import sql

from ..catalog import Change
from ..errors import FileInvalid, RunbookError
from ..findings import FAIL, PASS, WARN, Finding
from ..history import History
from ..plan import Migration, Plan
from ..promises.names import Names, dotted, identity
from ..sql import Script, read_script
from ..target import Target
from ..twins import twin
from . import dependents

_OF_A_TABLE = frozenset({"column", "constraint", "policy", "trigger", "rule"})


def preview(
    target: Target,
    conn: psycopg.Connection,
    plan: Plan,
    applied: History,
    migrations: Sequence[Migration],
) -> list[Finding]:
    """What would go, the latest migration first; FAIL rows stand in the way. Nothing is changed."""
    going = {m.version for m in migrations}
    scripts: dict[str, Script] = {}
    rows: list[Finding] = []
    for migration in migrations:
        there = applied.holds(migration.version)
        state, verdict = ("applied", PASS) if there else ("pending", FAIL)
        rows.append(Finding("History", str(migration), "applied", state, verdict))
        rows.append(_file(migration, scripts))
        for other in plan.everything:
            if migration.version in other.requires and applied.holds(other.version):
                verdict = PASS if other.version in going else FAIL
                observed = "goes too" if verdict == PASS else "is applied and would lose its ground"
                rows.append(Finding("Required by", str(other), "goes first", observed, verdict))
        if there:
            rows += [_rows(conn, table) for table in _tables(migration, scripts)]
    rows += _dependents(conn, scripts.values())
    if len(scripts) == len(migrations) and all(applied.holds(v) for v in going):
        rows += _objects(target, migrations)
    return rows


def script_of(migration: Migration) -> Script:
    """The rollback file; raises FileInvalid."""
    script = read_script(
        migration.rollback, shown=f"migrations/rollback/{migration.path.name}"
    )  # fmt: skip
    if not script.transactional:
        raise FileInvalid(
            f"{script.file} holds a statement that cannot run in a transaction.",
            remedy="A rollback is one transaction: write it without CONCURRENTLY and its kind.",
        )
    return script


def _file(migration: Migration, scripts: dict[str, Script]) -> Finding:
    shown = f"migrations/rollback/{migration.path.name}"
    try:
        scripts[migration.version] = script_of(migration)
    except FileInvalid as error:
        return Finding("Rollback file", shown, "present, parses", error.what, FAIL)
    count = len(scripts[migration.version].statements)
    return Finding("Rollback file", shown, "present, parses", f"{count} statements", PASS)


def _tables(migration: Migration, scripts: dict[str, Script]) -> list[str]:
    """The tables that go: those the plan names and those the file drops."""
    script = scripts.get(migration.version)
    listed = dependents.dropped(script) if script else []
    named = {address.names for address in listed if address.type == "table"}
    planned = {tuple(table.split(".", 1)) for table in migration.tables}
    return sorted(dotted(names) for names in named | planned)


def _rows(conn: psycopg.Connection, table: str) -> Finding:
    """How many rows would go with a table; a count that policies would filter is an error."""
    with conn.transaction():
        conn.execute("set local row_security = off")
        row = conn.execute("select to_regclass(%s) is not null", [table]).fetchone()
        if row is None or not row[0]:
            return Finding("Rows", table, "none lost", "the table is not there", FAIL)
        count = conn.execute(sql.SQL(f"select count(*) from only {table}")).fetchone()  # type: ignore[arg-type]
    assert count is not None
    verdict = WARN if count[0] else PASS
    number = f"{count[0]} row{'s' * (count[0] != 1)}"
    observed = f"{number} would be lost; saved first" if count[0] else "0 rows"
    return Finding("Rows", table, "none lost", observed, verdict)


def _dependents(conn: psycopg.Connection, scripts: Iterable[Script]) -> list[Finding]:
    going = [address for script in scripts for address in dependents.dropped(script)]
    found = dependents.outside(conn, going)
    if not found:
        return [Finding("Dependents", "objects that stay", "need none of them", "none does", PASS)]
    return [
        Finding("Dependents", each.object, "needs nothing that goes", f"needs {each.needs}", FAIL)
        for each in found
    ]


def _objects(target: Target, migrations: Sequence[Migration]) -> list[Finding]:
    """What the rollback files do on a twin, object by object."""
    expected = "reported"
    try:
        undone = twin.undo(target, migrations)
    except RunbookError as error:
        reason = f"not seen: no twin: {error.what}"
        return [Finding("Goes", "objects", expected, reason, WARN)]
    rows = []
    for migration in migrations:
        seen = undone.get(migration.version)
        if seen is None:
            rows.append(Finding("Goes", str(migration), expected, "not tried", WARN))
        elif seen.failure:
            verdict = FAIL if seen.sure else WARN
            rows.append(Finding("Goes", str(migration), "runs on a twin", seen.failure, verdict))
        else:
            rows += _grouped(seen.changes)
    return rows


def _grouped(changes: Sequence[Change]) -> list[Finding]:
    """One row per object; what belongs to an object that goes is counted with it."""
    removed = {(c.kind, c.names) for c in changes if c.change == "removed"}
    parts: dict[tuple[str, Names], Counter[str]] = {}
    heads: list[Change] = []
    for change in changes:
        owner = _owner(change)
        if owner not in removed:
            owner = None
        if change.change == "removed" and owner and owner != (change.kind, change.names):
            parts.setdefault(owner, Counter())[change.kind] += 1
        elif change.kind not in ("grant", "comment") or change.change != "removed":
            heads.append(change)
    rows = []
    for change in heads:
        counted = parts.get((change.kind, change.names), Counter())
        words = ", ".join(f"{n} {_plural(kind, n)}" for kind, n in sorted(counted.items()))
        observed = change.change if change.change != "removed" else "goes"
        if words:
            observed += f", with {words}"
        name = f"{change.kind} {identity(change.kind, change.names)}"
        rows.append(Finding("Goes", name, "reported", observed, PASS))
    return rows


def _owner(change: Change) -> tuple[str, Names] | None:
    """The table, function, view … that this belongs to."""
    kind, names = change.kind, change.names
    if kind in _OF_A_TABLE:
        return "table", names[:2]
    if kind in ("index", "sequence"):
        of = (change.old or {}).get("table") or (change.old or {}).get("owned_by")
        return ("table", tuple(of[:2])) if of else None
    if kind == "grant":
        return names[0], names[1:-1]
    if kind == "comment":
        inner = names[0]
        return ("table", names[1:3]) if inner in _OF_A_TABLE else (inner, names[1:])
    return None


def _plural(word: str, count: int) -> str:
    if count == 1:
        return word
    return {"policy": "policies", "index": "indexes"}.get(word, f"{word}s")
