"""One read in a savepoint: its rows, or what kept it from running, as a verdict and a reason."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from psycopg import errors as pg

from ..findings import FAIL, SKIP


def attempt(
    conn: psycopg.Connection, sql: str, timeout_ms: int
) -> tuple[list[tuple[Any, ...]], tuple[str, str] | None]:
    """The rows of one query in a savepoint of its own, or why there are none: verdict and reason.

    The transaction around it goes on whatever happens here, and keeps no lock from it.

    Raises:
        psycopg.errors.QueryCanceled: before the time was up, so by somebody else's hand.
        psycopg.OperationalError: the connection is gone.
    """
    started = time.monotonic()
    try:
        # Rolled back even when all is well: that lets go of the locks on the tables it read.
        with conn.transaction(force_rollback=True):
            conn.execute(
                "select pg_catalog.set_config('statement_timeout', %s, true)", (str(timeout_ms),)
            )
            return conn.execute(sql, prepare=False).fetchall(), None
    except pg.QueryCanceled:
        if (time.monotonic() - started) * 1000 < timeout_ms:
            raise  # that is for the operator, not a finding
        return [], (SKIP, f"not looked at: it took longer than {timeout_ms} ms")
    except pg.LockNotAvailable:
        return [], (SKIP, "not looked at: another session holds a lock on it")
    except pg.InsufficientPrivilege as error:
        return [], (SKIP, f"not looked at: {_privilege(conn, error)}")
    except psycopg.Error as error:
        if conn.closed:
            raise
        said = error.diag.message_primary or str(error)
        return [], (FAIL, f"check could not run: {said} (SQLSTATE {error.sqlstate})")


def _privilege(conn: psycopg.Connection, error: psycopg.Error) -> str:
    said = error.diag.message_primary or str(error)
    if "row-level security" not in said:
        return said
    [(role,)] = conn.execute("select current_user").fetchall()
    return f"row-level security would hide rows from role {role}, which lacks BYPASSRLS ({said})"
