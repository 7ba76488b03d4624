"""Names as the server understands them: `int` is integer, `vector` may be extensions.vector.

A file may spell a type in many ways, and an unqualified one means whatever the search_path leads
to; only the server knows. Both kinds of names are resolved in a few queries for all promises.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import psycopg
from psycopg import Connection

from ..catalog import Catalog
from ..resources import query
from .book import Promise
from .names import Names, dotted

Path = tuple[str, ...] | None
COLUMNS_AT_ONCE = 1_000  # a result can have 1,664 columns


@dataclass(frozen=True)
class Resolved:
    """What the names in a file's promises stand for in this database.

    Fields:
        types: (search_path, type as written) → the server's spelling; None where it has none.
        routines: function names as written → with the server's argument types; None if missing.
    """

    types: dict[tuple[Path, str], str | None] = field(default_factory=dict)
    routines: dict[Names, Names | None] = field(default_factory=dict)

    def type(self, promise: Promise, text: str | None) -> str | None:
        """The server's spelling of a type that a promise mentions."""
        return self.types.get((promise.path, text)) if text else None

    def names(self, promise: Promise) -> Names | None:
        """The promise's name as the Catalog has it; None for a function that is not there."""
        names = promise.names
        if promise.kind == "function":
            return self.routines.get(names)
        if promise.kind in {"comment", "grant"} and names[0] == "function":
            routine = self.routines.get(names[1:])
            return ("function", *routine) if routine else None
        return names


def resolve(conn: Connection, promised: Iterable[Promise], actual: Catalog) -> Resolved:
    """Resolve every type and every function that the promises mention.

    Args:
        conn: may be inside a transaction; its settings are as they were afterwards.
        promised: of one file.
        actual: the Catalog the promises are compared with.
    """
    types: dict[Path, set[str]] = {}
    routines: dict[Path, set[Names]] = {}
    for promise in promised:
        types.setdefault(promise.path, set()).update(_types(promise))
        routines.setdefault(promise.path, set()).update(_routines(promise))
    found = Resolved()
    for path, texts in types.items():
        for text, canonical in _resolve_types(conn, path, sorted(texts)).items():
            found.types[(path, text)] = canonical
    for path, names in routines.items():
        found.routines.update(_resolve_routines(conn, path, sorted(names), actual))
    return found


def _types(promise: Promise) -> list[str]:
    told = promise.properties
    single = [told.get("type"), told.get("base"), told.get("returns")]
    pairs = [*(told.get("attributes") or ()), *(told.get("returns_table") or ())]
    return [text for text in [*single, *(text for _, text in pairs)] if text]


def _routines(promise: Promise) -> list[Names]:
    if promise.kind == "function":
        return [promise.names]
    if promise.kind in {"comment", "grant"} and promise.names[0] == "function":
        return [promise.names[1:]]
    return []


def _resolve_types(conn: Connection, path: Path, texts: list[str]) -> dict[str, str | None]:
    if not texts:
        return {}
    with conn.transaction(force_rollback=True):
        _enter(conn, path)
        found: dict[str, str | None] = dict.fromkeys(texts)
        described: list[tuple[str, int, int]] = []
        plain = []
        for text, oid, whole in conn.execute(query("verify_types"), {"texts": texts}):
            if whole:
                described.append((text, oid, -1))
            else:
                plain.append(text)
        # The server tells the type modifier of a result column without running anything.
        for start in range(0, len(plain), COLUMNS_AT_ONCE):
            some = plain[start : start + COLUMNS_AT_ONCE]
            cursor = conn.execute("select " + ", ".join(f"null::{text}" for text in some))
            result = cursor.pgresult
            for position, text in enumerate(some):
                described.append((text, result.ftype(position), result.fmod(position)))
        conn.execute("select set_config('search_path', '', true)")
        spelled = conn.execute(
            "select t.text, pg_catalog.format_type(t.oid, t.modifier)"
            " from unnest(%s::text[], %s::oid[], %s::int[]) as t (text, oid, modifier)",
            [list(column) for column in zip(*described, strict=True)] or [[], [], []],
        )
        found.update(spelled.fetchall())
    return found


def _resolve_routines(
    conn: Connection, path: Path, names: list[Names], actual: Catalog
) -> dict[Names, Names | None]:
    existing = actual.of("function")
    found: dict[Names, Names | None] = {each: each for each in names if each in existing}
    for each in names:
        if each[2] == "*":
            alike = [other for other in existing if other[:2] == each[:2]]
            found[each] = alike[0] if len(alike) == 1 else None
    rest = {f"{dotted(each[:2])}({each[2]})": each for each in names if each not in found}
    found |= dict.fromkeys(rest.values())
    if rest:
        with conn.transaction(force_rollback=True):
            _enter(conn, path)
            numbers = _look_up(conn, list(rest))
            conn.execute("select set_config('search_path', '', true)")
            spelled = conn.execute(
                "select p.oid, pg_catalog.oidvectortypes(p.proargtypes)"
                " from pg_catalog.pg_proc as p where p.oid = any (%s)",
                [list(numbers.values())],
            )
            arguments = dict(spelled.fetchall())
        for signature, each in rest.items():
            if (number := numbers.get(signature)) in arguments:
                found[each] = (*each[:2], arguments[number])
    return found


def _look_up(conn: Connection, signatures: list[str]) -> dict[str, int | None]:
    try:
        with conn.transaction():
            rows = conn.execute(query("verify_routines"), {"signatures": signatures})
            return dict(rows.fetchall())
    except psycopg.errors.UndefinedObject:
        # Before PostgreSQL 16 an argument type that is missing is an error: then one by one.
        if len(signatures) == 1:
            return {signatures[0]: None}
        return {
            text: number for each in signatures for text, number in _look_up(conn, [each]).items()
        }


def _enter(conn: Connection, path: Path) -> None:
    """Look up names as the file's statement did."""
    if path is not None:
        value = ", ".join(dotted((schema,)) if schema else '""' for schema in path)
        conn.execute("select set_config('search_path', %s, true)", [value])
