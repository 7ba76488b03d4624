"""What to do about a check that failed before anything was applied: it is not always the SQL."""

from __future__ import annotations

from collections.abc import Sequence

from ..findings import Finding
from ..plan import Migration
from ..redact import redact

_AGAIN = "run this cell again"
_LONGEST = 240


def first_of(bad: Sequence[Finding], of: int) -> str:
    """How many say FAIL, and the first one in words; a line and its caret keep their end."""
    said = _named(bad[0])
    end = "" if "\n" in said else "."
    return f"{len(bad)} of {of} findings say FAIL, the first: {said}{end}"


def in_a_line(bad: Sequence[Finding]) -> str:
    """The first one, and how many more: short enough for a log that is read line by line."""
    said = redact(_named(bad[0]).split("\n", 1)[0])
    if len(said) > _LONGEST:
        said = f"{said[: _LONGEST - 1]}…"
    return said + (f" (and {len(bad) - 1} more)" if len(bad) > 1 else "")


def _named(first: Finding) -> str:
    observed = first.observed.removesuffix(".")
    if first.check == "Plan's tables":
        observed += f", and the plan says {first.expected}"
    # What names its object itself, as a failed statement its file, needs it once.
    about = first.check if observed.startswith(first.object) else f"{first.check}, {first.object}"
    return f"{about}: {observed}"


def before_apply(first: Finding, migration: Migration) -> str:
    """What to do next, by the check that failed first."""
    what = mends(first, migration)
    return f"{what} Then {_AGAIN}." if what.endswith(".") else f"{what}, and {_AGAIN}."


def mends(first: Finding, migration: Migration) -> str:
    """What is to be mended, by the check that failed first: it is not always the SQL."""
    if first.check == "Plan's tables":
        return f"Make `tables` in plan.toml and {migration.file} agree"
    if first.check == "Requires":
        return "Apply what it requires"
    if first.check == "History" and "edited since" in first.observed:
        return (
            "Put the file back as it was applied: a change is a migration of its own. Where file"
            " and database agree all the same, `runbook reconcile` says how to mend the row."
        )
    for word, companion, draft in (
        ("Rollback", migration.rollback, f" (`runbook draft-rollback {migration.version}`)"),
        ("Scenario", migration.scenario, ""),
    ):
        if first.check.startswith(word):
            shown = f"migrations/{companion.parent.name}/{companion.name}"
            does = "Mend" if companion.exists() else "Write"
            return f"{does} {shown}{draft if does == 'Write' else ''}"
    return f"Mend {migration.file}"
