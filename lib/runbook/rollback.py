"""Rollback: an applied migration taken back, its history row and its event, or nothing of it.

What happened is never deleted: the rollback is one more event. Before the commit the catalog is
compared with the one from before the apply; a rollback file that leaves something behind is
itself rolled back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import psycopg
from psycopg import sql

from . import catalog, history, journal, ledger
from .apply import begin, run_statement, settled
from .errors import CheckFailed, FileInvalid, NotApplied, RunbookError
from .failure import commit_failed
from .findings import FAIL, PASS, WARN, Finding
from .ledger import PASSED, Author, latest, since_rollback
from .plan import Migration, Plan
from .sql import Script, read_script
from .target import Identity, reset_session
from .waiting import Limits


def chosen(plan: Plan, applied: history.History, names: Sequence[str]) -> list[Migration]:
    """The migrations to take back, the latest first; the last applied one when none is named."""
    if names:
        wanted = {plan.migration(name).version for name in names}
    else:
        wanted = {max((m.version for m in plan.migrations if applied.holds(m.version)), default="")}
    return [m for m in reversed(plan.migrations) if m.version in wanted]


def preview(
    conn: psycopg.Connection,
    plan: Plan,
    applied: history.History,
    migrations: Sequence[Migration],
) -> list[Finding]:
    """What would go: files, requirements, rows. Nothing is changed."""
    going = {m.version for m in migrations}
    rows: list[Finding] = []
    for migration in migrations:
        there = applied.holds(migration.version)
        state, verdict = ("applied", PASS) if there else ("pending", FAIL)
        rows.append(Finding("History", str(migration), "applied", state, verdict))
        rows.append(_file(migration))
        for other in plan.migrations:
            if migration.version in other.requires and applied.holds(other.version):
                verdict = PASS if other.version in going else FAIL
                observed = "goes too" if verdict == PASS else "is applied and would lose its ground"
                rows.append(Finding("Required by", str(other), "goes first", observed, verdict))
        rows += [_rows(conn, table) for table in migration.tables if there]
    return rows


def token(identity: Identity, fingerprint: str, migrations: Sequence[Migration]) -> str:
    """The rollback token: these rollback files, on this database as it is now."""
    covered = [[m.version, _script(m).sha256] for m in migrations]
    text = json.dumps(["rollback", identity.key, fingerprint, covered])
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def take_back(
    conn: psycopg.Connection, migration: Migration, author: Author, limits: Limits
) -> list[Finding]:
    """Run one rollback file, remove the history row and write the event, in one transaction.

    The caller holds the runner lock and has shown the preview.

    Raises:
        StatementFailed: with file, line and caret; the migration is still applied.
        CheckFailed: the catalog would not be what it was before the apply; still applied.
    """
    script = _script(migration)
    events = since_rollback(ledger.read(conn, migration.version))
    applied = latest(events, "apply")
    before = applied.detail.get("before") if applied else None
    try:
        with conn.transaction():
            begin(conn, limits)
            held = catalog.snapshot(conn)
            for statement in script.statements:
                run_statement(conn, script, statement)
            settled(conn, script, limits)
            if not history.delete(conn, migration.version):
                raise NotApplied(f"The history holds no row for {migration.version}.")
            left = catalog.snapshot(conn)
            rows = _proof(migration, before, catalog.fingerprint(left), catalog.diff(held, left))
            event = ledger.append(
                conn, author, stage="rollback", state=PASSED, phase=migration.phase,
                version=migration.version, sha256=script.sha256, findings=rows,
                catalog=catalog.fingerprint(left),
            )  # fmt: skip
    except (RunbookError, psycopg.Error, KeyboardInterrupt) as error:
        raise _not_taken_back(conn, migration, script, author, error) from None
    finally:
        if not conn.closed:
            reset_session(conn)
    journal.write(event)
    return rows


def _not_taken_back(
    conn: psycopg.Connection,
    migration: Migration,
    script: Script,
    author: Author,
    error: BaseException,
) -> RunbookError:
    """The error in words, written down where that is possible."""
    lost = conn.closed
    if isinstance(error, KeyboardInterrupt):
        error = NotApplied(f"The rollback of {migration.name} was interrupted.")
    elif isinstance(error, psycopg.Error):
        error = (
            NotApplied(f"The connection was lost while {script.file} ran.")
            if lost
            else commit_failed(script, error)
        )
    assert isinstance(error, RunbookError)
    if lost:
        error.state = "It was rolled back as a whole or committed as a whole."
        error.remedy = "`runbook status` says which; run this cell again."
        return error
    error.state = (
        f"The rollback was rolled back: {migration.name} is still applied, nothing was lost."
    )
    ledger.record(
        conn, author, stage="rollback", state=ledger.FAILED, phase=migration.phase,
        version=migration.version, error=str(error),
    )  # fmt: skip
    return error


def _proof(
    migration: Migration, before: str | None, now: str, changes: Sequence[catalog.Change]
) -> list[Finding]:
    """The catalog is the one from before the apply, or the transaction ends here."""
    file = f"migrations/rollback/{migration.path.name}"
    removed = sum(change.change == "removed" for change in changes)
    rows = [
        Finding("Rollback", file, "runs, with its history row", f"{removed} objects removed", PASS)
    ]
    expected = "as before the apply"
    if before is None:
        reason = "no fingerprint was recorded (applied by another tool)"
        return [*rows, Finding("Catalog", str(migration), expected, reason, WARN)]
    if before != now:
        raise CheckFailed(
            f"After {file} the catalog is not what it was before {migration.name} was applied"
            f" (fingerprint {now[:12]}…, then {before[:12]}…).",
            remedy="Mend the rollback file; or something else was changed since the apply, which"
            " has to go first.",
        )
    return [*rows, Finding("Catalog", str(migration), expected, "identical", PASS)]


def _file(migration: Migration) -> Finding:
    shown = f"migrations/rollback/{migration.path.name}"
    try:
        count = len(_script(migration).statements)
    except FileInvalid as error:
        return Finding("Rollback file", shown, "present, parses", error.what, FAIL)
    return Finding("Rollback file", shown, "present, parses", f"{count} statements", PASS)


def _script(migration: Migration) -> Script:
    return read_script(migration.rollback, shown=f"migrations/rollback/{migration.path.name}")


def _rows(conn: psycopg.Connection, table: str) -> Finding:
    """How many rows would go with a table; a count that policies would filter is an error."""
    name = sql.Identifier(*table.split(".", 1))
    with conn.transaction():
        conn.execute("set local row_security = off")
        row = conn.execute("select to_regclass(%s) is not null", [name.as_string(conn)]).fetchone()
        if row is None or not row[0]:
            return Finding("Rows", table, "none lost", "the table is not there", FAIL)
        count = conn.execute(sql.SQL("select count(*) from {}").format(name)).fetchone()
    assert count is not None
    verdict = WARN if count[0] else PASS
    return Finding("Rows", table, "none lost", f"{count[0]} rows would be lost", verdict)
