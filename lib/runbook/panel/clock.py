"""The clock on a living panel: what tells a page that follows from one that only looks like it.

A tab that was closed, a kernel that died and a panel that was drawn anew further down all leave
the same picture behind as a living one. None of them can say so any more; a clock can, beforehand.
"""

from __future__ import annotations

import contextlib
import threading
import time
from datetime import UTC, datetime
from typing import Any

_TICK_S = 1.0
# Who ran no cell for so long watches nothing; a page that went on for days would also keep its
# kernel, and its connection, from being taken for idle.
_PATIENCE_S = 3_600.0


class Clock:
    """Writes the time into a widget, each second, until it is stopped or nobody wound it up.

    Args:
        widget: whose `value` is HTML.
    """

    def __init__(self, widget: Any) -> None:
        self._widget, self._looked = widget, datetime.now(UTC)
        self._stopped, self._wound = threading.Event(), time.monotonic()
        self._starting, self._thread = threading.Lock(), threading.Thread()

    def wind(self, looked: datetime | None = None) -> None:
        """Go on for another hour.

        Args:
            looked: when the database was looked at, where that was done now.
        """
        self._looked, self._wound = looked or self._looked, time.monotonic()
        with self._starting:
            if not self._thread.is_alive() and not self._stopped.is_set():
                self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Stand still, for good: another panel follows the cells now."""
        self._stopped.set()

    def _run(self) -> None:
        # A page that cannot be written to any more is no reason for words in somebody's cell.
        with contextlib.suppress(Exception):
            while time.monotonic() - self._wound < _PATIENCE_S:
                self._widget.value = html(self._looked, datetime.now(UTC))
                if self._stopped.wait(_TICK_S):
                    return


def html(looked: datetime, now: datetime) -> str:
    """What stands above a living panel; true of a page that stopped following, too."""
    return (
        '<p role="timer" aria-live="off" style="margin:0.4em 0;line-height:1.45">'
        f"Live while this clock moves: <b>{now:%H:%M:%S} UTC</b>. If it stands still, this is a"
        " picture of that moment: run this cell again. The database was looked at"
        f" {looked:%H:%M:%S} UTC, and is after each cell.</p>"
    )
