"""The plan's written success criteria, each held against its evidence.

A criterion names what proves it (`proved_by`), and only that is looked at:

    history                      every migration of the phase (or of the plan) is in the history
    verify                       the verify stage of every migration passed
    scenario:VERSION[/WORDS]     the scenario of a migration passed (its steps named with WORDS)
    baseline                     the rows of before the phases are all still there
    validation:ROW               that row of the system-wide validation passed
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg

from . import baseline, history, ledger, system
from .findings import FAIL, PASS, SKIP, WARN, Finding, counts, overall
from .ledger import PASSED, latest, since_rollback
from .plan import Criterion, Migration, Phase, Plan


def judge(
    conn: psycopg.Connection,
    plan: Plan,
    phase: Phase | None = None,
    *,
    validation: Sequence[Finding] | None = None,
    played: Mapping[str, list[Finding]] | None = None,
) -> list[Finding]:
    """The criteria of a phase, or of the whole plan, as findings.

    Args:
        validation: what the system-wide validation found, where it has just run.
        played: scenarios that were just played again, by version; else the ledger's last.
    """
    criteria = phase.criteria if phase else plan.criteria
    migrations = phase.migrations if phase else plan.migrations
    return [_judge(conn, plan, c, migrations, validation, played or {}) for c in criteria]


def _judge(
    conn: psycopg.Connection,
    plan: Plan,
    criterion: Criterion,
    migrations: Sequence[Migration],
    validation: Sequence[Finding] | None,
    played: Mapping[str, list[Finding]],
) -> Finding:
    kind, _, rest = criterion.proved_by.partition(":")
    if kind == "history":
        observed, verdict = _history(conn, plan, migrations)
    elif kind == "verify":
        observed, verdict = _verified(conn, migrations)
    elif kind == "scenario":
        version, _, words = rest.partition("/")
        observed, verdict = _scenario(conn, plan.migration(version), words, played)
    elif kind == "baseline":
        rows = baseline.compare(conn)
        observed, verdict = _tally(rows, "tables as they were"), overall(rows)
    elif kind == "validation":
        rows = [
            row
            for row in (validation or system.summary(system.validate(conn)))
            if row.check == rest
        ]
        observed, verdict = (rows[0].observed, rows[0].verdict) if rows else ("no such row", FAIL)
    else:
        observed, verdict = f"{kind} proves nothing", FAIL  # plan_file refuses it
    return Finding("Criterion", criterion.says, criterion.proved_by, observed, verdict)


def _history(
    conn: psycopg.Connection, plan: Plan, migrations: Sequence[Migration]
) -> tuple[str, str]:
    there = history.classify(plan, history.read(conn))
    applied = sum(there.holds(migration.version) for migration in migrations)
    edited = sum(row.version in {m.version for m in migrations} for row in there.edited)
    observed = f"{applied}/{len(migrations)} applied"
    if edited:
        return f"{observed}, {edited} edited since", FAIL
    return observed, PASS if applied == len(migrations) else FAIL


def _verified(conn: psycopg.Connection, migrations: Sequence[Migration]) -> tuple[str, str]:
    events = [
        latest(since_rollback(ledger.read(conn, migration.version)), "verify")
        for migration in migrations
    ]
    passed = [event for event in events if event is not None and event.state == PASSED]
    found = sum(len(event.findings) for event in passed)
    observed = f"{len(passed)}/{len(migrations)} verified, {found} findings"
    return observed, PASS if len(passed) == len(migrations) else FAIL


def _scenario(
    conn: psycopg.Connection,
    migration: Migration,
    words: str,
    played: Mapping[str, list[Finding]],
) -> tuple[str, str]:
    found = played.get(migration.version)
    if found is None:
        event = latest(since_rollback(ledger.read(conn, migration.version)), "test")
        if event is None:
            return "its scenario has not run", FAIL
        found = event.findings
    rows = [row for row in found if words in row.object]
    if not rows:
        return f"no step is named {words!r}", FAIL
    return _tally(rows, "steps as expected"), overall(rows)


def _tally(rows: Sequence[Finding], words: str) -> str:
    tally = counts(rows)
    skipped = f", {tally[SKIP]} skipped" if SKIP in tally else ""
    passed = tally.get(PASS, 0) + tally.get(WARN, 0)
    return f"{passed} of {len(rows) - tally.get(SKIP, 0)} {words}{skipped}"
