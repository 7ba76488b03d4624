"""What a role may not change, said before anything runs.

A migration that stops at `must be owner of table` stops at night. Whose an object is, and what our
role may do with it, the server knows; what a file needs, its parse tree. Only objects that are
there are asked about: what the file makes itself is its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from ..findings import FAIL, PASS, SKIP, WARN, Finding
from ..plan import Migration
from ..promises.book import ON_TABLES, RELATIONS
from ..promises.names import Names
from ..promises.promise import Promise, promises
from ..resources import query
from ..sql import Statement

CHECK = "Rights"
_ROWS = {"insert_stmt": "insert", "update_stmt": "update", "delete_stmt": "delete"}
_WORDS = {
    "own": "owned by {role}, or by a role that it is in",
    "create": "{role} may create in it",
    "grant": "{role} owns it, or may pass its rights on",
}
# Supabase's supautils lets `postgres` make policies and drop triggers on tables of other owners.
_WHO = (
    "select current_user::text,"
    " exists (select from pg_catalog.pg_settings where name like 'supautils.%')"
)


class Need(NamedTuple):
    """What a statement needs of one object; as queries/permissions.sql takes it."""

    need: str
    kind: str
    schema: str
    name: str
    arguments: str = ""


def permissions(conn: psycopg.Connection, migration: Migration) -> Iterator[Finding]:
    """One row per object that the file wants to change and our role may not; or one that says so.

    Args:
        conn: any connection; the catalog is only read.
    """
    statements = migration.script.statements
    if _changes_role(statements):
        reason = "the file changes its role: what that one may do is not known before"
        yield Finding(CHECK, migration.file, "may do what the SQL says", reason, SKIP)
        return
    asked = [dict(need._asdict(), line=line) for need, line in needs(statements).items()]
    rows = conn.execute(query("permissions"), {"asked": Jsonb(asked)}).fetchall()
    row = conn.execute(_WHO).fetchone()
    assert row is not None
    role, loosened = row
    for kind, name, need, line, owner, allowed in rows:
        if allowed:
            continue
        expected = _WORDS.get(need, f"{{role}} holds {need.upper()} on it").format(role=role)
        observed = f"line {line}: owned by {owner}, and {role} may not"
        verdict = FAIL
        if loosened and need == "own" and kind == "relation":
            observed, verdict = observed + "; supautils may allow it", WARN
        yield Finding(CHECK, f"{kind} {name}", expected, observed, verdict)
    if all(allowed for *_, allowed in rows):
        observed = f"{len(rows)} objects that it touches, as {role}"
        yield Finding(CHECK, migration.file, "may do what the SQL says", observed, PASS)


def needs(statements: Iterable[Statement]) -> dict[Need, int]:
    """What a file needs of objects that may be there, with the line that needs it first."""
    found: dict[Need, int] = {}
    statements = list(statements)
    for promise in promises(statements):
        for need in _of(promise):
            found.setdefault(need, promise.line)
    for statement in statements:
        if statement.kind in _ROWS:
            relation = statement.node.relation
            need = Need(
                _ROWS[statement.kind], "relation", relation.schemaname or "public", relation.relname
            )
            found.setdefault(need, statement.line)
    return found


def _of(promise: Promise) -> Iterator[Need]:
    kind, names, properties = promise.kind, promise.names, promise.properties
    if kind in {"comment", "grant"}:
        if not names[0].startswith("every"):
            for need in _own(names[0], names[1:]):
                yield need._replace(need="grant") if kind == "grant" else need
        return
    if kind == "schema":
        yield Need("create", "database", "", "") if promise.created else _on_schema("own", names[0])
        return
    if kind == "trigger" and promise.created:
        yield Need("trigger", "relation", *names[:2])
        return
    if kind == "index" and promise.created:
        yield from _own("table", properties["table"])
        return
    if kind == "constraint" and properties.get("references"):
        yield Need("references", "relation", *properties["references"][:2])
    if promise.created and kind in {*RELATIONS, "type", "function"}:
        yield _on_schema("create", names[0])
        if not properties.get("replaces"):
            return
    yield from _own(kind, names)


def _own(kind: str, names: Names) -> Iterator[Need]:
    """Ownership of an object, or of the table that it belongs to."""
    if kind in ON_TABLES or kind in RELATIONS:
        if len(names) > 1:
            yield Need("own", "relation", *names[:2])
    elif kind == "function":
        yield Need("own", "function", *names[:2], names[2] if len(names) > 2 else "*")
    elif kind == "type" and len(names) > 1:
        yield Need("own", "type", *names[:2])
    elif kind == "schema":
        yield _on_schema("own", names[0])


def _on_schema(need: str, name: str) -> Need:
    return Need(need, "schema", "", name)


def _changes_role(statements: Iterable[Statement]) -> bool:
    return any(
        s.kind == "variable_set_stmt" and s.node.name in {"role", "session_authorization"}
        for s in statements
    )
