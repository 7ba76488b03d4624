"""Rollback: an applied migration taken back, its history row and its event, or nothing of it.

What happened is never deleted: the rollback is one more event. The rows that go are saved first,
by the same transaction that then drops them; and before the commit the catalog is compared with the
one from before the apply: a rollback file that leaves something behind is itself rolled back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import psycopg

from . import catalog, history, ledger
from .apply import begin, run_statement, settled
from .applying.account import close_account, open_account
from .applying.outcome import settle
from .applying.waiting import PASSING, Limits, Progress, Report, Watch, giving_way, watched
from .errors import CheckFailed, InDoubt, NotApplied, RunbookError
from .findings import PASS, WARN, Finding
from .ledger import PASSED, Author, latest, since_rollback
from .plan import Migration, Plan
from .records import journal
from .sql import Script
from .statements.failure import commit_failed
from .target import Identity, Target, leave_session
from .way_back import backup, loss
from .way_back.goes import script_of


def chosen(plan: Plan, applied: history.History, names: Sequence[str]) -> list[Migration]:
    """The migrations to take back, the latest first; the last applied one when none is named."""
    if names:
        wanted = {plan.migration(name).version for name in names}
    else:
        wanted = {max((m.version for m in plan.migrations if applied.holds(m.version)), default="")}
    return [m for m in reversed(plan.everything) if m.version in wanted]


def token(
    identity: Identity,
    fingerprint: str,
    migrations: Sequence[Migration],
    *,
    without_backup: bool = False,
) -> str:
    """The rollback token: these rollback files, on this database as it is now."""
    covered = [[m.version, script_of(m).sha256] for m in migrations]
    what = ["rollback", identity.key, fingerprint, covered]
    text = json.dumps([*what, "without backup"] if without_backup else what)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def take_back(
    target: Target,
    conn: psycopg.Connection,
    migration: Migration,
    author: Author,
    limits: Limits,
    report: Report = lambda progress: None,
    *,
    folder: Path | None,
) -> list[Finding]:
    """Save the rows that go, run one rollback file, remove the history row and write the event.

    All of it in one transaction. The caller holds the runner lock and has shown the preview.

    Args:
        target: where `conn` leads; asked again should the connection be lost.
        conn: an idle autocommit connection.
        folder: where the backup goes; None takes back without one.

    Raises:
        NoBackup: the rows could not be saved; the migration is still applied.
        StatementFailed: with file, line and caret; the migration is still applied.
        LockTimeout: after the last retry; names the blockers; still applied.
        CheckFailed: the catalog would not be what it was before the apply; still applied.
        InDoubt: the connection was lost, and nobody could say what became of the transaction.
    """
    script = script_of(migration)
    ledger.ensure(conn)
    kind, watching = _way(target)
    run = kind(target, conn, migration, script, author, limits, report, folder)
    with watching(target, conn, limits, report) as watch:
        try:
            return giving_way(script.file, limits, report, watch, run.attempt)
        except RunbookError as error:
            raise run.recorded(error) from None


def _way(target: Target) -> tuple[type[Run], Callable[..., AbstractContextManager[Watch]]]:
    """How one is taken back there, and who looks at those in its way meanwhile."""
    if target.keeps_session:
        return Run, watched
    from .over_mcp.rolling_back import RunOverMcp

    return RunOverMcp, lambda *_: nullcontext(Watch())


class Run:
    """The attempts at one rollback."""

    def __init__(
        self,
        target: Target,
        conn: psycopg.Connection,
        migration: Migration,
        script: Script,
        author: Author,
        limits: Limits,
        report: Report,
        folder: Path | None,
    ) -> None:
        self.target, self.conn, self.migration, self.script = target, conn, migration, script
        self.author, self.limits, self.report, self.folder = author, limits, report, folder
        self.xid = ""

    def attempt(self, number: int) -> list[Finding]:
        """One whole transaction."""
        event: dict[str, Any] | None = None
        rows: list[Finding] = []
        self.xid = ""
        try:
            with self.conn.transaction():
                self.xid = begin(self.conn, self.limits)
                rows, event = self._inside()
        except PASSING:
            self._discard()
            raise
        except (RunbookError, psycopg.Error, KeyboardInterrupt) as error:
            if isinstance(error, RunbookError):
                self._discard()
                raise
            if isinstance(error, psycopg.Error) and not self.conn.closed:
                self._discard()
                raise commit_failed(self.script, error) from None
            self._require_gone(error, written=event is not None)
        finally:
            leave_session(self.conn)
        assert event is not None
        journal.write(event)
        return rows

    def _inside(self) -> tuple[list[Finding], dict[str, Any]]:
        conn, migration = self.conn, self.migration
        held = catalog.snapshot(conn)
        saved = self._saved(held)
        before = open_account(conn)
        self._statements()
        account = close_account(conn, before)
        if self.folder is not None:
            loss.require_saved(self.script.file, account, saved)
        if not history.delete(conn, migration.version):
            raise NotApplied(f"The history holds no row for {migration.version}.")
        left = catalog.snapshot(conn)
        rows = proof(
            migration, self.expected(), catalog.fingerprint(left), catalog.diff(held, left)
        )
        rows += kept(self.folder, saved)
        event = ledger.append(
            conn, self.author, stage="rollback", state=PASSED, phase=migration.phase,
            version=migration.version, sha256=self.script.sha256, findings=rows, xid=self.xid,
            catalog=catalog.fingerprint(left), backup=saved.detail() if saved else None,
        )  # fmt: skip
        return rows, event

    def expected(self) -> str | None:
        """The catalog's fingerprint from before the apply, where it was recorded."""
        counted = since_rollback(ledger.read(self.conn, self.migration.version))
        applied = latest((e for e in counted if e.state == PASSED), "apply")
        return applied.detail.get("before") if applied else None

    def _statements(self) -> None:
        statements = self.script.statements
        for number, statement in enumerate(statements, start=1):
            self.report(Progress(number, len(statements), statement.title))
            run_statement(self.conn, self.script, statement)
        settled(self.conn, self.script, self.limits)

    def _saved(self, held: catalog.Catalog) -> backup.Backup | None:
        """The backup, on disk; None where nothing would be lost or none is wanted."""
        if self.folder is None:
            return None
        goes = loss.foresee(self.conn, held, self._statements)
        backup.lock(self.conn, [*goes.empty, *(table for table, _, _ in goes.tables)])
        if not goes.tables and not goes.sequences:
            return None
        backup.discard(self.folder)  # of an attempt that gave way to a lock
        names = ", ".join(table for table, _, _ in goes.tables)
        self.report(Progress(0, 0, "", f"saving {names}"))
        return backup.save(
            self.conn, self.folder, goes.tables, version=self.migration.version,
            target=self.target.name, more_sequences=goes.sequences,
        )  # fmt: skip

    def _discard(self) -> None:
        if self.folder is not None:
            backup.discard(self.folder)

    def _require_gone(self, error: BaseException, *, written: bool) -> None:
        """The answer to COMMIT is missing: return if it was committed, raise if it was not."""
        still = settle(self.target, self.xid, self.migration.version) if self.xid else True
        if still is False and written:
            return
        if still is None:
            raise InDoubt(
                f"The connection was lost while {self.script.file} was being committed, and the"
                " server could not be asked since.",
                state=f"In doubt: transaction {self.xid} was committed or rolled back as a whole.",
                remedy=f"When the server is back: select pg_xact_status('{self.xid}'); or `runbook"
                " status`. The backup, if rows were to go, is kept.",
            ) from None
        self._discard()
        if isinstance(error, KeyboardInterrupt):
            raise NotApplied(f"The rollback of {self.migration.name} was interrupted.") from None
        raise NotApplied(
            f"The connection was lost while {self.script.file} ran.", remedy="Run this cell again."
        ) from None

    def recorded(self, error: RunbookError) -> RunbookError:
        """The error with the state that is true of a rollback, written down where possible."""
        if isinstance(error, InDoubt):
            return error
        name = self.migration.name
        error.state = f"The rollback was rolled back: {name} is still applied, nothing was lost."
        try:
            conn = self.target.connect(purpose="note") if self.conn.closed else self.conn
            ledger.record(
                conn, self.author, stage="rollback", state=ledger.FAILED,
                phase=self.migration.phase, version=self.migration.version, error=str(error),
            )  # fmt: skip
        except (RunbookError, psycopg.Error, OSError):
            pass  # the error itself matters more
        return error


def kept(folder: Path | None, saved: backup.Backup | None) -> list[Finding]:
    """What became of the rows that go."""
    expected = "rows that go are saved first"
    if folder is None:
        return [Finding("Backup", "rows", expected, "none was made, as approved", WARN)]
    if saved is None:
        return [Finding("Backup", "rows", expected, "no rows went", PASS)]
    place = backup.shown(saved.folder)
    return [
        Finding("Backup", t.table, expected, f"{t.rows} rows in {place}/{t.file}", PASS)
        for t in saved.tables
    ]


def proof(
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
