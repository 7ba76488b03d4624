"""The panel that lives: an ipywidgets view of the phase, redrawn while a cell runs.

The cell's own thread waits for the server; a second thread with a connection of its own looks at
what it does and sends that to the page. It only looks, it is gone when the cell ends, and a
failure in it never is the cell's. Where nobody sits in front of it (papermill, nbval), the panel is
its text and its HTML, drawn once and without anything that is timed.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg

from .. import show
from ..errors import RunbookError
from ..plan import Migration
from . import markup, server, words
from .clock import Clock
from .running import Running, if_interrupted, in_words, started
from .view import View, look

if TYPE_CHECKING:
    from ..applying.waiting import Progress
    from ..in_hand.opened import OpenPhase

_FIRST_S, _PAUSE_S = 0.6, 0.5
_WIDGET = "application/vnd.jupyter.widget-view+json"


class Panel:
    """One panel on one phase; what a cell returns, and what a page shows."""

    def __init__(self, phase: OpenPhase, view: View) -> None:
        self._phase, self._view = phase, view
        self._widget: Any = None
        self._clock: Clock | None = None
        self._wanted, self._looking = threading.Event(), threading.Lock()

    def __repr__(self) -> str:
        return words.text(self._view)

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        bundle: dict[str, object] = {"text/plain": repr(self), "text/html": markup.html(self._view)}
        if self._widget is not None:
            bundle |= {k: v for k, v in self._widget._repr_mimebundle_().items() if k == _WIDGET}
        return bundle

    def come_alive(self) -> None:
        """Become a widget, and look again after every cell."""
        import ipywidgets
        from IPython import get_ipython

        above, self._standing, self._running = (ipywidgets.HTML() for _ in range(3))
        self._widget = ipywidgets.VBox([above, self._standing, self._running])
        self._clock = Clock(above)
        self.draw(self._view)
        shell = get_ipython()
        for before in getattr(shell, "runbook_panels", ()):
            with contextlib.suppress(ValueError):
                shell.events.unregister("post_run_cell", before.refresh)
            before.stand_still()
        shell.runbook_panels = [self]  # the one that was drawn last follows the cells
        shell.events.register("post_run_cell", self.refresh)

    def draw(self, view: View, now: Sequence[str] = ()) -> None:
        """Send this view to the page."""
        self._view = view
        if self._widget is not None and self._clock is not None:
            at = datetime.now(UTC)
            note = f"{words.elapsed(view, at)} Drawn at {at:%H:%M:%S} UTC."
            self._standing.value = markup.html(view, "")  # sent only where it changed
            self._running.value = markup.now(view, now, note)
            # While a cell runs, the view is the one from its beginning.
            self._clock.wind(None if now else at)

    def stand_still(self) -> None:
        """Be a picture from now on."""
        if self._clock is not None:
            self._clock.stop()

    def refresh(self, *_: object) -> None:
        """Look again, in a thread: the next cell need not wait for it."""
        self._wanted.set()
        threading.Thread(target=self._look, name="panel", daemon=True).start()

    def _look(self) -> None:
        # One at a time, and one look for as many cells as have ended meanwhile.
        with self._looking, _quietly():
            if self._wanted.is_set():
                self._wanted.clear()
                with self._phase.target.connect(purpose="panel") as conn:
                    self.draw(look(self._phase, conn))


class Watcher:
    """Follows one stage: tells the page, and the cell, what runs; until the block ends."""

    def __init__(self, phase: OpenPhase, panel: Panel | None, now: Running) -> None:
        self._phase, self._panel, self.now = phase, panel, now
        self._over = threading.Event()
        self._saying = threading.Lock()
        self._thread = threading.Thread(target=self._follow, name="watcher", daemon=True)

    def report(self, progress: Progress) -> None:
        """What the engine says: the statement that begins, or for whom it waits."""
        if progress.waiting:
            self.now = replace(self.now, waiting=progress.waiting)
        else:
            self.now = replace(
                self.now, number=progress.number, total=progress.total, title=progress.title,
                since=time.monotonic(), waiting="",
            )  # fmt: skip

    @contextlib.contextmanager
    def at_work(self) -> Iterator[Watcher]:
        """Follow for as long as the block runs; nobody looks, nothing is started."""
        if show.interactive():
            self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            with self._saying:  # no word of it after the stage's own table
                show.settled()

    def _follow(self) -> None:
        if self._over.wait(_FIRST_S):
            return  # most stages are through before anybody wonders
        with _quietly(), self._phase.target.connect(purpose="panel") as conn:
            view = look(self._phase, conn, again=False) if self._panel else None
            while not self._over.wait(_PAUSE_S):
                now, seen = self.now, server.seen(conn, self.now.pid)
                blocked = any(word.startswith("waiting for") for word in seen)
                if blocked and now.waiting.startswith("waiting for"):
                    now = replace(now, waiting="")  # the server's word on it is the newer one
                self._say([*in_words(now), *seen, if_interrupted(now)], view)

    def _say(self, said: Sequence[str], view: View | None) -> None:
        with self._saying:
            if self._over.is_set():
                return
            show.tell("\n".join(said))
            if self._panel and view:
                self._panel.draw(view, said)


def _quietly() -> contextlib.suppress:
    """Looking must never be the reason why a cell fails."""
    return contextlib.suppress(psycopg.Error, RunbookError, OSError)


def watcher(
    phase: OpenPhase, panel: Panel | None, migration: Migration, stage: str,
    foreseen: Sequence[float] = (),
) -> Watcher:  # fmt: skip
    """Who follows this stage."""
    pid = phase.conn.info.backend_pid
    return Watcher(phase, panel, started(migration, stage, pid=pid, foreseen=foreseen))


def panel(phase: OpenPhase) -> Panel:
    """The panel of a phase as it stands now; alive where somebody sits in front of it."""
    made = Panel(phase, look(phase, phase.conn))
    if show.interactive():
        made.come_alive()
    return made
