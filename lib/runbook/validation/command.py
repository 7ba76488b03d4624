"""`runbook validate`: the notebook's questions without the notebook. Only what fails is listed."""

from __future__ import annotations

import argparse
from typing import Any

import psycopg

from .. import history, system
from ..checking import criteria
from ..cli import emit, say
from ..findings import FAIL, PASS, SKIP, Finding, failed
from ..performance import judge, measure
from ..plan import Phase, Plan
from ..plan_file import read_plan
from ..project import find_project
from ..target import open_target
from . import again


def validate(options: argparse.Namespace) -> int:
    """Checks and criteria, read-only; exit 3 when one says FAIL."""
    root = find_project(options.project)
    plan = read_plan(root)
    target = open_target(options.target, root)
    with target.connect(purpose="validate") as conn:
        findings, summary = system.of_project(conn, root)
        sections: dict[str, list[Finding]] = {"findings": findings}
        played: dict[str, list[Finding]] = {}
        if options.play:
            repeated = again.play(conn, plan)
            played = repeated.played
            sections["scenarios"] = repeated.findings
            sections["access"] = again.compare(conn, repeated)
        if options.performance:
            sections["performance"] = judge.judge(measure.measure(conn, plan), plan.performance)
            summary = judge.added(summary, sections["performance"])
        if plan.criteria or any(phase.criteria for phase in plan.phases):
            sections["criteria"] = _criteria(conn, plan, summary, played)
    rows = [row for found in sections.values() for row in found]
    if options.json:
        emit({
            "target": target.name,
            "summary": [row._asdict() for row in summary],
            **{name: [row._asdict() for row in found] for name, found in sections.items()},
        })  # fmt: skip
    else:
        say(f"System-wide validation of {target.name}")
        for row in [*summary, *sections.pop("criteria", [])]:
            say(f"  {row.verdict:<4}  {_subject(row)}: {row.observed}")
        listed = [row for found in sections.values() for row in found if row.verdict != PASS]
        for row in sorted(listed, key=lambda row: row.verdict != FAIL):
            say(f"  {row.verdict:<4}  {row.check}: {row.object}: {row.observed}")
    return 3 if failed(rows) else 0


def _subject(row: Finding) -> str:
    return row.object if row.check == "Criterion" else row.check


def _criteria(
    conn: psycopg.Connection, plan: Plan, summary: list[Finding], played: dict[str, Any]
) -> list[Finding]:
    """Those of every phase that has begun; of the whole plan once all of it is applied."""
    there = history.classify(plan, history.read(conn))
    rows = []
    for phase in (*plan.phases, None):
        missing = _missing(plan, phase, there)
        if missing:
            asked = phase.criteria if phase else plan.criteria
            rows += [
                Finding("Criterion", criterion.says, criterion.proved_by, missing, SKIP)
                for criterion in asked
            ]
        else:
            rows += criteria.judge(conn, plan, phase, validation=summary, played=played)
    return rows


def _missing(plan: Plan, phase: Phase | None, there: history.History) -> str:
    if phase is None:
        waiting = sum(not there.holds(m.version) for m in plan.migrations)
        return f"not asked yet: {waiting} of the plan's migrations are pending" if waiting else ""
    begun = any(there.holds(migration.version) for migration in phase.migrations)
    return "" if begun else "not asked yet: the phase has not begun"
