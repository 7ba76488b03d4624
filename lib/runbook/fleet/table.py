"""The fleet's live table: a widget while somebody looks, and the same as text.

The scheduler's words and the ends of targets come in from other threads; each only puts them
down, and one thread draws, once a second. Nothing that is timed is shown where nobody sits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from .. import show
from ..humane import humane
from .following import Follower
from .run import Run
from .survey import DONE, FRESH
from .work import FAILED, PASSED

_PAUSE_S, _MOST = 1.0, 50
_WIDGET = "application/vnd.jupyter.widget-view+json"
_RUNNING, _WAITING = "running", "waiting"
# What wants to be seen first; what is through comes last, and is cut off first.
_ORDER = (FAILED, "unreachable", "drifted", "held back", _RUNNING, "begun", _WAITING, PASSED, DONE)


class Live(Follower):
    """What is known of each target at this moment.

    Args:
        run: the fleet's; only looked at.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._notebook: dict[str, str] = {}
        self._since: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._tables: list[Table] = []
        self._wave = ""
        self._over = threading.Event()

    def table(self) -> Table:
        """The table as it is now; where somebody sits in front of it, it follows the cells."""
        made = Table(self)
        if show.interactive():
            made.come_alive()
            self._tables = [made]  # the one that was drawn last follows
        return made

    def wave(self, number: int, waves: int, total: int) -> None:
        self._wave = f"wave {number} of {waves}"

    def started(self, target: str, notebook: str) -> None:
        self._notebook[target] = notebook
        self._since.setdefault(target, time.monotonic())

    def ended(self, target: str, outcome: Mapping[str, Any]) -> None:
        self._took[target] = float(outcome.get("seconds") or 0)
        self._since.pop(target, None)

    def __enter__(self) -> Live:
        self._over.clear()
        if self._tables:
            threading.Thread(target=self._follow, name="fleet table", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._since.clear()
        self._draw()

    def _follow(self) -> None:
        while not self._over.wait(_PAUSE_S):
            self._draw()

    def _draw(self) -> None:
        for table in self._tables:
            table.draw()

    def caption(self) -> str:
        """How far it is, in words."""
        through, total = self.through()
        where = f", {self._wave}" if self._since else ""
        return f"{through} of {total} targets are through{where}"

    def through(self) -> tuple[int, int]:
        """How many targets are through, of how many."""
        states = [self.state(name) for name in self._run.seen]
        return sum(state in (PASSED, DONE) for state in states), len(states)

    def state(self, name: str) -> str:
        """One word about a target."""
        if name in self._since:
            return _RUNNING
        if name in self._run.outcomes:
            return str(self._run.outcomes[name]["outcome"])
        seen = self._run.seen[name].state
        return _WAITING if seen == FRESH else seen

    def rows(self, *, timed: bool) -> list[tuple[Any, ...]]:
        """target, wave, state, notebook, (duration,) cause; in the file's order."""
        return [tuple(self._row(member, timed=timed)) for member in self._run.fleet.members]

    def worst_first(self) -> list[tuple[Any, ...]]:
        """The same with durations, what wants to be seen first."""
        place = {state: number for number, state in enumerate(_ORDER)}
        return sorted(self.rows(timed=True), key=lambda row: place.get(row[2], 0))[:_MOST]

    def durations(self) -> list[tuple[str, str]]:
        """What each target took that was run."""
        return [(name, humane(seconds)) for name, seconds in self._took.items()]

    def _row(self, member: Any, *, timed: bool) -> Iterator[Any]:
        name = member.name
        yield from (name, member.wave, self.state(name), self._notebook.get(name, ""))
        if timed:
            since = self._since.get(name)
            took = time.monotonic() - since if since else self._took.get(name)
            yield "" if took is None else humane(took)
        error = self._run.outcomes.get(name, {}).get("error") or {}
        yield str(error.get("what") or self._run.seen[name].why).split("\n", 1)[0]


_COLUMNS = ("target", "wave", "state", "notebook", "cause")
_TIMED = ("target", "wave", "state", "notebook", "duration", "cause")


class Table:
    """What a cell returns: text, HTML and, where somebody looks, a widget that goes on."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._shown = show.rows(_COLUMNS, live.rows(timed=False), live.caption())
        self._widget: Any = None

    def __repr__(self) -> str:
        return repr(self._shown)

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        html = self._shown._repr_html_()
        bundle: dict[str, object] = {"text/plain": repr(self), "text/html": html}
        if self._widget is not None:
            bundle |= {k: v for k, v in self._widget._repr_mimebundle_().items() if k == _WIDGET}
        return bundle

    def come_alive(self) -> None:
        """Become a widget: a bar with its words, and the table."""
        import ipywidgets

        whole = ipywidgets.Layout(width="100%")
        self._bar = ipywidgets.IntProgress(min=0, layout=whole)
        self._words, self._rows = ipywidgets.HTML(), ipywidgets.HTML()
        self._widget = ipywidgets.VBox([self._words, self._bar, self._rows])
        self.draw()

    def draw(self) -> None:
        """Send how it is now to the page."""
        through, total = self._live.through()
        caption = self._live.caption()
        self._bar.max, self._bar.value = total, through
        self._words.value = caption
        rows = self._live.worst_first()
        more = f"; the first {len(rows)}" if total > len(rows) else ""
        self._rows.value = show.rows(_TIMED, rows, f"{total} targets{more}")._repr_html_()
