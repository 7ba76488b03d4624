"""Findings: the one shape that every stage and every check answers in.

A stage works with plain rows, so that the command line and the engine need no pandas; the
notebooks see the same rows as a DataFrame (`to_frame`, `show.table`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

PASS, WARN, FAIL, SKIP = "PASS", "WARN", "FAIL", "SKIP"
COLUMNS = ("check", "object", "expected", "observed", "verdict")


class Finding(NamedTuple):
    """One thing that was looked at.

    Fields:
        check: the question, in the plan's words ("RLS enabled").
        object: what it was asked of ("public.wizard_sessions").
        expected, observed: both as an operator would say them.
        verdict: PASS · WARN · FAIL · SKIP. A SKIP puts its reason in `observed`.
    """

    check: str
    object: str
    expected: str
    observed: str
    verdict: str


def failed(rows: Iterable[Finding]) -> list[Finding]:
    """The rows that say FAIL."""
    return [row for row in rows if row.verdict == FAIL]


def counts(rows: Iterable[Finding]) -> dict[str, int]:
    """How many rows of each verdict, worst first; a SKIP is its own number, never a pass."""
    tally = Counter(row.verdict for row in rows)
    return {verdict: tally[verdict] for verdict in (FAIL, WARN, SKIP, PASS) if tally[verdict]}


def overall(rows: Iterable[Finding]) -> str:
    """The worst verdict. No rows, or nothing but SKIPs, is a SKIP: nothing was looked at."""
    seen = {row.verdict for row in rows}
    if not seen - {SKIP}:
        return SKIP
    return next(verdict for verdict in (FAIL, WARN, PASS) if verdict in seen)


def to_frame(rows: Iterable[Finding]) -> pd.DataFrame:
    """Rows as a DataFrame of objects: nothing is turned into a float on the way."""
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(COLUMNS), dtype=object)
