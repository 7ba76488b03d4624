"""The catalog's queries, planned once a session and not once a reading.

Where a migration touches little, PostgreSQL takes longer to plan them than to run them. They are
prepared under a name of this connection's own, and asked for by name in one message.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import Connection, Cursor
from psycopg.sql import SQL, Identifier, Literal

_prefixes: WeakKeyDictionary[Connection, str] = WeakKeyDictionary()
_THERE = "select name from pg_catalog.pg_prepared_statements"
_AS_NEW = """
close all; set session authorization default; reset all; unlisten *;
select pg_catalog.pg_advisory_unlock_all(); discard temp; discard sequences
"""
# A plan for these very objects would have to be made anew for the next ones.
_GENERIC = "set local plan_cache_mode = force_generic_plan"


class Plans:
    """What this session has prepared, asked now: a file may have deallocated it."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._prefix = prefix(cursor.connection)
        cursor.execute(f"{_GENERIC}; {_THERE}")
        cursor.nextset()
        self._there = {name for (name,) in cursor}

    def ask(self, asked: Iterable[tuple[str, str, Mapping[str, Any]]]) -> list[list[tuple]]:
        """The rows of each query, given as its name, its text and its parameters (lists or None).

        Within a transaction; its settings are left changed.
        """
        message = []
        for name, text, parameters in asked:
            numbered, order = _numbered(text)
            statement = self._prefix + name
            if statement not in self._there:
                message.append(f"prepare {statement} as {numbered}")
                self._there.add(statement)
            values = ", ".join(self._literal(parameters[key]) for key in order)
            message.append(f"execute {statement}" + (f"({values})" if order else ""))
        if not message:
            return []
        self._cursor.execute("; ".join(message))  # type: ignore[arg-type]
        found = []
        while True:
            if self._cursor.description:
                found.append(self._cursor.fetchall())
            if not self._cursor.nextset():
                return found

    def _literal(self, value: list[Any] | None) -> str:
        if value and isinstance(value[0], int):  # thousands of OIDs
            return f"'{{{','.join(map(str, value))}}}'"
        return Literal(value or ([] if value is not None else None)).as_string(self._cursor)


def prefix(conn: Connection) -> str:
    """What the names of this connection's own statements begin with."""
    return _prefixes.setdefault(conn, f"runbook_{secrets.token_hex(8)}_")


def as_new(conn: Connection) -> None:
    """Put a session back as DISCARD ALL does, but for our own plans."""
    cursor = conn.execute(f"{_AS_NEW}; {_THERE}")
    while cursor.nextset():
        pass
    for (name,) in cursor.fetchall():
        if not name.startswith(prefix(conn)):
            conn.execute(SQL("deallocate {}").format(Identifier(name)))


class _Numbers(dict[str, str]):
    """`%(name)s` becomes `$1`, `$2` … in the order of appearance."""

    def __missing__(self, key: str) -> str:
        self[key] = f"${len(self) + 1}"
        return self[key]


def _numbered(text: str) -> tuple[str, list[str]]:
    numbers = _Numbers()
    return text % numbers, list(numbers)
