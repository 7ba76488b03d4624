"""One migration applied under the load, on a copy."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg

from ..applying.account import MODES, Account
from ..embedded import Server
from ..plan import Migration
from . import traffic, waiting
from .felt import Felt, Stream
from .waiting import Seen

QUIET_S, AFTER_S = 1.0, 0.5
MOST_TABLES = 3


def under_load(
    server: Server,
    conn: psycopg.Connection,
    migration: Migration,
    account: Account | None,
    work: Callable[[], None],
) -> Felt | str:
    """Do the work, which applies the migration, while others read and write what it locks.

    Args:
        conn: the migration's own connection, to an embedded database.
        account: of an earlier apply: its locks say which tables the load is put on.

    Returns:
        What was felt; or why nothing was measured, when the work was done without a load.
    """
    if account is None:
        work()
        return "it runs outside of a transaction: which tables it locks was not counted"
    if not account.locks:
        work()
        return "it locks no table that was there before: nobody waits for it"
    pgbench = server.bin_dir / "pgbench"
    if not pgbench.exists():
        work()
        return "this embedded server comes without pgbench, which makes the load"
    hardest = sorted(account.locks, key=lambda lock: (-list(MODES).index(lock[1]), lock[0]))
    locks = dict(hardest[:MOST_TABLES])
    rows = {table: _count(conn, table) for table in locks}
    wanted = [source for table in locks for source in traffic.sources(conn, table)]
    # Its own session is the server's: whose tables they are makes no difference to the locks.
    conninfo = server.conninfo(conn.info.dbname, "supabase_admin")
    with tempfile.TemporaryDirectory(prefix="runbook-load-") as folder:
        with traffic.running(pgbench, conninfo, wanted, Path(folder)) as load:
            time.sleep(QUIET_S)
            with waiting.watched(conninfo, conn.info.backend_pid, load) as seen:
                began = load.now()
                work()
                ended = load.now()
            time.sleep(AFTER_S)
        streams = tuple(_marked(n, stream, seen) for n, stream in enumerate(load.streams))
    return Felt(migration.name, streams, began, ended, traffic.A_SECOND, locks, rows)


def _marked(number: int, stream: Stream, seen: Seen) -> Stream:
    """The requests that were seen waiting, marked so."""
    return replace(
        stream,
        requests=tuple(
            replace(each, waited=seen.within(number, each.due, each.ended))
            for each in stream.requests
        ),
    )


def _count(conn: psycopg.Connection, table: str) -> int:
    row = conn.execute(f"select count(*) from {table}").fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0]
