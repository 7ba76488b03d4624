"""The account of a migration: what its transaction did to rows that were there before it.

Nothing is scanned. PostgreSQL counts, per table, the rows that a transaction inserts, updates and
deletes, also those of triggers, cascades and DO blocks; a changed file node shows a rewrite or a
TRUNCATE; a missing OID shows a drop. Together they prove that no existing row was lost, in a time
that does not grow with the tables. Asked before the commit, so that a loss nobody declared is
rolled back.

Source: https://www.postgresql.org/docs/current/monitoring-stats.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg

from ..errors import NotApplied
from ..findings import FAIL, PASS, WARN, Finding
from ..plan import Migration
from ..resources import query

# Weakest first; what a lock of each mode keeps others from doing.
MODES = {
    "RowShareLock": "",
    "RowExclusiveLock": "",
    "ShareUpdateExclusiveLock": "",
    "ShareLock": "blocks writes",
    "ShareRowExclusiveLock": "blocks writes",
    "ExclusiveLock": "blocks writes",
    "AccessExclusiveLock": "blocks reads and writes",
}
DROPPED_ROWS = "dropped with its rows"


class Counters(NamedTuple):
    """One table, as the transaction sees it."""

    oid: int
    name: str
    filenode: int | None
    has_rows: bool
    inserted: int
    updated: int
    deleted: int
    dropped_columns: int


@dataclass(frozen=True)
class Touched:
    """What happened to one existing table.

    Fields:
        inserted, updated, deleted: rows.
        losses: in words, what of its rows may be gone; empty when nothing is.
    """

    table: str
    inserted: int
    updated: int
    deleted: int
    losses: tuple[str, ...]


@dataclass(frozen=True)
class Account:
    """The whole account.

    Fields:
        existing: how many tables were there before.
        touched: those of them to which anything happened.
        locks: (table, mode) of the hardest lock held on each existing table at the commit.
        rewritten: those whose file was replaced, whether they held rows or not.
    """

    existing: int
    touched: tuple[Touched, ...]
    locks: tuple[tuple[str, str], ...]
    rewritten: tuple[str, ...] = ()


def open_account(conn: psycopg.Connection) -> Mapping[int, Counters]:
    """The tables before the migration's first statement, by OID; inside its transaction."""
    return {row[0]: Counters(*row) for row in conn.execute(query("account_tables"), {})}


def close_account(conn: psycopg.Connection, before: Mapping[int, Counters]) -> Account:
    """The same after its last statement, and the difference.

    Only the tables that the transaction holds a lock on are looked at: it touched no others.
    """
    after: dict[int, Counters] = dict(before)
    locks = []
    for oid, modes, there, name, filenode, *counted in conn.execute(query("account_touched"), {}):
        if oid not in before:
            continue
        if there:
            after[oid] = Counters(oid, name, filenode, before[oid].has_rows, *counted)
            locks += [(name, mode) for mode in modes]
        else:
            del after[oid]
    return account_of(before, after, locks)


def account_of(
    before: Mapping[int, Counters],
    after: Mapping[int, Counters],
    locks: Iterable[tuple[str, str]],
) -> Account:
    """The difference, and of each table's locks, as (table, mode), the hardest."""
    touched = [_touched(old, after.get(oid)) for oid, old in before.items()]
    hardest: dict[str, str] = {}
    for name, mode in locks:
        if name not in hardest or harder(mode, hardest[name]):
            hardest[name] = mode
    return Account(
        existing=len(before),
        touched=tuple(t for t in touched if t.inserted or t.updated or t.deleted or t.losses),
        locks=tuple(sorted(hardest.items())),
        rewritten=tuple(
            old.name
            for oid, old in before.items()
            if oid in after and after[oid].filenode != old.filenode
        ),
    )


def merged(accounts: Sequence[Account]) -> Account | None:
    """One account of several transactions, one after the other; None of none."""
    if not accounts:
        return None
    hardest: dict[str, str] = {}
    for account in accounts:
        for table, mode in account.locks:
            if table not in hardest or harder(mode, hardest[table]):
                hardest[table] = mode
    return Account(
        existing=accounts[0].existing,
        touched=tuple(t for account in accounts for t in account.touched),
        locks=tuple(sorted(hardest.items())),
        rewritten=tuple(sorted({name for account in accounts for name in account.rewritten})),
    )


def harder(mode: str, than: str) -> bool:
    """Whether one lock mode stops more than another."""
    modes = list(MODES)
    return modes.index(mode) > modes.index(than)


def require_no_loss(migration: Migration, account: Account) -> None:
    """Stop before the commit when rows are lost that the plan does not declare.

    Raises:
        NotApplied: names the tables; raised inside the transaction, it rolls everything back.
    """
    lost = [t for t in account.touched if t.losses and t.table not in migration.may_lose]
    if not lost:
        return
    words = "; ".join(f"{t.table}: {', '.join(t.losses)}" for t in lost)
    raise NotApplied(
        f"{migration.file} would change or lose existing rows that its plan does not declare:"
        f" {words}.",
        remedy="Mend the file, or declare it in plan.toml: may_lose = ["
        + ", ".join(f'"{t.table}"' for t in lost)
        + "].",
    )


def losses(migration: Migration, account: Account | None) -> dict[str, Any]:
    """What was declared to be lost and what was, side by side, for whoever asks a year later.

    Returns:
        declared: the tables that the plan named at that moment; lost: of each table that lost
        rows how, in words, in order.
    """
    lost: dict[str, list[str]] = {}
    for touched in account.touched if account else ():
        if touched.losses:
            lost.setdefault(touched.table, []).extend(touched.losses)
    return {"declared": list(migration.may_lose), "lost": lost}


def again(kept: Mapping[str, Any]) -> Account:
    """An account as asdict() gave it to an event."""
    return Account(
        existing=kept["existing"],
        touched=tuple(Touched(**{**t, "losses": tuple(t["losses"])}) for t in kept["touched"]),
        locks=tuple((table, mode) for table, mode in kept["locks"]),
        rewritten=tuple(kept["rewritten"]),
    )


def findings(
    migration: Migration, account: Account, forecast: Mapping[str, str] | None = None
) -> list[Finding]:
    """The account as rows: data first, then locks beside what was forecast (table to mode)."""
    return [*_rows(migration, account), *_locks(account, forecast)]


def _rows(migration: Migration, account: Account) -> Iterable[Finding]:
    untouched = account.existing - len(account.touched)
    observed = f"{untouched} of {account.existing} untouched"
    yield Finding("Existing rows", "existing tables", "none lost", observed, PASS)
    for t in account.touched:
        counted = f"{t.inserted} inserted, {t.updated} updated, {t.deleted} deleted"
        if not t.losses:
            yield Finding("Existing rows", t.table, "none lost", counted, PASS)
        elif t.table in migration.may_lose:
            observed = f"{counted}; {', '.join(t.losses)}; declared in the plan"
            yield Finding("Existing rows", t.table, "none lost", observed, WARN)
        else:
            observed = f"{counted}; {', '.join(t.losses)}"
            yield Finding("Existing rows", t.table, "none lost", observed, FAIL)
    lost = {t.table for t in account.touched if t.losses}
    for table in migration.may_lose:
        if table not in lost:
            observed = "none lost; the plan declares that some may be"
            yield Finding("Existing rows", table, "some may be lost", observed, PASS)


def _locks(account: Account, forecast: Mapping[str, str] | None) -> Iterable[Finding]:
    if not account.locks:
        yield Finding("Locks", "existing tables", "none blocked", "none taken", PASS)
    for table, mode in account.locks:
        effect = MODES[mode]
        observed = f"{mode} until the commit: {effect}" if effect else mode
        # Nobody waited longer for it than lock_timeout; what stops readers deserves a second look.
        verdict = WARN if mode == "AccessExclusiveLock" else PASS
        expected = "accounted for"
        if forecast is not None:
            foreseen = forecast.get(table)
            expected = f"forecast: {foreseen or 'none'}"
            if foreseen is None or harder(mode, foreseen):
                observed, verdict = f"{observed}; harder than forecast", WARN
        yield Finding("Locks", table, expected, observed, verdict)


def _touched(old: Counters, new: Counters | None) -> Touched:
    if new is None:
        losses = (DROPPED_ROWS,) if old.has_rows else ()
        return Touched(old.name, 0, 0, 0, losses)
    inserted, updated, deleted = (
        new.inserted - old.inserted,
        new.updated - old.updated,
        new.deleted - old.deleted,
    )
    losses = []
    if deleted > 0:
        losses.append(f"{deleted} rows deleted")
    if updated > 0:
        losses.append(f"{updated} rows changed")
    if old.has_rows and new.filenode != old.filenode:
        losses.append("truncated or rewritten")
    if old.has_rows and new.dropped_columns > old.dropped_columns:
        losses.append("a column dropped")
    return Touched(old.name, inserted, updated, deleted, tuple(losses))
