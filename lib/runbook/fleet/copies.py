"""Copies of a fleet's records in the archive: made beside the next wave, and all in the end.

The records of all targets lie in this machine's runs/ (the workers write there), so one process
copies them, with one set of credentials. A copy that failed is said and stops no wave.
"""

from __future__ import annotations

import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from ..audit import chain
from ..audit.storing import NotStored, Place, place_of
from .run import Run

_AT_ONCE = 4


class Copies:
    """Where copies of the records go; nowhere, where no place is named.

    Args:
        archive: the address; "" takes the one that RUNBOOK_ARCHIVE names.

    Raises:
        Refused: the place cannot be used; nothing was started.
    """

    def __init__(self, archive: str, runs: Path) -> None:
        self._place: Place | None = place_of(archive)
        self._runs = runs
        self._taken: dict[str, Future[int]] = {}
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="copies")
        if self._place is not None:
            self._place.greet(runs)

    def take(self, run: Run) -> None:
        """Begin to copy what was recorded until now; does not wait."""
        if self._place is None:
            return
        lines = chain.read(self._runs)
        for name in chain.of_fleet(lines, run.id):
            if name not in self._taken:
                self._taken[name] = self._pool.submit(self._place.store, self._runs / name)

    def close(self, run: Run, summary: Path) -> tuple[int, int]:
        """Copy the rest and the summary, which holds them all; wait for it.

        Returns:
            How many records were copied and held against their digests, of how many.
        """
        self.take(run)
        stored = sum(self._stored(each) for each in self._taken.values())
        if self._place is not None:
            # Alone and last: with it goes the chain as it is in the end.
            self._taken[summary.name] = self._pool.submit(self._place.store, summary)
            stored += self._stored(self._taken[summary.name])
        self._pool.shutdown()
        return stored, len(self._taken)

    def __str__(self) -> str:
        return str(self._place or "")

    @staticmethod
    def _stored(copy: Future[int]) -> bool:
        try:
            copy.result()
            return True
        except NotStored as error:
            print(error, file=sys.stderr)
            return False
