"""What became of a transaction whose connection was lost before the answer to COMMIT came."""

from __future__ import annotations

import time

import psycopg

from .. import history
from ..errors import RunbookError
from ..target import Target

_PATIENCE_S = 30
_PAUSE_S = 0.25


def settle(target: Target, xid: str, version: str) -> bool | None:
    """Ask the server until it knows: True committed, False rolled back, None nobody can say.

    A killed client's backend may still be running, and a crashed server needs time to come back,
    so the question is repeated for half a minute.

    Args:
        xid: as pg_current_xact_id() gave it; "" when the transaction had not even begun.
        version: the migration whose history row the transaction would have written.
    """
    if not xid:
        return False
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        try:
            with target.connect(purpose="settle") as conn:
                if not _in_progress(conn, xid):
                    # The row, not the id, is the evidence: an id that was handed out just before a
                    # crash is forgotten by it, and handed out again.
                    return any(row.version == version for row in history.read(conn))
        except (RunbookError, psycopg.OperationalError):
            pass  # not back yet
        time.sleep(_PAUSE_S)
    return None


def _in_progress(conn: psycopg.Connection, xid: str) -> bool:
    try:
        row = conn.execute("select pg_xact_status(%s::xid8)", [xid]).fetchone()
    except psycopg.errors.InvalidParameterValue:
        return False  # "in the future": the server crashed before it had written anything of it
    return row is not None and row[0] == "in progress"
