"""What a phase shows of itself: the cells of a notebook that look and change nothing."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from .. import ledger, show
from ..applying.waiting import Progress
from ..load import shown
from . import grid, handover, live, schema, timeline
from .confirm import Box, Confirmation
from .picture import Picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..plan import Migration


class Face:
    """The part of an open phase that an operator looks at."""

    _panel: live.Panel | None = None
    _watcher: live.Watcher | None = None

    def panel(self) -> live.Panel:
        """Where am I, what is done, what is next; follows the cells where somebody sits here."""
        self._panel = live.panel(self)
        return self._panel

    def confirm(self) -> Box | show.Text:
        """Ask for the name of a protected database; the cells that change it compare it."""
        if self.applies and not self.history_holds_all():
            return self._confirmation.ask()
        return show.Text("Not asked for: no cell of this notebook changes anything now.")

    def handover(self) -> show.Text:
        """The card for whoever takes over."""
        return show.Text(handover.card(self.plan, self.target, self.conn))

    def schema(self) -> Picture:
        """The new tables of this phase and their foreign keys, beside what was there before."""
        return schema.draw(self.conn, self.definition)

    def access(self) -> grid.Grid | show.Text:
        """Who may do what with the tables of this phase, as its tests tried it."""
        return grid.draw(self.conn, self.definition)

    def timeline(self) -> Picture:
        """What each stage of each migration took."""
        return timeline.draw(self.conn, self.definition)

    def load(self) -> shown.Shown:
        """What users would feel while each migration is applied, as it was rehearsed under load."""
        waiting = {migration.version for migration in self.pending()}
        return shown.last(self.plan.root, self.target, self.definition, pending=waiting)

    def require_confirmation(self) -> None:
        """Refuse to change a protected database whose name was not typed here.

        Raises:
            NotApproved: the box is shown; Run All stops.
        """
        self._confirmation.require()

    @cached_property
    def _confirmation(self) -> Confirmation:
        return Confirmation(self.target, self.identity)

    @contextmanager
    def at_work(self, migration: Migration, stage: str) -> Iterator[None]:
        """Let the page follow what this stage does."""
        self._watcher = live.watcher(self, self._panel, migration, stage, self._twin_s(migration))
        try:
            with self._watcher.at_work():
                yield
        finally:
            self._watcher = None

    def _twin_s(self, migration: Migration) -> list[float]:
        """Seconds of each statement on the twin, as the last precheck of this file saw them."""
        events = ledger.since_rollback(ledger.read(self.conn, migration.version))
        event = ledger.latest(events, "precheck")
        same = event and event.detail.get("sha256") == migration.script.sha256
        return event.detail.get("twin_s", []) if event and same else []

    def waiting(self, holder: str) -> None:
        """Say whom we wait for."""
        self.progress(Progress(0, 0, "", f"Waiting: the target is held by {holder}."))

    def progress(self, progress: Progress) -> None:
        """Say what is running."""
        if self._watcher:
            self._watcher.report(progress)
