"""Rows that an apply would be stopped for, said at the precheck: not first at night, on the target.

The apply counts what it really did, and rolls back what the plan does not declare. That needs rows,
which a twin has none of; the SQL tells much of it before.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import WARN, Finding
from ..plan import Migration
from ..statements.risk import suggestions

_TAKES = ("changes rows of ", "deletes rows of ", "truncates ", "drops a column of ")


def undeclared(migration: Migration) -> Iterator[Finding]:
    """A row for each statement that takes from rows of an existing table, and is not declared."""
    for _, why in suggestions(migration):
        taken = next((word for word in _TAKES if why.startswith(word)), "")
        table = why.removeprefix(taken).partition(" (line ")[0]
        if taken and table not in migration.may_lose:
            observed = (
                f"{why}: where that touches rows, the apply is rolled back; if it is meant,"
                f' plan.toml says may_lose = ["{table}"]'
            )
            yield Finding("Losses", migration.file, "none, or declared", observed, WARN)
