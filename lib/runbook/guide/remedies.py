"""What to do about a check that failed before anything was applied: it is not always the SQL."""

from __future__ import annotations

from collections.abc import Sequence

from ..findings import Finding
from ..plan import Migration

_AGAIN = "run this cell again"


def first_of(bad: Sequence[Finding], of: int) -> str:
    """How many say FAIL, and the first one in words."""
    first = bad[0]
    observed = first.observed.removesuffix(".")
    if first.check == "Plan's tables":
        observed += f", and the plan says {first.expected}"
    many = f"{len(bad)} of {of} findings say FAIL, the first: "
    return f"{many}{first.check}, {first.object}: {observed}."


def before_apply(first: Finding, migration: Migration) -> str:
    """What to do next, by the check that failed first."""
    if first.check == "Plan's tables":
        return f"Make `tables` in plan.toml and {migration.file} agree, and {_AGAIN}."
    if first.check == "Requires":
        return f"Apply what it requires, and {_AGAIN}."
    if first.check == "History" and "edited since" in first.observed:
        return (
            "Put the file back as it was applied: a change is a migration of its own. Where file"
            f" and database agree all the same, `runbook reconcile` mends the row. Then {_AGAIN}."
        )
    for word, companion, draft in (
        ("Rollback", migration.rollback, f" (`runbook draft-rollback {migration.version}`)"),
        ("Scenario", migration.scenario, ""),
    ):
        if first.check.startswith(word):
            shown = f"migrations/{companion.parent.name}/{companion.name}"
            does = "Mend" if companion.exists() else "Write"
            return f"{does} {shown}{draft if does == 'Write' else ''}, and {_AGAIN}."
    return "Mend the file and run this cell again."
