"""squawk's opinion of a migration, as warnings: a linter for DDL that blocks or breaks clients."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from ..findings import PASS, SKIP, WARN, Finding
from ..plan import Migration

# The runner itself sets both timeouts for every statement; how wide an integer should be is a
# matter of taste and not of safety.
_ANSWERED = (
    "require-lock-timeout",
    "require-statement-timeout",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
)
# Parts are journalled, and a run that was stopped goes on after the last one that is done.
_OF_PARTS = "prefer-robust-stmts"
_TIMEOUT_S = 30


def lint(migration: Migration, *, major: int) -> list[Finding]:
    """One row per rule that squawk would warn about; one PASS when it has nothing to say.

    Args:
        major: the target's PostgreSQL version; what is unsafe depends on it.
    """
    program = _program()
    if program is None:
        return [_row(migration, "squawk is not installed", SKIP)]
    whole = migration.script.transactional
    command = [
        program,
        "--reporter=json",
        *(["--assume-in-transaction"] if whole else []),
        f"--pg-version={major}",
        f"--exclude={','.join(_ANSWERED if whole else (*_ANSWERED, _OF_PARTS))}",
        str(migration.path),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
        reports = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return [_row(migration, "squawk did not answer", SKIP)]
    fresh = _on_what_is_new(migration)
    reports = [r for r in reports if (r["rule_name"], r["line"] + 1) not in fresh]
    if not reports:
        return [_row(migration, "nothing to warn about", PASS)]
    lines: dict[str, list[int]] = {}
    for report in reports:
        # squawk counts lines from 0.
        lines.setdefault(report["rule_name"], []).append(report["line"] + 1)
    return [
        _row(migration, f"{rule}: line {', '.join(map(str, numbers))}", WARN)
        for rule, numbers in sorted(lines.items())
    ]


def _on_what_is_new(migration: Migration) -> set[tuple[str, int]]:
    """Warnings about a lock on what the file itself made: squawk knows that of tables alone."""
    made, found = set(), set()
    for statement in migration.script.statements:
        node = statement.node
        if statement.kind == "create_table_as_stmt":
            made.add((node.into.rel.schemaname, node.into.rel.relname))
            continue
        relation = node.relation if statement.kind == "index_stmt" else None
        if relation is not None and (relation.schemaname, relation.relname) in made:
            found.add(("require-concurrent-index-creation", statement.line))
    return found


def _row(migration: Migration, observed: str, verdict: str) -> Finding:
    return Finding("Lint", migration.file, "no unsafe DDL", observed, verdict)


def _program() -> str | None:
    """squawk beside this Python, else on the PATH."""
    beside = Path(sys.executable).parent / "squawk"
    return str(beside) if beside.exists() else shutil.which("squawk")
