"""What was measured, held against the thresholds; numbers are told where they are too high."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from ..findings import FAIL, PASS, SKIP, WARN, Finding, counts, overall
from .measure import POLICY, QUERY, VECTOR, Measured
from .thresholds import Thresholds

GROUP = "Performance acceptable"  # the row of the checklist
RLS_FROM_MS = 5  # below that, the ratio of two times says nothing


def judge(found: Iterable[Measured], limits: Thresholds) -> list[Finding]:
    """A row for each group within its limits, and one for each thing that is not.

    Rows that pass hold no times, so that two runs within the limits say the same.
    """
    rows: list[Finding] = []
    for (kind, group), some in groupby(found, key=lambda item: (item.kind, item.group)):
        rows += _group(kind, group, list(some), limits)
    return rows


def _group(kind: str, group: str, some: list[Measured], limits: Thresholds) -> list[Finding]:
    bad = [
        Finding(kind, f"{group} · {item.what}, as {item.actor}", *said)
        for item in some
        for said in _too_much(item, limits)
    ]
    if bad:
        return bad
    rows, expected = [], _expected(kind, limits)
    if seen := sum(item.seen is not None for item in some):
        rows.append(Finding(kind, group, expected, f"{seen} {_noun(kind, seen)} within", PASS))
    if missing := len(some) - seen:
        why = next(item.reason for item in some if item.seen is None)
        said = why if not seen else f"{missing} {_noun(kind, missing)} not measured: {why}"
        rows.append(Finding(kind, group, expected, said, SKIP))
    return rows


def _noun(kind: str, number: int) -> str:
    one, many = {
        QUERY: ("query", "queries"),
        POLICY: ("role", "roles"),
        VECTOR: ("index", "indexes"),
    }[kind]
    return one if number == 1 else many


def _expected(kind: str, limits: Thresholds) -> str:
    return {
        QUERY: f"≤ {limits.query_ms:g} ms, no scan of {limits.scan_rows:,.0f} rows in vain",
        POLICY: f"≤ {limits.policy_ms:g} ms, ≤ {limits.rls_times:g} × without policies",
        VECTOR: f"≤ {limits.vector_ms:g} ms, recall ≥ {limits.recall:g}",
    }[kind]


def _too_much(item: Measured, limits: Thresholds) -> list[tuple[str, str, str]]:
    """What is beyond its limit, as expected, observed and verdict.

    A scan in vain that was quick enough is a warning: it will not stay quick as the table grows.
    What the owner asks in a scenario is how the test looks at a result; nobody else asks it.
    """
    seen, said = item.seen, []
    if seen is None or (item.kind, item.actor) == (QUERY, "owner"):
        return []
    most = {QUERY: limits.query_ms, POLICY: limits.policy_ms, VECTOR: limits.vector_ms}[item.kind]
    if seen.ms > most:
        said.append((f"≤ {most:g} ms", f"{seen.ms:,.0f} ms, {seen.buffers:,} buffers", FAIL))
    if seen.vain > limits.scan_rows:
        used = ", ".join(seen.indexes) or "none"
        said.append((
            f"no sequential scan of {limits.scan_rows:,.0f} rows in vain",
            f"{seen.vain:,} rows of {seen.scanned} read one by one; indexes used: {used}",
            WARN,
        ))  # fmt: skip
    if item.without and item.without.ms >= RLS_FROM_MS:
        times = seen.ms / item.without.ms
        if times > limits.rls_times:
            said.append((
                f"≤ {limits.rls_times:g} × without policies",
                f"{times:.1f} ×: {seen.ms:,.0f} ms instead of {item.without.ms:,.0f} ms",
                FAIL,
            ))  # fmt: skip
    if item.recall is not None and item.recall < limits.recall:
        said.append((f"recall ≥ {limits.recall:g}", f"recall {item.recall:.2f}", FAIL))
    return said


def in_short(rows: Sequence[Finding]) -> list[Finding]:
    """One row for each kind of thing that was measured."""
    said = []
    for kind in (QUERY, POLICY, VECTOR):
        some = [row for row in rows if row.check == kind]
        tally = ", ".join(f"{number} {verdict}" for verdict, number in counts(some).items())
        observed = tally or "nothing to measure"
        said.append(Finding(kind, "all", "within the plan's limits", observed, overall(some)))
    return said


def added(summary: Iterable[Finding], rows: Sequence[Finding]) -> list[Finding]:
    """The checklist with what was measured in its row about performance."""
    tally = ", ".join(f"{number} {verdict}" for verdict, number in counts(rows).items())
    said = []
    for row in summary:
        if row.check == GROUP and rows:
            words = f"{row.observed}; measured: {tally}"
            row = row._replace(observed=words, verdict=overall([row, *rows]))
        said.append(row)
    return said
