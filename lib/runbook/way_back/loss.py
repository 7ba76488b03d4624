"""What a rollback file takes away, learned by running it: behind a savepoint, and taken back.

Only the database itself knows what a cascade, a trigger or a DO block will delete. So the file is
run once inside of the rollback's own transaction, the account is read, and the savepoint undoes it
all; then the rows are saved; then the file runs in earnest and its account must hold nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psycopg

from .. import catalog
from ..applying.account import DROPPED_ROWS, Account, close_account, open_account
from ..catalog import Catalog, Change
from ..errors import NoBackup
from ..promises.names import dotted
from .backup import DROPPED, KEPT, Backup


@dataclass(frozen=True)
class Loss:
    """What goes.

    Fields:
        tables: (qualified name, dropped or kept, columns that go), of tables that hold rows.
        sequences: dropped by themselves, qualified.
        empty: tables that go and held no row: until they are locked, somebody may write one.
    """

    tables: tuple[tuple[str, str, tuple[str, ...]], ...]
    sequences: tuple[str, ...]
    empty: tuple[str, ...] = ()


def foresee(conn: psycopg.Connection, held: Catalog, run: Callable[[], None]) -> Loss:
    """Run the rollback's statements behind a savepoint, look, and take them back.

    Args:
        conn: inside of the rollback's transaction.
        held: the catalog before.
        run: executes the statements, deferred triggers included.
    """
    before = open_account(conn)
    with conn.transaction(force_rollback=True):
        run()
        account = close_account(conn, before)
        left = catalog.snapshot(conn)
    return loss_of(account, catalog.diff(held, left))


def loss_of(account: Account, changes: Iterable[Change]) -> Loss:
    """What an account and the catalog's changes say of rows and sequences."""
    gone: dict[str, list[str]] = {}
    sequences, dropped = [], set()
    for change in changes:
        if change.change != "removed":
            continue
        if change.kind == "column":
            gone.setdefault(dotted(change.names[:2]), []).append(change.names[2])
        if change.kind == "sequence":
            sequences.append(dotted(change.names))
        if change.kind == "table":
            dropped.add(dotted(change.names))
    tables = []
    for touched in account.touched:
        if touched.losses:
            # An extension's table is not in the catalog that is compared.
            remains = touched.table not in dropped and DROPPED_ROWS not in touched.losses
            lost = tuple(gone.get(touched.table, ())) if remains else ()
            tables.append((touched.table, KEPT if remains else DROPPED, lost))
    empty = sorted(dropped - {table for table, _, _ in tables})
    return Loss(tuple(tables), tuple(sequences), tuple(empty))


def require_saved(file: str, account: Account, backup: Backup | None) -> None:
    """Stop before the commit when rows go that are in no backup.

    Raises:
        NoBackup: names the tables; raised inside the transaction, it rolls everything back.
    """
    saved = {item.table for item in backup.tables} if backup else set()
    lost = [t for t in account.touched if t.losses and t.table not in saved]
    if lost:
        words = "; ".join(f"{t.table}: {', '.join(t.losses)}" for t in lost)
        raise NoBackup(
            f"{file} lost rows that were not saved: {words}.",
            state="It was rolled back: the migration is still applied, nothing was lost.",
            remedy="It did something else than in its trial a moment before; run this again.",
        )
