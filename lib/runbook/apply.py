"""Apply: one migration, its history row and its event, in one transaction or not at all."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.pq import TransactionStatus

from . import catalog, history, ledger
from .applying.account import Account, close_account, losses, open_account, require_no_loss
from .applying.account import findings as account_findings
from .applying.outcome import settle
from .applying.waiting import PASSING, Limits, Progress, Report, giving_way, watched
from .errors import InDoubt, NotApplied, StatementFailed
from .findings import PASS, SKIP, Finding, failed
from .ledger import Author
from .plain import shared_roles
from .plan import Migration
from .promises.promise import promises
from .records import journal
from .sql import Script, Statement
from .statements.failure import commit_failed, statement_failed
from .target import Target, leave_session, reset_settings
from .verification.unexpected import unexpected


@dataclass(frozen=True)
class Applied:
    """What was done.

    Fields:
        statements: how many ran.
        seconds: wall time of the attempt that succeeded.
        attempts: 1 unless locks had to be waited for.
        notices: what the server had to say, in order, severity first.
        xid: the transaction that holds it all.
        account: existing rows and locks; None when every part ran outside of a transaction.
        changes: what became of the catalog.
        parts: 1 for a migration in one transaction; more for one that PostgreSQL will not run so.
        forecast: table to lock mode, as the twin showed it; None where there was no twin.
    """

    statements: int
    seconds: float
    attempts: int
    notices: tuple[str, ...]
    xid: str
    account: Account | None
    changes: tuple[catalog.Change, ...]
    parts: int = 1
    forecast: Mapping[str, str] | None = None

    def findings(self, migration: Migration) -> list[Finding]:
        """What was done, as rows."""
        count = f"{self.statements} run" + (
            f" (attempt {self.attempts})" if self.attempts > 1 else ""
        )
        how = "all, in one transaction" if self.parts == 1 else f"all, in {self.parts} parts"
        rows = [
            Finding("Statements", migration.file, how, count, PASS),
            Finding("History", str(migration), "written with them", "written", PASS),
        ]
        if self.account is None:
            reason = "not counted: it ran outside of a transaction"
            return [*rows, Finding("Existing rows", "existing tables", "none lost", reason, SKIP)]
        kinds = Counter(change.change for change in self.changes)
        observed = ", ".join(f"{kinds[kind]} {kind}" for kind in ("added", "changed", "removed"))
        rows.append(Finding("Objects", "catalog", "reported", observed, PASS))
        rows += account_findings(migration, self.account, self.forecast)
        rows += [Finding("Notice", migration.file, "–", text, PASS) for text in self.notices]
        return rows


def apply(
    target: Target,
    conn: psycopg.Connection,
    migration: Migration,
    author: Author,
    limits: Limits,
    report: Report = lambda progress: None,
    *,
    forecast: Mapping[str, str] | None = None,
) -> Applied:
    """Run one migration, its history row and its `passed` event in one transaction.

    Either all three are committed or none is: nobody has to ask whether it ran.

    Args:
        target: where `conn` leads; asked again should the connection be lost.
        conn: an idle autocommit connection; the caller holds the runner lock.
        migration: one file, prechecked, all of whose statements may run in a transaction.
        author: written into the event.
        limits: timeouts and retries.
        report: called before each statement and while waiting.
        forecast: table to lock mode, shown beside what is held.

    Raises:
        LockTimeout: after the last retry; rolled back; names the blockers.
        StatementFailed: with file, line, caret and SQLSTATE; rolled back.
        NotApplied: the connection was lost and the server says the transaction was rolled back.
        InDoubt: the connection was lost and nobody could say what became of the transaction.

    Source: https://www.postgresql.org/docs/current/explicit-locking.html
    """

    def attempt(number: int) -> Applied:
        try:
            return _once(target, conn, migration, author, limits, report, number, forecast)
        finally:
            leave_session(conn)

    with watched(target, conn, limits, report) as watch:
        return giving_way(migration.file, limits, report, watch, attempt)


def _once(
    target: Target,
    conn: psycopg.Connection,
    migration: Migration,
    author: Author,
    limits: Limits,
    report: Report,
    attempt: int,
    forecast: Mapping[str, str] | None,
) -> Applied:
    statements = migration.script.statements
    began = time.monotonic()
    xid = ""
    try:
        with notices_of(conn) as notices, conn.transaction():
            xid = begin(conn, limits)
            before = open_account(conn)
            objects = catalog.snapshot(conn)
            for number, statement in enumerate(statements, start=1):
                report(Progress(number, len(statements), statement.title))
                run_statement(conn, migration.script, statement)
            settled(conn, migration.script, limits)
            account = close_account(conn, before)
            require_no_loss(migration, account)
            left = catalog.snapshot(conn)
            changes = tuple(catalog.diff(objects, left))
            require_promised(migration, changes)
            history.insert(conn, migration)
            seconds = time.monotonic() - began
            applied = Applied(
                len(statements), seconds, attempt, tuple(notices), xid, account, changes,
                forecast=forecast,
            )  # fmt: skip
            event = ledger.append(
                conn, author, stage="apply", state=ledger.PASSED, phase=migration.phase,
                version=migration.version, sha256=migration.script.sha256, xid=xid,
                statements=applied.statements, seconds=round(seconds, 3), attempts=attempt,
                notices=list(notices), findings=applied.findings(migration),
                before=catalog.fingerprint(objects), catalog=catalog.fingerprint(left),
                locks=dict(account.locks), held_at_most_s=round(seconds, 3),
                losses=losses(migration, account),
            )  # fmt: skip
    except (*PASSING, NotApplied):
        raise
    except (psycopg.Error, KeyboardInterrupt) as error:
        if isinstance(error, psycopg.Error) and not conn.closed:
            raise commit_failed(migration.script, error) from None
        # The answer is lost, or an interrupt came when COMMIT was on its way: the server knows.
        _require_committed(target, migration, xid, error)
    journal.write(event)
    return applied


def require_promised(migration: Migration, changes: Sequence[catalog.Change]) -> None:
    """Stop before the commit when something changed that the file's SQL does not promise.

    Raises:
        NotApplied: names the first change; raised inside the transaction, it rolls it back.
    """
    bad = failed(unexpected(changes, promises(migration.script.statements)))
    if bad:
        raise NotApplied(
            f"{migration.file} would change {len(bad)} things that its SQL does not promise, the"
            f" first: {bad[0].object}: {bad[0].observed}.",
            remedy="Find what does it (an event trigger? a function it calls?) and write it out.",
        )


def begin(conn: psycopg.Connection, limits: Limits) -> str:
    """Set the transaction's timeouts; the id by which its outcome can be settled later."""
    row = conn.execute(
        "select set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true),"
        " pg_current_xact_id()::text",
        [str(limits.lock_timeout_ms), str(limits.statement_timeout_ms)],
    ).fetchone()
    assert row is not None
    return row[2]


def settled(conn: psycopg.Connection, script: Script, limits: Limits) -> None:
    """Bring a transaction whose statements have run to where it can be accounted for.

    Deferred constraints and triggers run now: left to the COMMIT, what they delete would be in no
    account. Then role and settings are ours again: under a file's `session_replication_role =
    replica` the ledger's trigger would not fire.

    Raises:
        StatementFailed: a deferred constraint is violated.
    """
    try:
        conn.execute("set constraints all immediate")
    except PASSING:
        raise
    except psycopg.Error as error:
        if conn.closed:
            raise
        raise commit_failed(script, error) from None
    reset_settings(conn)
    begin(conn, limits)


def run_statement(conn: psycopg.Connection, script: Script, statement: Statement) -> None:
    """Send one statement and check that the connection is still where it was.

    Raises:
        StatementFailed: the server refused it, or it left the transaction.
    """
    try:
        shared_roles.send(conn, statement)
    except PASSING:
        raise
    except psycopg.Error as error:
        if conn.closed:
            raise
        raise statement_failed(script, statement, error) from None
    if conn.info.transaction_status is not TransactionStatus.INTRANS:
        raise StatementFailed(
            f"{script.file}, line {statement.line}: the statement left the transaction.",
            state="The transaction ended early; compare `runbook status` with the catalog.",
            remedy="Take the transaction control out of the file.",
        )


@contextmanager
def notices_of(conn: psycopg.Connection) -> Iterator[list[str]]:
    """Collect the NOTICEs and WARNINGs of a block, which psycopg drops by itself."""
    kept: list[str] = []

    def keep(diag: psycopg.errors.Diagnostic) -> None:
        kept.append(f"{diag.severity}: {diag.message_primary}")

    conn.add_notice_handler(keep)
    try:
        yield kept
    finally:
        conn.remove_notice_handler(keep)


def _require_committed(
    target: Target, migration: Migration, xid: str, error: BaseException
) -> None:
    """The answer to COMMIT is missing: return if it was committed, raise if it was not."""
    committed = settle(target, xid, migration.version)
    if committed is None:
        raise InDoubt(
            f"The connection was lost while {migration.file} was being committed, and the server"
            " could not be asked since.",
            state=f"In doubt: transaction {xid} was committed or rolled back as a whole.",
            remedy=f"When the server is back: select pg_xact_status('{xid}'); or run this cell"
            " again, which looks first.",
        ) from None
    if committed:
        return
    if isinstance(error, KeyboardInterrupt):
        raise error
    raise NotApplied(
        f"The connection was lost while {migration.file} ran.", remedy="Run this cell again."
    ) from None
