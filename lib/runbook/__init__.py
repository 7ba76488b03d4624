"""Database migrations as a Jupyter runbook.

`open_phase` is where a notebook begins; everything heavier than a name is imported on first use,
so that `runbook status` answers at once.
"""

from __future__ import annotations

from typing import Any

_EXPORTS = {
    "open_phase": "in_hand.opened",
    "open_baseline": "in_hand.desk",
    "open_validation": "validation.cells",
    "open_rollback": "in_hand.desk",
    "open_tutorial": "in_hand.tutorial",
    "open_fleet": "fleet.seat",
}


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f".{_EXPORTS[name]}", __name__), name)
