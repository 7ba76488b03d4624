"""Promise against catalog: is everything there that the file says, and is it as it says?

The catalog is read once, restricted to what the promises touch, and compared in memory; only
names (types, function signatures) and function bodies are put to the server again.
"""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import Connection

from .catalog import Catalog, Definition, snapshot
from .findings import FAIL, PASS, SKIP, WARN, Finding, overall
from .plan import SUPABASE
from .promises.names import Names
from .promises.promise import Promise, touched
from .promises.resolve import Resolved, resolve
from .promises.rights import Session, check_rights
from .promises.wide_rights import check_wide_rights
from .resources import query
from .verification.by_table import columns_kept, comments_kept, row_security
from .verification.differences import differences, expectation, pinned_search_path, unlike_twin
from .verification.routines import broken_bodies
from .verification.unexpected import unexpected

__all__ = ["checklist", "unexpected", "verify"]

# The plan's checklist, in its order, and what else a file can promise.
CHECKS = {
    "table": "Tables created",
    "policy": "Policies created",
    "index": "Indexes created",
    "trigger": "Triggers functioning",
    "function": "Functions executable",
    "column": "Columns",
    "constraint": "Constraints",
    "view": "Views",
    "materialized view": "Views",
    "type": "Types",
    "extension": "Extensions",
    "grant": "Grants",
    "comment": "Comments",
}
CHECKLIST = (
    "Tables created",
    "RLS enabled",
    "Policies created",
    "Indexes created",
    "Foreign keys working",
    "Triggers functioning",
    "Functions executable",
)
ORDER = (
    *CHECKLIST,
    *("Columns", "Constraints", "Views", "Types", "Extensions", "Grants", "Comments"),
    *("Other objects", "Not read"),
)
API_ROLES = {"anon", "authenticated"}


def verify(
    conn: Connection,
    promises: Iterable[Promise],
    *,
    expected: Catalog | None = None,
    platform: str = SUPABASE,
) -> list[Finding]:
    """Check every promise of a file against the database.

    Args:
        conn: may be inside the transaction that ran the file; nothing is changed.
        promises: of one file, from promise.promises.
        expected: the Catalog of a twin on which the file ran; when given, every promised object
            must have exactly the twin's definition, expressions included.
        platform: the plan's; on Supabase a new table in public needs row-level security.

    Returns:
        list[Finding]: one row per object, columns and comments condensed to one row per table, in
        the order of the checklist. Statements that cannot be read are SKIPs with the reason.
    """
    promised = list(promises)
    actual = snapshot(conn, relations=touched(promised))
    resolved = resolve(conn, promised, actual)
    session, api = _session(conn)
    rows = [
        *_objects(promised, actual, resolved, expected),
        *columns_kept(promised, actual, resolved, expected),
        *row_security(promised, actual, api and platform == SUPABASE),
        *check_rights(promised, actual, resolved, session),
        *check_wide_rights(
            promised, actual, session, lambda schema: snapshot(conn, schemas=[schema])
        ),
        *comments_kept(promised, actual, resolved),
    ]
    for promise in promised:
        if promise.kind == "not read":
            reason = str(promise.properties["reason"])
            rows.append(Finding("Not read", promise.names[0], "read from its text", reason, SKIP))
    broken = broken_bodies(conn, promised, actual, resolved)
    rows = [_with_body(row, broken) for row in rows]
    return sorted(rows, key=lambda row: ORDER.index(row.check))


def checklist(findings: Iterable[Finding]) -> list[Finding]:
    """The plan's checklist in one row per question: how many of how many, and the worst verdict."""
    rows = list(findings)
    summary = []
    for check in CHECKLIST:
        own = [row for row in rows if row.check == check]
        if not own:
            summary.append(Finding(check, "all", "-", "none promised", SKIP))
            continue
        kept = sum(row.verdict in {PASS, WARN} for row in own)
        observed = f"{kept} of {len(own)}"
        summary.append(Finding(check, "all", f"{len(own)} promised", observed, overall(own)))
    return summary


def _session(conn: Connection) -> tuple[Session, bool]:
    row = conn.execute(query("verify_session")).fetchone()
    if row is None:
        raise AssertionError("a query without a FROM clause returned no row")
    user, version, roles = row
    return Session(user, version >= 170_000), set(roles) >= API_ROLES


def _objects(
    promised: list[Promise], actual: Catalog, resolved: Resolved, expected: Catalog | None
) -> Iterable[Finding]:
    indexed = _indexed_columns(actual)
    for promise in promised:
        if promise.kind in {"column", "grant", "comment", "not read", "default privilege"}:
            continue
        if promise.properties.get("implied") or (
            promise.kind == "sequence" and not promise.present
        ):
            continue
        names = resolved.names(promise)
        found, names = _find(promise, names, actual)
        if promise.kind == "table" and promise.present and not _speaks_of_table(promise):
            if found is None:
                yield _finding(promise, "Tables created", "there", "missing", FAIL)
            continue
        check = CHECKS.get(promise.kind, "Other objects")
        if promise.kind == "constraint" and _is_foreign_key(promise, found):
            check = "Foreign keys working"
        if not promise.present:
            gone = found is None
            observed = "absent" if gone else "still there"
            yield _finding(promise, check, "absent", observed, PASS if gone else FAIL)
            continue
        wanted = expectation(promise)
        if found is None:
            yield _finding(promise, check, wanted, "missing", FAIL)
            continue
        wrong = differences(promise, found, resolved)
        if expected is not None and names is not None:
            wrong += unlike_twin(promise.kind, names, found, expected, major=actual.major)
        if found.get("security") == "definer" and pinned_search_path(found) is None:
            wrong.append("security definer without a pinned search_path")
        if wrong:
            yield _finding(promise, check, wanted, "; ".join(wrong), FAIL)
        elif check == "Foreign keys working" and not _covered(promise, found, indexed):
            columns = ", ".join(found["columns"])
            told = f"validated, but no index leads with ({columns}): deletes will scan"
            yield _finding(promise, check, wanted, told, WARN)
        elif promise.properties.get("wanted_schema") not in {None, found.get("schema")}:
            yield _finding(promise, check, wanted, f"already in {found['schema']}", WARN)
        else:
            yield _finding(promise, check, wanted, "as written", PASS)


def _speaks_of_table(promise: Promise) -> bool:
    """Whether the file makes or changes the table as a whole, not only parts of it."""
    return bool(promise.properties.keys() - {"rls", "rls_forced", "other"})


def _find(
    promise: Promise, names: Names | None, actual: Catalog
) -> tuple[Definition | None, Names | None]:
    if names is None:
        return None, None
    found = actual.get(promise.kind, names)
    if found is None and promise.kind == "table" and not promise.created:
        found = actual.get("view", names) or actual.get("materialized view", names)
    if found is None and promise.properties.get("named") is False:
        # PostgreSQL chose the name: look for the object by what it is.
        for other, definition in actual.of(promise.kind).items():
            if _alike(promise, names, other, definition):
                return definition, other
    return found, names


def _alike(promise: Promise, names: Names, other: Names, definition: Definition) -> bool:
    told = promise.properties
    if promise.kind == "constraint":
        return (
            other[:2] == names[:2]
            and definition["form"] == told["form"]
            and (told["form"] == "check" or definition.get("columns") == list(told["columns"]))
        )
    return definition["table"] == list(told["table"]) and definition["plain"] == list(
        told["columns"]
    )


def _is_foreign_key(promise: Promise, found: Definition | None) -> bool:
    return "foreign key" in {promise.properties.get("form"), (found or {}).get("form")}


def _indexed_columns(actual: Catalog) -> dict[Names, list[list[str | None]]]:
    """The key columns of every whole, valid index, by table."""
    found: dict[Names, list[list[str | None]]] = {}
    for definition in actual.of("index").values():
        if definition["valid"] and "predicate" not in definition:
            found.setdefault(tuple(definition["table"]), []).append(definition["plain"])
    return found


def _covered(
    promise: Promise, found: Definition, indexed: dict[Names, list[list[str | None]]]
) -> bool:
    columns = found["columns"]
    candidates = indexed.get(promise.names[:2], [])
    return any(set(keys[: len(columns)]) == set(columns) for keys in candidates)


def _with_body(row: Finding, broken: dict[str, str]) -> Finding:
    """A function whose body cannot run is not executable, however well it is declared."""
    if row.check == "Functions executable" and row.object in broken and row.verdict != FAIL:
        return row._replace(observed=broken[row.object], verdict=FAIL)
    return row


def _finding(promise: Promise, check: str, expected: str, observed: str, verdict: str) -> Finding:
    return Finding(check, promise.object, expected, observed, verdict)
