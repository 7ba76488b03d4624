"""What counts as acceptable: [performance] of plan.toml, with a default for each number.

[performance]
query_ms  = 250      # a scenario's sample query, as its actor
policy_ms = 1000     # all that a role may read of a table, counted
scan_rows = 10000    # rows that a sequential scan may read in vain; beyond that it is a warning
rls_times = 20       # times as long through the policies as without them
vector_ms = 100      # one search for the ten nearest neighbours
recall    = 0.9      # of the ten nearest, how many a vector index must find
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Thresholds:
    """Milliseconds, rows, ratios; see above."""

    query_ms: float = 250
    policy_ms: float = 1_000
    scan_rows: float = 10_000
    rls_times: float = 20
    vector_ms: float = 100
    recall: float = 0.9


NAMES = tuple(field.name for field in fields(Thresholds))


def read(entry: Mapping[str, Any]) -> Thresholds:
    """The table as thresholds.

    Raises:
        ValueError: with the key and what is wrong with it.
    """
    for key, value in entry.items():
        if key not in NAMES:
            known = ", ".join(NAMES)
            raise ValueError(key, f"[performance] has an unknown key {key!r} (known: {known})")
        if not isinstance(value, (int, float)) or isinstance(value, bool) or value <= 0:
            raise ValueError(key, f"{key} of [performance] must be a number above 0")
    if entry.get("recall", 0) > 1:
        raise ValueError("recall", "recall of [performance] must be at most 1")
    return Thresholds(**entry)
