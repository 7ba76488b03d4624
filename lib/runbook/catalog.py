"""The catalog: everything a migration can change, as one value that can be compared.

A Catalog holds no OIDs, no creation order and nothing that depends on the session's settings or
the server's locale: two databases whose objects are equal have equal Catalogs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from psycopg import Connection
from psycopg.pq import TransactionStatus

from .promises.names import Names, identity
from .reading import Key, Part, Properties, Reading, read, read_whole, within

Definition = Properties

KINDS = (
    "schema",
    "extension",
    "type",
    "sequence",
    "table",
    "column",
    "constraint",
    "index",
    "view",
    "materialized view",
    "function",
    "trigger",
    "rule",
    "policy",
    "grant",
    "default privilege",
    "comment",
)

# Settings that change how PostgreSQL prints an expression; and compiling short queries costs more
# than it saves.
PINNED = """
select set_config('search_path', '', true), set_config('datestyle', 'ISO, YMD', true),
       set_config('intervalstyle', 'postgres', true), set_config('timezone', 'UTC', true),
       set_config('quote_all_identifiers', 'off', true), set_config('bytea_output', 'hex', true),
       set_config('extra_float_digits', '1', true),
       set_config('jit', 'off', true)
"""

# The last two whole readings of each connection: the next one reads what was touched since. Two,
# because what a trial changed and took back is as it was before the trial.
_last: WeakKeyDictionary[Connection, tuple[Reading, ...]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Catalog:
    """What a database holds, outside of the system's, the extensions' and the runbook's own.

    Fields:
        parts: mark → what belongs to one relation, function or type; empty ones are left out.
        major: of the server it was read from; the wording of some definitions depends on it.
    """

    parts: Mapping[str, Part] = field(repr=False)
    major: int = field(compare=False)

    @cached_property
    def objects(self) -> Mapping[Key, Definition]:
        """(kind, name) → properties: ("column", ("public", "t", "id")) → {"not_null": true, …}."""
        return _objects(self.parts.values())

    def get(self, kind: str, names: Names) -> Definition | None:
        """The properties of one object, or None where there is no such object."""
        # Not through `objects`, which is as large as the database.
        key = (kind, names)
        return next((p.objects[key] for p in self.parts.values() if key in p.objects), None)

    def of(self, kind: str) -> dict[Names, Definition]:
        """Every object of one kind, by name."""
        return {
            names: self.objects[kind, names]
            for names in sorted(names for each, names in self.objects if each == kind)
        }


class Change(NamedTuple):
    """One difference between two Catalogs, as an operator reads it.

    Fields:
        change: added · changed · removed.
        kind, object: what it happened to, e.g. "policy", '"own rows" on public.orders'.
        before, after: the properties; of a changed object only those that differ.
        names: the object's name in its parts.
        old, new: all its properties; None where it did not exist.
    """

    change: str
    kind: str
    object: str
    before: str
    after: str
    names: Names
    old: Definition | None
    new: Definition | None


def snapshot(
    conn: Connection,
    schemas: Iterable[str] | None = None,
    relations: Iterable[str] | None = None,
) -> Catalog:
    """Read the catalog, in one snapshot, and leave the session as it was.

    On an idle connection it runs in a read-only REPEATABLE READ transaction of its own. Inside the
    caller's transaction it sees what that transaction has done so far, behind a savepoint.

    Args:
        conn: any connection that is not in a failed transaction.
        schemas: names of the only schemas to look at; None for all that are not the system's.
        relations: qualified names of the only tables, views and sequences to look at (and what
            belongs to them), so that the work grows with a migration and not with the database.
            Schemas, types, functions and publications are read in any case. On a connection that
            read everything before, what was touched since is read instead.

    Returns:
        Catalog: without objects of extensions, temporary objects, pg_*, information_schema and
        the bookkeeping schemas runbook and supabase_migrations.

    Source: https://www.postgresql.org/docs/current/catalogs.html
    """
    alone = conn.info.transaction_status == TransactionStatus.IDLE
    # Rolled back, not committed: that alone gives the caller's search_path back exactly.
    with conn.transaction(force_rollback=True), conn.cursor() as cursor:
        if alone:
            cursor.execute("set transaction isolation level repeatable read, read only")
        cursor.execute(PINNED)
        known = _last.get(conn, ())
        if read_at_once := getattr(conn, "read_at_once", None):
            parts = read_at_once(schemas, relations)  # its statements share no snapshot
        elif schemas is None and (relations is None or known):
            _last[conn] = (read_whole(cursor, known), *known[:1])
            parts = _last[conn][0].parts
            if relations is not None:
                parts = within(cursor, _last[conn][0], list(relations))
        else:
            parts = read(
                cursor,
                None if schemas is None else list(schemas),
                None if relations is None else list(relations),
            )
    held = {part.mark: part for part in parts.values() if part.objects}
    return Catalog(MappingProxyType(held), conn.info.server_version // 10_000)


def selected(objects: Mapping[Key, Definition], name: str, major: int) -> Catalog:
    """A Catalog of objects chosen from others; its fingerprint is no more than its name."""
    return Catalog({name: Part(objects, name)}, major)


def fingerprint(catalog: Catalog) -> str:
    """64 hexadecimal digits that are equal exactly when two Catalogs are."""
    return hashlib.sha256("".join(sorted(catalog.parts)).encode("ascii")).hexdigest()


def diff(before: Catalog, after: Catalog) -> list[Change]:
    """What became of a database, in reading order: schemas first, comments last."""
    was = _objects(part for mark, part in before.parts.items() if mark not in after.parts)
    now = _objects(part for mark, part in after.parts.items() if mark not in before.parts)
    changes = []
    for key in sorted(was.keys() | now.keys(), key=_reading_order):
        old, new = was.get(key), now.get(key)
        if old == new:
            continue
        kind, names = key
        what = "added" if old is None else "removed" if new is None else "changed"
        differing = _differing(old, new)
        changes.append(
            Change(
                what,
                kind,
                identity(kind, names),
                describe(old, differing),
                describe(new, differing),
                names,
                old,
                new,
            )
        )
    return changes


def describe(definition: Definition | None, only: Iterable[str] | None = None) -> str:
    """Properties in one line: `type integer · not_null true`."""
    if definition is None:
        return ""
    if only is None and "definition" in definition:
        return str(definition["definition"])
    shown = definition if only is None else [key for key in definition if key in set(only)]
    return " · ".join(f"{key} {_word(definition[key])}".rstrip() for key in sorted(shown))


def _differing(old: Definition | None, new: Definition | None) -> set[str] | None:
    if old is None or new is None:
        return None
    keys = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    return keys - {"definition"} or keys


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_word(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _objects(parts: Iterable[Part]) -> Mapping[Key, Definition]:
    return MappingProxyType({key: found for part in parts for key, found in part.objects.items()})


def _reading_order(key: Key) -> tuple[int, str, Names]:
    kind, names = key
    return (KINDS.index(kind) if kind in KINDS else len(KINDS), kind, names)
