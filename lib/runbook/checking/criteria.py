"""The plan's written success criteria, each held against its evidence.

A criterion names what proves it (`proved_by`), and only that is looked at:

    history                      every migration of the phase (or of the plan) is in the history
    verify                       the verify stage of every migration passed
    scenario:VERSION[/WORDS]     the scenario of a migration passed (its steps named with WORDS)
    baseline                     the rows of before the phases are all still there
    validation:ROW               that row of the system-wide validation passed

Where the evidence was made by a run that has a record in runs/, the row names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg

from .. import history, ledger, system
from ..findings import FAIL, PASS, SKIP, WARN, Finding, counts, overall
from ..in_hand import baseline
from ..ledger import PASSED, Event, latest, since_rollback
from ..plan import Criterion, Migration, Phase, Plan


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
    events = ledger.read(conn)
    found = []
    for criterion in criteria:
        row = _judge(conn, plan, criterion, migrations, validation, played or {})
        records = _records(plan, criterion, migrations, events)
        said = ", ".join([row.observed, *records])
        found.append(row._replace(observed=said))
    return found


def _records(
    plan: Plan, criterion: Criterion, migrations: Sequence[Migration], events: Sequence[Event]
) -> list[str]:
    """Where the runs that made the evidence are archived: paths below the project, oldest first."""
    kind, _, rest = criterion.proved_by.partition(":")
    stage = {"history": "apply", "verify": "verify", "scenario": "test", "baseline": "baseline"}
    versions = {"baseline": [""], "scenario": [rest.partition("/")[0]]}.get(
        kind, [migration.version for migration in migrations]
    )
    if kind not in stage:
        return []  # it was asked just now, and is part of the record that is being made
    runs = []
    for version in versions:
        counting = since_rollback(event for event in events if event.version == version)
        event = latest(counting, stage[kind])
        if event is not None and event.run.isalnum():
            runs.append(event.run)
    pages = (plan.root.glob(f"runs/[!.]*_{run}/record.html") for run in dict.fromkeys(runs))
    return sorted(page.relative_to(plan.root).as_posix() for found in pages for page in found)


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
        rows = baseline.compare(conn, plan)
        declared = [row.object for row in rows if row.verdict == WARN]
        same = [row for row in rows if row.verdict != WARN]
        observed, verdict = _tally(same, "tables as they were"), overall(rows)
        observed += f"; {', '.join(declared)}: not, as plan.toml declares" if declared else ""
    elif kind == "validation":
        rows = [
            row
            for row in (validation or system.of_project(conn, plan.root)[1])
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
