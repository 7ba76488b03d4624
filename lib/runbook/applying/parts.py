"""Migrations that PostgreSQL will not run in one transaction: in parts, each one journalled.

CREATE INDEX CONCURRENTLY and its kind run by themselves. The statements between them share a
transaction each, divided by the file's own COMMITs where the plan lets these count
(`transactions`). Every part leaves an event with the digest of its own SQL, so that the next run
continues after the last one that is done, also when the rest of the file was mended meanwhile; a
part that was interrupted is settled from the catalog.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import psycopg
from psycopg import sql

from .. import catalog, history, ledger
from ..apply import Applied, begin, notices_of, run_statement, settled
from ..errors import FileInvalid, NotApplied, RunbookError
from ..ledger import PASSED, STARTED, Author, Event, since_rollback
from ..plan import Migration
from ..records import journal
from ..resources import query
from ..sql import Statement
from ..statements.failure import commit_failed, statement_failed
from ..statements.transactions import settings_before, split_parts
from ..target import Target, hold_on_leash, leave_session, reset_session, reset_settings
from .account import (
    Account,
    again,
    close_account,
    losses,
    merged,
    open_account,
    require_no_loss,
)
from .waiting import Limits, Progress, Report, Watch, giving_way, watched

Part = tuple[Statement, ...]


def finished_parts(conn: psycopg.Connection, migration: Migration) -> dict[int, str]:
    """The numbers, from 1, of the parts that an earlier run committed; and their digests."""
    return {e.detail["part"]: e.detail["digest"] for e in _events(conn, migration, PASSED)}


def apply_in_parts(
    target: Target,
    conn: psycopg.Connection,
    migration: Migration,
    author: Author,
    limits: Limits,
    report: Report = lambda progress: None,
    *,
    forecast: Mapping[str, str] | None = None,
) -> Applied:
    """Run the parts that are not done yet, then write the history row and the event together.

    Arguments as for apply(). Statements that run by themselves wait for locks without a limit:
    CONCURRENTLY queues without blocking others, and giving up would leave an INVALID index.

    Raises:
        FileInvalid: the SQL of a part that is committed was edited since.
        StatementFailed, LockTimeout, NotApplied: says which parts stay committed; running again
            continues.
    """
    run = _Run(conn, migration, author, limits)
    parts = split_parts(migration.script)
    run.require_same(parts)
    began, before = time.monotonic(), catalog.snapshot(conn)
    accounts = run.accounts  # what earlier runs committed is this file's work, too
    with notices_of(conn) as notices, watched(target, conn, limits, report) as watch:
        try:
            for number, part in enumerate(parts, start=1):
                if number in run.finished:
                    continue
                report(Progress(number, len(parts), part[0].title))
                hold_on_leash(conn)  # the part before reset all settings
                if part[0].transactional:
                    accounts.append(run.together(part, number, watch, report))
                else:
                    run.alone(part, number)
        except (RunbookError, psycopg.Error, KeyboardInterrupt) as error:
            raise _stopped(migration, part, number, error) from None
        finally:
            leave_session(conn)  # not between parts: what one leaves in its session, the next needs
    left = catalog.snapshot(conn)
    applied = Applied(
        statements=len(migration.script.statements),
        seconds=time.monotonic() - began,
        attempts=1,
        notices=tuple(notices),
        xid="",
        account=merged(accounts),
        changes=tuple(catalog.diff(before, left)),
        parts=len(parts),
        forecast=forecast,
    )
    with conn.transaction():
        history.insert(conn, migration)
        event = ledger.append(
            conn, author, stage="apply", state=PASSED, phase=migration.phase,
            version=migration.version, sha256=migration.script.sha256, parts=len(parts),
            seconds=round(applied.seconds, 3), notices=list(notices),
            findings=applied.findings(migration),
            before=run.before or catalog.fingerprint(before), catalog=catalog.fingerprint(left),
            losses=losses(migration, applied.account),
        )  # fmt: skip
    journal.write(event)
    return applied


class _Run:
    """One run over the parts: what earlier runs did, and how a part is done."""

    def __init__(
        self, conn: psycopg.Connection, migration: Migration, author: Author, limits: Limits
    ) -> None:
        self.conn, self.migration, self.author, self.limits = conn, migration, author, limits
        events = _events(conn, migration)
        self.finished = finished_parts(conn, migration)
        self.opened = {e.detail["part"] for e in events if e.state == STARTED} - set(self.finished)
        kept = [e.detail.get("account") for e in events if e.state == PASSED]
        self.accounts = [again(account) for account in kept if account]
        # The catalog before the first part of the first run: what a rollback has to restore.
        self.before = events[0].detail["before"] if events else ""

    def require_same(self, parts: Sequence[Part]) -> None:
        """What is committed already must be what the file says now."""
        digests = {number: _digest(part) for number, part in enumerate(parts, start=1)}
        for number, digest in sorted(self.finished.items()):
            if digests.get(number) != digest:
                raise FileInvalid(
                    f"{self.migration.file}: part {number} was committed by an earlier run, and its"
                    " SQL was edited since.",
                    state=f"{len(self.finished)} parts are committed; the history has no row.",
                    remedy="Put that part back as it was and continue, or take its objects back by"
                    " hand; a part that has not run yet may be edited.",
                )

    def together(self, part: Part, number: int, watch: Watch, report: Report) -> Account:
        """One transaction: the part's statements and the event that says it is done."""

        def attempt(_: int) -> Account:
            with conn.transaction():
                begin(conn, self.limits)
                before = open_account(conn)
                for statement in (*settings_before(script, part), *part):
                    run_statement(conn, script, statement)
                settled(conn, script, self.limits)
                account = close_account(conn, before)
                require_no_loss(self.migration, account)
                done = {**self.event(part, number, PASSED), "account": asdict(account)}
                written.append(ledger.append(conn, self.author, **done))
            return account

        conn, script, written = self.conn, self.migration.script, []
        self.remember_before()
        account = giving_way(self.migration.file, self.limits, report, watch, attempt)
        journal.write(written[-1])
        return account

    def alone(self, part: Part, number: int) -> None:
        """A statement outside of any transaction, between two events of its own."""
        statement, conn = part[0], self.conn
        self.remember_before()
        done = _clear(conn, statement) and number in self.opened
        if not done:
            ledger.record(conn, self.author, **self.event(part, number, STARTED))
            timeout = sql.Literal(f"{self.limits.statement_timeout_ms}ms")
            conn.execute(sql.SQL("set statement_timeout = {}").format(timeout))
            conn.execute("set lock_timeout = 0")
            try:
                for each in (*settings_before(self.migration.script, part), statement):
                    conn.execute(each.text)  # type: ignore[arg-type]
            except psycopg.Error as error:
                if conn.closed:
                    raise
                reset_session(conn)
                _clear(conn, statement)
                raise statement_failed(self.migration.script, statement, error) from None
            reset_settings(conn)
        ledger.record(
            conn, self.author, **self.event(part, number, PASSED),
            settled="from the catalog" if done else "",
        )  # fmt: skip

    def remember_before(self) -> None:
        """The catalog's fingerprint, kept in the events of the parts from the first one on."""
        self.before = self.before or catalog.fingerprint(catalog.snapshot(self.conn))

    def event(self, part: Part, number: int, state: str) -> dict[str, str | int]:
        return {
            "stage": "part",
            "state": state,
            "phase": self.migration.phase,
            "version": self.migration.version,
            "part": number,
            "digest": _digest(part),
            "before": self.before,
        }


def _clear(conn: psycopg.Connection, statement: Statement) -> bool:
    """Remove what an interrupted statement left; whether its work is done all the same.

    An INVALID index of the name that is to be created serves no query: it is the leftover of a
    build that was stopped, and with IF NOT EXISTS it would be taken for the real one.
    """
    node = statement.node
    if statement.kind == "index_stmt":
        name = _qualified(node.relation.schemaname, node.idxname)
        table = _qualified(node.relation.schemaname, node.relation.relname)
        valid = _index(conn, name, table)
        if valid is False:
            conn.execute(sql.SQL("drop index concurrently {}").format(name))
        return valid is True
    if statement.kind == "drop_stmt":
        parts = [item.string.sval for item in node.objects[0].list.items]
        return _index(conn, _qualified(*(parts if len(parts) > 1 else ("", *parts)))) is None
    return False  # VACUUM, REINDEX, ALTER SYSTEM: running them twice does no harm


def _index(
    conn: psycopg.Connection, name: sql.Identifier, table: sql.Identifier | None = None
) -> bool | None:
    """Whether the index is valid; None where there is none of this name (on this table)."""
    names = {
        "name": name.as_string(conn),
        "table": table.as_string(conn) if table else None,
    }
    row = conn.execute(query("index_state"), names).fetchone()
    return None if row is None else row[0]


def _qualified(schema: str, name: str) -> sql.Identifier:
    return sql.Identifier(schema or "public", name)


def _events(conn: psycopg.Connection, migration: Migration, state: str = "") -> list[Event]:
    counting = since_rollback(ledger.read(conn, migration.version))
    return [e for e in counting if e.stage == "part" and state in ("", e.state)]


def _digest(part: Part) -> str:
    text = "\n;\n".join(statement.text for statement in part)
    return hashlib.sha256(text.encode()).hexdigest()


def _stopped(migration: Migration, part: Part, number: int, error: BaseException) -> RunbookError:
    """The error, with what is true of a migration in parts: the earlier ones stay."""
    line = part[0].line
    this = "this one is not"
    if isinstance(error, KeyboardInterrupt):
        error = NotApplied(f"{migration.file} was interrupted in the part at line {line}.")
        this = "the ledger says whether this one is"
    elif isinstance(error, psycopg.OperationalError):
        error = NotApplied(
            f"The connection was lost while the part at line {line} of {migration.file} ran."
        )
        this = "the ledger says whether this one is"
    elif isinstance(error, psycopg.Error):
        error = commit_failed(migration.script, error)
    assert isinstance(error, RunbookError)
    error.state = (
        f"This migration runs in parts: the {number - 1} before line {line} are committed, {this};"
        " the history has no row for the migration."
    )
    error.remedy = f"{error.remedy} It continues with this part, after removing its leftovers."
    if not error.remedy.startswith(("Mend", "Wait", "Find")):
        error.remedy = f"Run this cell again.{error.remedy}"
    return error
