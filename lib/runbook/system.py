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

from .checking.checkfile import GROUPS, Check, default_folder, folders_of, load
from .checking.weave import statement
from .errors import Refused
from .findings import FAIL, PASS, SKIP, Finding, counts, overall
from .plain import platform
from .scenarios.attempt import attempt

SCANS_AT_ONCE = 25
GROUP_PATIENCE = 3
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


class _Answer(NamedTuple):
    rows: list[tuple[Any, ...]]
    """How many were looked at, whether this row is a problem, the columns of the check as text."""
    trouble: tuple[str, str] | None
    """Why there are no rows: a verdict and a reason."""


def validate(
    conn: psycopg.Connection,
    *,
    folders: Sequence[Path] | None = None,
    checks: Sequence[Check] | None = None,
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
            its own in migrations/checks: `of_project` asks those, too.
        checks: what `load` made of the folders, where it has read them already.
        exposed: the schemas that the API serves.
        only: ids of the checks to run; default: all of them.
        statement_timeout_ms: milliseconds that each check, or each scan of one, may take; checks
            that are asked together get three times as many before they are asked one by one.
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
    checks = load(folders) if checks is None else list(checks)
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


def of_project(conn: psycopg.Connection, project: Path) -> tuple[list[Finding], list[Finding]]:
    """Every check of the runbook and of the project: the findings, and the plan's five rows."""
    said = platform.of_project(project)
    checks, left_out = platform.asked_of(said, load(folders_of(project)))
    found = validate(conn, checks=checks)
    return platform.condensed(found, left_out), summary(found, checks)


def examine(
    conn: psycopg.Connection,
    checks: Sequence[Check],
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
    limits = _Limits(statement_timeout_ms, scan_budget_ms)
    missing = {check.id: _missing(conn, check) for check in checks}
    answers = dict(_ask(conn, [check for check in checks if not missing[check.id]], limits))
    found: list[Finding] = []
    for check in checks:
        if missing[check.id]:
            found.append(_skipped(check, f"there is no {missing[check.id]} here"))
        else:
            found.extend(_findings(conn, check, answers[check.id], limits))
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


def _ask(
    conn: psycopg.Connection, checks: Sequence[Check], limits: _Limits
) -> Iterator[tuple[str, _Answer]]:
    """The answer to each check, by id.

    Neighbours are asked in one statement, which works out what they have in common once. When that
    fails or takes long, each is asked by itself, so that it is plain which of them it was.
    """
    for _, group in groupby(checks, key=lambda check: check.id[0]):
        together = list(group)
        patience = limits.statement_timeout_ms * (GROUP_PATIENCE if len(together) > 1 else 1)
        rows, trouble = attempt(conn, statement([check.query for check in together]), patience)
        if trouble and len(together) > 1:
            for check in together:
                yield from _ask(conn, [check], limits)
            continue
        answered: dict[int, list[tuple[Any, ...]]] = {}
        for place, *row in rows:
            answered.setdefault(place, []).append(tuple(row))
        for place, check in enumerate(together):
            yield check.id, _Answer(answered.get(place, []), trouble)


def _findings(
    conn: psycopg.Connection, check: Check, answer: _Answer, limits: _Limits
) -> list[Finding]:
    """One check: its problems, or one row that says what was looked at."""
    if answer.trouble:
        verdict, reason = answer.trouble
        return [Finding(check.name, check.examines, check.title, reason, verdict)]
    looked_at = answer.rows[0][0]
    if not looked_at:
        return [_skipped(check, f"nothing to look at: no {check.examines} here")]
    found = [columns for _, is_problem, columns in answer.rows if is_problem]
    if any(value is None for columns in found for value in columns):
        reason = "check could not run: it returned a row with a null in it"
        return [Finding(check.name, check.examines, check.title, reason, FAIL)]
    # Sorted here: the server's collation must not decide the order of an audit record.
    problems = (
        list(_scans(conn, check, found, limits))
        if check.generated
        else [Finding(check.name, *columns, check.level) for columns in sorted(found)]
    )
    if problems:
        return problems
    return [Finding(check.name, check.examines, check.title, f"{looked_at:,} looked at", PASS)]


def _scans(
    conn: psycopg.Connection, check: Check, rows: list[list[str]], limits: _Limits
) -> Iterator[Finding]:
    """Run the scans of a generated check: those nobody vouches for first, then the cheapest."""
    until = time.monotonic() + limits.scan_budget_ms / 1000
    rows = sorted(rows, key=lambda row: (row[3] == "true", int(row[4]), row[0]))
    left_over = 0
    for trusted, group in groupby(rows, key=lambda row: row[3] == "true"):
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
    conn: psycopg.Connection, scans: Sequence[list[str]], timeout_ms: int
) -> Iterator[tuple[str | None, tuple[str, str] | None]]:
    """What each scan says. Small ones cost more in messages than in work, so they go together."""
    if len(scans) > 1:
        together = ", ".join(f"({row[2]})::text" for row in scans)
        rows, trouble = attempt(conn, f"select {together}", timeout_ms)
        if not trouble:
            yield from ((answer, None) for answer in rows[0])
            return
    for row in scans:
        rows, trouble = attempt(conn, row[2], timeout_ms)
        yield (str(rows[0][0]) if rows and rows[0][0] is not None else None), trouble


def _batched(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of at most `size` rows; itertools has it from Python 3.12 on."""
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        yield batch


def _skipped(check: Check, reason: str) -> Finding:
    return Finding(check.name, check.examines, check.title, reason, SKIP)


__all__ = [
    "Check", "default_folder", "examine", "folders_of", "load", "of_project", "summary", "validate",
]  # fmt: skip
