"""One runner at a time per database: a session's advisory lock, polled on its own connection.

Polled, because a session that *waits* for an advisory lock deadlocks with CREATE INDEX
CONCURRENTLY; on its own connection, because the lock must outlive the transactions it protects and
must vanish with the process that holds it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from ..errors import Held
from ..resources import query
from ..target import Target

_KEY = "hashtextextended('runbook.apply', 0)"
_POLL_S = 0.1


@contextmanager
def hold(
    target: Target,
    operator: str,
    *,
    wait_s: float = 60,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold the target's runner lock, waiting for another holder first.

    Args:
        operator: shown to whoever waits for us.
        wait_s: seconds to wait for another holder.
        on_wait: called with the holder in words, each time it changes.

    Raises:
        Held: still held after `wait_s`; names the holder.
    """
    target.require_session("The runner lock")
    with target.connect(purpose=f"{operator}: lock") as conn:
        deadline = time.monotonic() + wait_s
        shown = ""
        while not _try(conn):
            holder = _holder(conn)
            if on_wait and holder and holder != shown:
                on_wait(holder)
                shown = holder
            if time.monotonic() > deadline:
                raise Held(
                    f"Target {target.name} is held by {holder or shown or 'another session'}.",
                    remedy="Wait for them, or ask them to stop; then run this cell again.",
                )
            time.sleep(_POLL_S)
        # Closing the connection releases the lock, also when this process is killed.
        yield


def _try(conn: psycopg.Connection) -> bool:
    row = conn.execute(f"select pg_try_advisory_lock({_KEY})").fetchone()
    return row is not None and row[0]


def _holder(conn: psycopg.Connection) -> str:
    row = conn.execute(query("lock_holder")).fetchone()
    if row is None:
        return ""  # it left between the two questions
    pid, user, application, since = row
    return f"{application or 'a session'} (pid {pid}, role {user}, since {since} UTC)"
