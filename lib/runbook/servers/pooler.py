"""A pooler in between: one that keeps a session together is fine, one that does not is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from ..target import Target


def splits_sessions(target: Target, conn: psycopg.Connection) -> bool:
    """Whether statements of one session may reach different backends.

    Two clients of a transaction pooler meet in one backend, or one client in two; two real
    sessions never do. Asked twice on `conn` first: a pooler that hands out its backends in turn
    gives another one then. A pooler of statements lets nobody begin a transaction at all.
    """
    own = backend_pid(conn)
    if backend_pid(conn) != own:
        return True
    try:
        with target.connect(purpose="pooler check") as other, other.transaction():
            return backend_pid(other) == own or backend_pid(conn) != own
    except psycopg.errors.ProtocolViolation:
        return True


def backend_pid(conn: psycopg.Connection) -> int:
    """The server's process; what libpq was told at the start may be a pooler's."""
    row = conn.execute("select pg_catalog.pg_backend_pid()").fetchone()
    assert row is not None
    return row[0]
