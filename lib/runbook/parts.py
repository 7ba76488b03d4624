"""Migrations that PostgreSQL will not run in one transaction: in parts, each one journalled.

CREATE INDEX CONCURRENTLY and its kind run by themselves. The statements between them share a
transaction each. Every part leaves an event, so that the next run continues after the last one
that is done; a part that was interrupted is settled from the catalog.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import groupby

import psycopg
from psycopg import sql

from . import catalog, history, journal, ledger
from .account import Account, close_account, open_account, require_no_loss
from .apply import Applied, Limits, Progress, Report, begin, notices_of, run_statement
from .errors import NotApplied, RunbookError
from .failure import statement_failed
from .ledger import PASSED, STARTED, Author, Event, since_rollback
from .plan import Migration
from .resources import query
from .sql import Statement
from .target import reset_session

Part = tuple[Statement, ...]


def split_parts(statements: Sequence[Statement]) -> list[Part]:
    """Consecutive transactional statements together, each of the others alone."""
    parts: list[Part] = []
    for transactional, group in groupby(statements, key=lambda s: s.transactional):
        members = tuple(group)
        parts += [members] if transactional else [(member,) for member in members]
    return parts


def apply_in_parts(
    conn: psycopg.Connection,
    migration: Migration,
    author: Author,
    limits: Limits,
    report: Report = lambda progress: None,
) -> Applied:
    """Run the parts that are not done yet, then write the history row and the event together.

    Args and limits as for apply(). Statements that run by themselves wait for locks without a
    limit: CONCURRENTLY queues without blocking others, and giving up would leave an INVALID index.

    Raises:
        StatementFailed, NotApplied: says which parts stay committed; running again continues.
    """
    parts = split_parts(migration.script.statements)
    events = _events(conn, migration)
    finished = {e.detail["part"] for e in events if e.state == PASSED}
    opened = {e.detail["part"] for e in events if e.state == STARTED} - finished
    began, before = time.monotonic(), catalog.snapshot(conn)
    accounts: list[Account] = []
    with notices_of(conn) as notices:
        for number, part in enumerate(parts, start=1):
            if number in finished:
                continue
            report(Progress(number, len(parts), part[0].title))
            try:
                if part[0].transactional:
                    accounts.append(_together(conn, migration, author, limits, part, number))
                else:
                    _alone(conn, migration, author, limits, part[0], number, number in opened)
            except (RunbookError, KeyboardInterrupt) as error:
                raise _stopped(migration, part, number, error) from None
            finally:
                if not conn.closed:
                    reset_session(conn)
    left = catalog.snapshot(conn)
    applied = Applied(
        statements=len(migration.script.statements),
        seconds=time.monotonic() - began,
        attempts=1,
        notices=tuple(notices),
        xid="",
        account=_merge(accounts),
        changes=tuple(catalog.diff(before, left)),
        parts=len(parts),
    )
    with conn.transaction():
        history.insert(conn, migration)
        event = ledger.append(
            conn, author, stage="apply", state=PASSED, phase=migration.phase,
            version=migration.version, sha256=migration.script.sha256, parts=len(parts),
            seconds=round(applied.seconds, 3), notices=list(notices),
            findings=applied.findings(migration), before=catalog.fingerprint(before),
            catalog=catalog.fingerprint(left),
        )  # fmt: skip
    journal.write(event)
    return applied


def _together(
    conn: psycopg.Connection,
    migration: Migration,
    author: Author,
    limits: Limits,
    part: Part,
    number: int,
) -> Account:
    """One transaction: the part's statements and the event that says it is done."""
    try:
        with conn.transaction():
            begin(conn, limits)
            before = open_account(conn)
            for statement in part:
                run_statement(conn, migration, statement)
            conn.execute("reset role")
            account = close_account(conn, before)
            require_no_loss(migration, account)
            event = ledger.append(conn, author, **_event(migration, number, PASSED))
    except psycopg.errors.LockNotAvailable as error:
        raise statement_failed(migration.script, part[0], error) from None
    journal.write(event)
    return account


def _alone(
    conn: psycopg.Connection,
    migration: Migration,
    author: Author,
    limits: Limits,
    statement: Statement,
    number: int,
    interrupted: bool,
) -> None:
    """A statement outside of any transaction, between two events of its own."""
    if interrupted and _settled(conn, statement):
        ledger.record(conn, author, **_event(migration, number, PASSED), settled="from the catalog")
        return
    ledger.record(conn, author, **_event(migration, number, STARTED))
    timeout = sql.Literal(f"{limits.statement_timeout_ms}ms")
    conn.execute(sql.SQL("set statement_timeout = {}").format(timeout))
    conn.execute("set lock_timeout = 0")
    try:
        conn.execute(statement.text)  # type: ignore[arg-type]
    except psycopg.Error as error:
        if conn.closed:
            raise NotApplied(
                f"The connection was lost while {migration.file}, line {statement.line}, ran."
            ) from None
        raise statement_failed(migration.script, statement, error) from None
    ledger.record(conn, author, **_event(migration, number, PASSED))


def _settled(conn: psycopg.Connection, statement: Statement) -> bool:
    """Whether an interrupted statement did its work after all; its leftovers are removed."""
    node = statement.node
    if statement.kind == "index_stmt":
        name = _qualified(node.relation.schemaname, node.idxname)
        row = conn.execute(query("index_state"), {"name": name.as_string(conn)}).fetchone()
        if row is not None and not row[0]:
            conn.execute(sql.SQL("drop index concurrently {}").format(name))
            return False
        return row is not None
    if statement.kind == "drop_stmt":
        parts = [item.string.sval for item in node.objects[0].list.items]
        name = _qualified(*(parts if len(parts) > 1 else ("", *parts)))
        return conn.execute(query("index_state"), {"name": name.as_string(conn)}).fetchone() is None
    return False  # VACUUM, REINDEX, ALTER SYSTEM: running them twice does no harm


def _qualified(schema: str, name: str) -> sql.Identifier:
    return sql.Identifier(schema or "public", name)


def _events(conn: psycopg.Connection, migration: Migration) -> list[Event]:
    counting = since_rollback(ledger.read(conn, migration.version))
    sha256 = migration.script.sha256
    return [e for e in counting if e.stage == "part" and e.detail["sha256"] == sha256]


def _event(migration: Migration, number: int, state: str) -> dict[str, object]:
    return {
        "stage": "part",
        "state": state,
        "phase": migration.phase,
        "version": migration.version,
        "part": number,
        "sha256": migration.script.sha256,
    }


def _stopped(migration: Migration, part: Part, number: int, error: BaseException) -> RunbookError:
    """The error, with what is true of a migration in parts: the earlier ones stay."""
    if not isinstance(error, RunbookError):
        error = NotApplied(f"{migration.file} was interrupted at line {part[0].line}.")
    error.state = (
        f"This migration runs in parts: the {number - 1} before line {part[0].line} are committed,"
        " this one is not, and the history has no row for the migration."
    )
    error.remedy = "Run this cell again: it continues with this part, after removing its leftovers."
    return error


def _merge(accounts: Sequence[Account]) -> Account | None:
    """One account of all transactional parts."""
    if not accounts:
        return None
    return Account(
        existing=accounts[0].existing,
        touched=tuple(t for account in accounts for t in account.touched),
        locks=tuple(sorted({lock for account in accounts for lock in account.locks})),
    )
