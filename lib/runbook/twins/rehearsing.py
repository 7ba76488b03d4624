"""A rehearsal under way: later files are tried on the twin while earlier ones are applied.

The trial of a whole phase takes about as long as the rest of its work, and nearly all of both is
waiting for a server. So it runs on a thread of its own, with a connection and a database of its
own; a precheck waits for the one file that it is about.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Sequence
from contextlib import closing

from ..plan import Migration
from ..postgres import production_state
from ..target import Target
from . import twin
from .twin import Tried

_AT_EXIT_S = 30  # a statement that runs on the twin is waited for, so that the twin can be dropped


class Rehearsing:
    """These migrations, in order, on a twin of the target as it is now.

    Raises:
        EmbeddedUnavailable: there is no server that a twin could stand on.
    """

    def __init__(self, target: Target, migrations: Sequence[Migration]) -> None:
        production_state.server(target.project)  # started here: only a main thread has signals
        self._target, self._migrations = target, tuple(migrations)
        self._tried: dict[str, Tried] = {}
        self._failure: Exception | None = None
        self._news, self._over, self._stop = threading.Condition(), False, threading.Event()
        self._thread = threading.Thread(target=self._run, name="rehearsal", daemon=True)
        atexit.register(self.stop)
        self._thread.start()

    def tried(self, version: str) -> Tried | None:
        """What became of a migration, waited for; None when one before it failed.

        Raises:
            RunbookError: there is no twin, and why.
        """
        with self._news:
            self._news.wait_for(lambda: self._over or self._known(version))
            if self._failure and version not in self._tried:
                raise self._failure
            return self._tried.get(version)

    def failed_before(self) -> str:
        """The version at which it ended."""
        return list(self._tried)[-1]

    def stop(self) -> None:
        """End after the file that is being tried, and wait until the twin is gone."""
        self._stop.set()
        self._thread.join(_AT_EXIT_S)

    def _known(self, version: str) -> bool:
        """The last result is known when the twin is gone: who reads it may look for the twin."""
        tried = self._tried.get(version)
        return tried is not None and not tried.failure and version != self._migrations[-1].version

    def _run(self) -> None:
        try:
            with closing(twin.rehearse(self._target, self._migrations)) as results:
                for version, tried in results:
                    with self._news:
                        self._tried[version] = tried
                        self._news.notify_all()
                    if self._stop.is_set():
                        break
        except Exception as error:
            self._failure = error
        finally:
            with self._news:
                self._over = True
                self._news.notify_all()
            atexit.unregister(self.stop)
