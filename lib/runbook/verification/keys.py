"""Foreign keys, tried: an orphan is refused, and ON DELETE does what the file says.

Tried inside the scenario's transaction, in savepoints, and only on rows that the scenario inserted
itself: a delete that cascades from a row of production could take half of it along, if only for a
moment. Where something else stands in the way of an attempt, it says so and proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from ..findings import FAIL, PASS, SKIP, WARN, Finding
from ..promises.promise import Promise
from ..resources import query
from .differences import ACTIONS

CHECK = "foreign key"
_ORPHAN = "23503"  # foreign_key_violation
_ROWS = 3  # how many of the scenario's rows are tried until one attempt is conclusive

# A value that no parent has, and the same one each time: it may be shown in an error's words.
# Types that are not here cannot be made up.
_STRANGE = {
    "uuid": "'ffffffff-dead-4bad-8bad-ffffffffffff'::uuid",
    "text": "'a key that nobody has'",
    "character varying": "'a key that nobody has'",
    "integer": "(select pg_catalog.max({column}) + 1 from {parent})",
    "bigint": "(select pg_catalog.max({column}) + 1 from {parent})",
    "smallint": "(select pg_catalog.max({column}) + 1 from {parent})",
}


class Key(NamedTuple):
    """One foreign key, as the catalog has it."""

    schema: str
    table: str
    name: str
    child: str
    parent: str
    columns: list[str]
    types: list[str]
    parent_columns: list[str]
    on_delete: str
    primary_key: list[str] | None

    def __str__(self) -> str:
        return f"{self.name} on {self.schema}.{self.table}"


class _Seen(NamedTuple):
    """What came of one attempt: in words, and whether it proved anything; None when nothing."""

    words: str
    kept: bool | None


def tried_keys(conn: psycopg.Connection, promised: Iterable[Promise], xid: str) -> list[Finding]:
    """One row for each foreign key that a file creates.

    Args:
        conn: inside the scenario's transaction, as the owner of the tables.
        promised: of the file.
        xid: of that transaction; rows with this xmin or a later one are the scenario's.
    """
    wanted = [
        each
        for each in promised
        if each.kind == "constraint" and each.properties.get("form") == "foreign key"
        if each.present
    ]
    tables = sorted({each.names[:2] for each in wanted})
    parameters = {
        "schemas": [schema for schema, _ in tables],
        "tables": [table for _, table in tables],
    }
    there = [Key(*row) for row in conn.execute(query("keys"), parameters).fetchall()]
    found = []
    for promise in wanted:
        key = next((key for key in there if _same(promise, key)), None)
        if key is not None:  # one that is missing is verify's to say
            found.append(_try(conn, key, promise.properties.get("on_delete", "a"), xid))
    return found


def _same(promise: Promise, key: Key) -> bool:
    if promise.names[:2] != (key.schema, key.table):
        return False
    if promise.properties.get("named"):
        return promise.names[2] == key.name
    return list(promise.properties["columns"]) == key.columns


def _try(conn: psycopg.Connection, key: Key, on_delete: str, xid: str) -> Finding:
    action = ACTIONS.get(on_delete, "no action")
    expected = f"refuses an orphan; on delete {action}"
    rows = _rows(conn, key, xid)
    if not rows:
        reason = "untested: no row of the scenario refers to anything by it at the end"
        return Finding(CHECK, str(key), expected, reason, WARN)
    orphan = _first_conclusive(_orphan(conn, key, row) for row in rows)
    delete = _first_conclusive(_delete(conn, key, row, on_delete, xid) for row in rows)
    observed = f"{orphan.words}; {delete.words}"
    if False in (orphan.kept, delete.kept):
        verdict = FAIL
    else:
        verdict = PASS if orphan.kept and delete.kept else SKIP
    return Finding(CHECK, str(key), expected, observed, verdict)


def _first_conclusive(attempts: Iterable[_Seen]) -> _Seen:
    seen = _Seen("not tried", None)
    for seen in attempts:
        if seen.kept is not None:
            break
    return seen


def _rows(conn: psycopg.Connection, key: Key, xid: str) -> list[tuple[str, str]]:
    """Where rows of the scenario stand that refer to something by this key."""
    referring = SQL(" and ").join(
        SQL("{} is not null").format(Identifier(column)) for column in key.columns
    )
    statement = SQL(
        "select tableoid::text, ctid::text from {} where {} and pg_catalog.age(xmin)"
        " <= pg_catalog.age({}::xid) order by cmin::text::bigint, ctid limit {}"
    ).format(SQL(key.child), referring, Literal(xid), Literal(_ROWS))
    return _look(conn, statement)


def _orphan(conn: psycopg.Connection, key: Key, row: tuple[str, str]) -> _Seen:
    """Point the row at something that is not there: each column in turn, until it is refused."""
    seen = _Seen(f"no orphan tried: no value of type {key.types[-1]} can be made up", None)
    for column, kind, parent_column in zip(key.columns, key.types, key.parent_columns, strict=True):
        if kind not in _STRANGE:
            continue
        strange = SQL(_STRANGE[kind]).format(
            column=Identifier(parent_column), parent=SQL(key.parent)
        )
        statement = SQL("update {} set {} = {} where {}").format(
            SQL(key.child), Identifier(column), strange, _at(row)
        )
        count, _, error = _attempt(conn, statement)
        if error is None:
            if not count:
                return _Seen("no orphan tried: a trigger left the row as it was", None)
            # A BEFORE trigger may have put the old value back: only a look could tell.
            seen = _Seen("an orphan was let through", _altered(conn, key, row, statement))
            if seen.kept is None:
                return _Seen("no orphan tried: a trigger keeps the old value", None)
            return seen
        if _ours(error, key):
            return _Seen(f"orphan refused ({error.sqlstate})", True)
        if error.sqlstate == _ORPHAN and not error.diag.constraint_name:
            return _Seen(f"orphan refused ({_ORPHAN}, by a trigger before the key)", True)
        seen = _Seen(f"no orphan tried: {_stopped(error)}", None)
    return seen


def _altered(conn, key: Key, row: tuple[str, str], statement: Composed) -> bool | None:
    """False when the orphan really stood there; None when the value never changed."""
    joined = SQL(" and ").join(
        SQL("p.{} = c.{}").format(Identifier(theirs), Identifier(ours))
        for theirs, ours in zip(key.parent_columns, key.columns, strict=True)
    )
    look = SQL(
        "with done as ({} returning *) select exists (select from {} p where {}) from done c"
    ).format(statement, SQL(key.parent), joined)
    _, rows, error = _attempt(conn, look)
    return None if error is not None or (rows and rows[0][0]) else False


def _delete(conn, key: Key, row: tuple[str, str], on_delete: str, xid: str) -> _Seen:
    """Delete what the row refers to, and look what became of the row."""
    if not key.primary_key:
        return _Seen("on delete not tried: without a primary key the row is not found again", None)
    where = SQL(" and ").join(
        SQL("p.{} = c.{}").format(Identifier(theirs), Identifier(ours))
        for theirs, ours in zip(key.parent_columns, key.columns, strict=True)
    )
    mine = SQL(
        "select pg_catalog.age(p.xmin) <= pg_catalog.age({}::xid) from {} p, {} c where {} and {}"
    ).format(Literal(xid), SQL(key.parent), SQL(key.child), where, _at(row, "c."))
    found = _look(conn, mine)
    if not found or not found[0][0]:
        reason = "what the row refers to was there before the scenario"
        return _Seen(f"on delete not tried: {reason}", None)
    identity = SQL(" and ").join(
        SQL("{} = {}").format(Identifier(name), Literal(value))
        for name, value in zip(key.primary_key, _values(conn, key, row), strict=True)
    )
    statement = SQL("delete from {} p using {} c where {} and {}").format(
        SQL(key.parent), SQL(key.child), where, _at(row, "c.")
    )
    nulls = SQL(" and ").join(SQL("{} is null").format(Identifier(c)) for c in key.columns)
    some = SQL(" or ").join(SQL("{} is null").format(Identifier(c)) for c in key.columns)
    after = SQL("select {}, {} from {} where {}").format(nulls, some, SQL(key.child), identity)
    count, rows, error = _attempt(conn, statement, then=after)
    return _judged(key, on_delete, count, rows, error)


def _judged(key: Key, on_delete: str, count: int, rows: list, error) -> _Seen:
    if error is not None:
        if not _ours(error, key):
            return _Seen(f"on delete not tried: {_stopped(error)}", None)
        return _Seen(f"delete refused ({error.sqlstate})", on_delete in "ar")
    if not count:
        return _Seen("on delete not tried: a trigger kept what the row refers to", None)
    if not rows:
        if on_delete == "c":
            return _Seen("cascade: the row went along", True)
        # Another key may have cascaded: it proves nothing about this one.
        return _Seen("on delete not seen: the row went along by another key", None)
    whole, some = rows[0]
    if some:
        words = "set null: the row stays" if whole else "set null in part: the row stays"
        return _Seen(words, on_delete == "n")
    if on_delete == "d":
        return _Seen("set default: the row stays", True)
    return _Seen("the row stays and refers to nothing", False)


def _values(conn: psycopg.Connection, key: Key, row: tuple[str, str]) -> tuple:
    names = SQL(", ").join(
        SQL("{}::text").format(Identifier(name)) for name in key.primary_key or ()
    )
    return _look(conn, SQL("select {} from {} where {}").format(names, SQL(key.child), _at(row)))[0]


def _at(row: tuple[str, str], of: str = "") -> Composed:
    """The row by its place; it has no other name that a trigger could not change."""
    return SQL("{}tableoid = {}::oid and {}ctid = {}::tid").format(
        SQL(of), Literal(row[0]), SQL(of), Literal(row[1])
    )


def _look(conn: psycopg.Connection, statement: Composed) -> list[tuple]:
    if looks := getattr(conn, "looks", None):
        return looks(statement)
    with psycopg.ClientCursor(conn) as cursor:
        return cursor.execute(statement).fetchall()


def _attempt(
    conn: psycopg.Connection, statement: Composed, *, then: Composed | None = None
) -> tuple[int, list[tuple], psycopg.Error | None]:
    """Run it with all constraints at once, perhaps look, and take it back."""
    if tries := getattr(conn, "tries", None):
        rows, count, failure = tries(statement, then)
        return count, rows, failure
    count, rows, failure = 0, [], None
    try:
        with (
            conn.transaction(force_rollback=True),
            psycopg.ClientCursor(conn) as cursor,
        ):
            cursor.execute(statement)
            count = cursor.rowcount
            rows = cursor.fetchall() if cursor.description else []
            cursor.execute("set constraints all immediate")
            if then is not None:
                rows = cursor.execute(then).fetchall()
    except psycopg.Error as error:
        if conn.closed or conn.broken:
            raise
        failure = error
    return count, rows, failure


def _ours(error: psycopg.Error, key: Key) -> bool:
    return error.sqlstate in ("23503", "23001") and error.diag.constraint_name == key.name


def _stopped(error: psycopg.Error) -> str:
    named = error.diag.constraint_name
    words = error.diag.message_primary or str(error)
    return f"{named} stood in the way" if named else f"{words} (SQLSTATE {error.sqlstate})"
