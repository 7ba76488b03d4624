"""System-wide validation: every check file, asked of one database, without changing it.

The server enforces the promise: all checks run inside one READ ONLY, REPEATABLE READ transaction
that is rolled back, so they see one moment of the database and cannot write to it. Each check has a
savepoint and a time limit of its own: a broken or slow one becomes a finding and hides no other.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg import errors as pg

from .checkfile import GROUPS, Check, default_folder, folders_of, load
from .errors import Refused
from .findings import FAIL, PASS, SKIP, Finding, counts, overall

SCANS_AT_ONCE = 25
PRESENT = {
    "role": "select pg_catalog.to_regrole(pg_catalog.quote_ident(%s)) is not null",
    "schema": "select pg_catalog.to_regnamespace(pg_catalog.quote_ident(%s)) is not null",
    "relation": "select pg_catalog.to_regclass(%s) is not null",
    "column": "select exists (select from pg_catalog.pg_attribute a, (values (%s)) v (name)"
    " where a.attrelid = pg_catalog.to_regclass(substring(v.name from '(.*)[.]'))"
    " and a.attname = substring(v.name from '[^.]*$') and not a.attisdropped)",
    "extension": "select exists (select from pg_catalog.pg_extension where extname = %s)",
}


class _Limits(NamedTuple):
    statement_timeout_ms: int
    scan_budget_ms: int


def validate(
    conn: psycopg.Connection,
    *,
    folders: Sequence[Path] | None = None,
    exposed: Sequence[str] = ("public",),
    only: Iterable[str] | None = None,
    statement_timeout_ms: int = 10_000,
    lock_timeout_ms: int = 2_000,
    scan_budget_ms: int = 10_000,
) -> list[Finding]:
    """Ask every check of the database behind `conn`; the database is unchanged afterwards.

    Args:
        conn: an idle connection in autocommit mode.
        folders: folders of check files; default: those that ship with the runbook. A project adds
            its own in migrations/checks: `folders=folders_of(project)`.
        exposed: the schemas that the API serves.
        only: ids of the checks to run; default: all of them.
        statement_timeout_ms: milliseconds that each check, or each scan of one, may take.
        lock_timeout_ms: milliseconds to wait for a lock that somebody else holds.
        scan_budget_ms: milliseconds that a generated check may spend on objects which the server
            vouches for already; what is left over is a SKIP.

    Returns:
        list[Finding]: by check id; one row for each problem, or one PASS or SKIP for the check.

    Raises:
        FileInvalid: a check file is not as agreed; nothing was asked.
        Refused: `only` names a check that does not exist.

    Source: https://www.postgresql.org/docs/current/sql-set-transaction.html
    """
    checks = load(folders)
    if only is not None:
        wanted = set(only)
        unknown = wanted - {check.id for check in checks}
        if unknown:
            raise Refused(
                f"There is no check {', '.join(sorted(unknown))}.",
                remedy="List them with runbook.checkfile.load().",
            )
        checks = [check for check in checks if check.id in wanted]
    with conn.transaction(force_rollback=True):
        conn.execute("set transaction isolation level repeatable read, read only")
        return examine(
            conn,
            checks,
            exposed=exposed,
            statement_timeout_ms=statement_timeout_ms,
            lock_timeout_ms=lock_timeout_ms,
            scan_budget_ms=scan_budget_ms,
        )


def examine(
    conn: psycopg.Connection,
    checks: Iterable[Check],
    *,
    exposed: Sequence[str] = ("public",),
    statement_timeout_ms: int = 10_000,
    lock_timeout_ms: int = 2_000,
    scan_budget_ms: int = 10_000,
) -> list[Finding]:
    """Ask `checks` inside the transaction that is open on `conn`; see `validate`."""
    for setting, value in (
        # Nothing in a user's schema can stand in for a built-in function, and every expression that
        # the server prints names its schema.
        ("search_path", "pg_catalog"),
        ("row_security", "off"),
        # The planner knows little about words of the vocabulary and would compare each row with
        # each; without nested loops the time grows with the catalog, not with its square.
        ("enable_nestloop", "off"),
        ("jit", "off"),
        ("statement_timeout", str(statement_timeout_ms)),
        ("lock_timeout", str(lock_timeout_ms)),
        ("runbook.exposed", json.dumps(list(exposed))),
    ):
        conn.execute("select pg_catalog.set_config(%s, %s, true)", (setting, value))
    found: list[Finding] = []
    limits = _Limits(statement_timeout_ms, scan_budget_ms)
    for check in checks:
        missing = _missing(conn, check)
        if missing:
            found.append(_skipped(check, f"there is no {missing} here"))
        else:
            found.extend(_ask(conn, check, limits))
    return found


def summary(findings: Iterable[Finding], checks: Iterable[Check] | None = None) -> list[Finding]:
    """The plan's checklist: its five rows, each with what its checks found and the worst verdict.

    Args:
        findings: what `validate` returned.
        checks: the checks behind them; default: those that ship with the runbook.
    """
    group_of = {check.name: check.group for check in (load() if checks is None else checks)}
    rows: dict[str, list[Finding]] = {group: [] for group in GROUPS}
    for finding in findings:
        if finding.check not in group_of:
            raise Refused(
                f"'{finding.check}' belongs to no check that is known here.",
                remedy="Hand the checks that were run to summary(findings, checks).",
            )
        rows[group_of[finding.check]].append(finding)
    return [_row(group, rows[group]) for group in GROUPS]


def _row(group: str, rows: list[Finding]) -> Finding:
    asked = len({row.check for row in rows})
    said = ", ".join(f"{number} {verdict}" for verdict, number in counts(rows).items())
    return Finding(
        check=group,
        object=f"{asked} checks" if asked != 1 else "1 check",
        expected="no FAIL",
        observed=said or "nothing was asked",
        verdict=overall(rows),
    )


def _missing(conn: psycopg.Connection, check: Check) -> str:
    for kind, name in check.needs:
        [(present,)] = conn.execute(PRESENT[kind], (name,)).fetchall()
        if not present:
            return f"{kind} {name}"
    return ""


def _ask(conn: psycopg.Connection, check: Check, limits: _Limits) -> list[Finding]:
    """One check: its problems, or one row that says what was looked at."""
    rows, trouble = _fetch(conn, check.sql, limits.statement_timeout_ms)
    if trouble:
        verdict, reason = trouble
        return [Finding(check.name, check.examines, check.title, reason, verdict)]
    looked_at = rows[0][0]
    if not looked_at:
        return [_skipped(check, f"nothing to look at: no {check.examines} here")]
    # The server's collation must not decide the order of an audit record.
    found = sorted((row[2:] for row in rows if row[1]), key=str)
    if any(value is None for row in found for value in row):
        reason = "check could not run: it returned a row with a null in it"
        return [Finding(check.name, check.examines, check.title, reason, FAIL)]
    problems = (
        list(_scans(conn, check, found, limits))
        if check.generated
        else [Finding(check.name, *map(str, row), check.level) for row in found]
    )
    if problems:
        return problems
    return [Finding(check.name, check.examines, check.title, f"{looked_at:,} looked at", PASS)]


def _scans(
    conn: psycopg.Connection, check: Check, rows: list[tuple[Any, ...]], limits: _Limits
) -> Iterator[Finding]:
    """Run the scans of a generated check: those nobody vouches for first, then the cheapest."""
    until = time.monotonic() + limits.scan_budget_ms / 1000
    rows = sorted(rows, key=lambda row: (row[3], row[4], row[0]))
    left_over = 0
    for trusted, group in groupby(rows, key=lambda row: row[3]):
        for scans in _batched(group, SCANS_AT_ONCE):
            limit = limits.statement_timeout_ms
            if trusted:
                limit = min(limit, int((until - time.monotonic()) * 1000))
            if limit <= 0:
                left_over += len(scans)
                continue
            for row, (answer, trouble) in zip(scans, _answers(conn, scans, limit), strict=True):
                if trouble and trusted and time.monotonic() >= until:
                    left_over += 1
                elif trouble:
                    yield Finding(check.name, row[0], row[1], trouble[1], trouble[0])
                elif answer is not None:
                    yield Finding(check.name, row[0], row[1], answer, check.level)
    if left_over:
        reason = (
            f"{left_over:,} of {len(rows):,} not scanned: the budget of {limits.scan_budget_ms} ms"
            " is used up; the server vouches for them, give more time to look for yourself"
        )
        yield _skipped(check, reason)


def _answers(
    conn: psycopg.Connection, scans: Sequence[tuple[Any, ...]], timeout_ms: int
) -> Iterator[tuple[str | None, tuple[str, str] | None]]:
    """What each scan says. Small ones cost more in messages than in work, so they go together."""
    if len(scans) > 1:
        together = ", ".join(f"({row[2]})::text" for row in scans)
        rows, trouble = _fetch(conn, f"select {together}", timeout_ms)
        if not trouble:
            yield from ((answer, None) for answer in rows[0])
            return
    for row in scans:
        rows, trouble = _fetch(conn, row[2], timeout_ms)
        yield (str(rows[0][0]) if rows and rows[0][0] is not None else None), trouble


def _batched(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of at most `size` rows; itertools has it from Python 3.12 on."""
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        yield batch


def _fetch(
    conn: psycopg.Connection, sql: str, timeout_ms: int
) -> tuple[list[tuple[Any, ...]], tuple[str, str] | None]:
    """The rows of one query in a savepoint, or the verdict and reason why there are none."""
    started = time.monotonic()
    try:
        # Rolled back even when all is well: that lets go of the locks on the tables it read.
        with conn.transaction(force_rollback=True):
            conn.execute(
                "select pg_catalog.set_config('statement_timeout', %s, true)", (str(timeout_ms),)
            )
            return conn.execute(sql, prepare=False).fetchall(), None
    except pg.QueryCanceled:
        if (time.monotonic() - started) * 1000 < timeout_ms:
            raise  # somebody else cancelled us: that is for the operator, not a finding
        return [], (SKIP, f"not looked at: it took longer than {timeout_ms} ms")
    except pg.LockNotAvailable:
        return [], (SKIP, "not looked at: another session holds a lock on it")
    except pg.InsufficientPrivilege as error:
        return [], (SKIP, f"not looked at: {_privilege(conn, error)}")
    except psycopg.Error as error:
        if conn.closed:
            raise
        said = error.diag.message_primary or str(error)
        return [], (FAIL, f"check could not run: {said} (SQLSTATE {error.sqlstate})")


def _privilege(conn: psycopg.Connection, error: psycopg.Error) -> str:
    said = error.diag.message_primary or str(error)
    if "row-level security" not in said:
        return said
    [(role,)] = conn.execute("select current_user").fetchall()
    return f"row-level security would hide rows from role {role}, which lacks BYPASSRLS ({said})"


def _skipped(check: Check, reason: str) -> Finding:
    return Finding(check.name, check.examines, check.title, reason, SKIP)


__all__ = ["Check", "default_folder", "examine", "folders_of", "load", "summary", "validate"]
