"""What the notebook 03_system_validation holds in its hand: nothing that it does stays."""

from __future__ import annotations

from functools import cached_property

from .. import baseline, criteria, matrix, show, system
from ..desk import Desk
from ..findings import Finding
from . import again
from .again import Again


class Validation(Desk):
    """The system as a whole, after the phases."""

    def __init__(self, **given: str) -> None:
        super().__init__(**given)
        self._summary: list[Finding] = []

    def checks(self) -> show.Table:
        """The plan's five rows, with every check behind them; the project's own checks, too."""
        found, self._summary = system.of_project(self.conn, self.plan.root)
        return self.answer(found, "System-wide validation", summary=self._summary)

    def data(self) -> show.Table:
        """The rows of before the phases, table by table."""
        return self.answer(baseline.compare(self.conn), "Existing data")

    @cached_property
    def _again(self) -> Again:
        return again.play(self.conn, self.plan)

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
