"""What was measured as plain rows, the slowest first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .measure import Measured

SHOWN = 15
COLUMNS = (
    "kind", "of", "what", "as", "ms", "× without policies", "buffers", "rows", "read in vain",
    "indexes", "recall",
)  # fmt: skip


def by_time(found: Iterable[Measured]) -> list[tuple[Any, ...]]:
    """One row for each thing that could be measured; its columns are COLUMNS."""
    measured = [(item, item.seen) for item in found if item.seen]
    return [
        (
            item.kind,
            item.group,
            item.what,
            item.actor,
            round(seen.ms, 2),
            round(seen.ms / item.without.ms, 1) if item.without and item.without.ms else None,
            seen.buffers,
            seen.rows,
            seen.vain,
            ", ".join(seen.indexes),
            item.recall,
        )
        for item, seen in sorted(measured, key=lambda pair: -pair[1].ms)
    ]
