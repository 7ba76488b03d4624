"""How long a headless run may take."""

from __future__ import annotations

import time

from ..errors import InDoubt
from .verdict import REMEDY, STATE


class Limits:
    """The time a cell, and the whole notebook, may take."""

    def __init__(self, cell_s: float | None, whole_s: float | None) -> None:
        self.cell_s, self.whole_s = cell_s, whole_s
        self._end: float | None = None

    def start(self) -> None:
        """The kernel is there (its start has a limit of its own): the notebook's time begins."""
        if self.whole_s is not None:
            self._end = time.monotonic() + self.whole_s

    def left(self) -> float | None:
        """Seconds that the next cell has."""
        rest = None if self._end is None else max(0.0, self._end - time.monotonic())
        return min((s for s in (rest, self.cell_s) if s is not None), default=None)

    def passed(self) -> InDoubt:
        """The error for a limit that has passed."""
        whole = self._end is not None and time.monotonic() >= self._end
        what = (
            f"The notebook passed its limit of {self.whole_s:g} s in this cell"
            if whole
            else f"The cell passed its limit of {self.cell_s:g} s"
        )
        return InDoubt(f"{what}; it was interrupted.", state=STATE, remedy=REMEDY)
