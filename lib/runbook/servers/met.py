"""Tables that may not be there: asked for until a connection has met them."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.pq import TransactionStatus

_met: WeakKeyDictionary[psycopg.Connection, set[str]] = WeakKeyDictionary()
_EXISTS = (
    # Not to_regclass(): that may answer from a cache which a waiter's transaction keeps too long.
    "select exists (select from pg_catalog.pg_class c"
    " join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
    " where n.nspname = %s and c.relname = %s)"
)


def exists(conn: psycopg.Connection, table: str) -> bool:
    """Whether this schema.table is there, asked now."""
    row = conn.execute(_EXISTS, table.split(".")).fetchone()
    return row is not None and row[0]


def met(conn: psycopg.Connection, table: str) -> bool:
    """Whether this connection has read it."""
    return table in _met.get(conn, ())


def rows(
    conn: psycopg.Connection, table: str, question: str, parameters: dict[str, Any]
) -> list[tuple]:
    """What the question about this table gives; nothing where there is no such table."""
    # In a transaction a wrong guess would end it, and what it sees may be taken back.
    idle = conn.info.transaction_status == TransactionStatus.IDLE
    known = idle and met(conn, table)
    if not known and not exists(conn, table):
        return []
    try:
        found = conn.execute(question, parameters).fetchall()  # type: ignore[arg-type]
    except psycopg.errors.UndefinedTable:
        if not known:
            raise
        _met[conn].discard(table)
        return []
    if idle:
        _met.setdefault(conn, set()).add(table)
    return found
