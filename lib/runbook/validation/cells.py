"""What the notebook 03_system_validation holds in its hand: nothing that it does stays."""

from __future__ import annotations

from functools import cached_property

from .. import show, system
from ..checking import criteria
from ..findings import Finding
from ..in_hand import baseline
from ..in_hand.desk import Desk
from ..performance import judge, measure
from ..performance.table import COLUMNS, SHOWN, by_time
from ..scenarios import matrix
from . import again
from .again import Again


class Validation(Desk):
    """The system as a whole, after the phases."""

    def __init__(self, **given: str) -> None:
        super().__init__(**given)
        self._summary: list[Finding] = []
        self._timed: list[measure.Measured] = []
        self._asked: list[measure.Measured] | None = None

    def checks(self) -> show.Table:
        """The plan's five rows, with every check behind them; the project's own checks, too."""
        found, self._summary = system.of_project(self.conn, self.plan.root)
        return self.answer(found, "System-wide validation", summary=self._summary)

    def data(self) -> show.Table:
        """The rows of before the phases, table by table."""
        return self.answer(baseline.compare(self.conn, self.plan), "Existing data")

    @cached_property
    def _again(self) -> Again:
        played = again.play(self.conn, self.plan, timing=True)
        self._asked = played.timed
        return played

    def scenarios(self) -> show.Table:
        """Every applied migration's scenario, played again and rolled back."""
        self.__dict__.pop("_again", None)  # asked again: played again
        return self.answer(
            self._again.findings,
            "Scenarios, played again",
            summary=again.summary(self.plan, self._again),
        )

    def access(self) -> show.Table:
        """Who may do what with every table, and what changed since it was measured last."""
        rows = again.compare(self.conn, self._again)
        tables = matrix.as_tables({"access": self._again.matrix})
        return self.answer(rows, "Access", summary=[again.in_one_row(rows)], below=tables)

    def performance(self) -> show.Table:
        """Sample queries, policies and vector searches, held against the plan's thresholds.

        The sample queries were timed while scenarios() played them; asked again, they are played
        again.
        """
        self._timed = measure.measure(self.conn, self.plan, self._asked)
        self._asked = None
        rows = judge.judge(self._timed, self.plan.performance)
        if self._summary:
            self._summary = judge.added(self._summary, rows)
        return self.answer(rows, "Performance", summary=judge.in_short(rows))

    def timings(self) -> show.Table:
        """What took longest of all that performance() measured."""
        slowest = by_time(self._timed)[:SHOWN]
        return show.rows(COLUMNS, slowest, f"The slowest {len(slowest)} of {len(self._timed)}")

    def criteria(self, phase: str = "") -> show.Table:
        """The success criteria of a phase, or of the whole plan, with their evidence."""
        chosen = self.plan.phase(phase) if phase else None
        rows = criteria.judge(
            self.conn,
            self.plan,
            chosen,
            validation=self._summary or None,
            played=self._again.played,
        )
        return self.answer(rows, f"Success criteria · {chosen.title if chosen else 'overall'}")


def open_validation(**given: str) -> Validation:
    """Open a target for 03_system_validation. Arguments as for Desk."""
    return Validation(**given)
