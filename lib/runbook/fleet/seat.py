"""The fleet as a notebook holds it: look, approve, run a wave, see what is left.

fleet = open_fleet(target="targets.toml")
fleet.survey()
fleet.run(1)
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from .. import show
from ..errors import CheckFailed, NotApproved, OutOfOrder, Refused
from ..in_hand.opened import MODES
from ..plan_file import read_plan
from ..project import author, find_project
from ..target import open_target
from . import example, second, summary
from .file import read_fleet
from .kept import Summary
from .run import Run, apply, cluster, prepare, survey
from .survey import BEGUN, DONE, FRESH
from .table import Live, Table
from .work import FAILED, PASSED

_EMBEDDED = "embedded"
_STATE = "Targets that are through stay through; what failed was rolled back, or says what it left."
_AGAIN = (
    "The table names the causes. Settle them and run this cell again: it goes on with the rest."
)


class Fleet:
    """Many databases in one notebook; they are run in other processes.

    Attributes:
        mode: "check" looks only; "apply" changes the databases.
    """

    def __init__(self, run: Run, mode: str, approve: str, operator: str, scheduler: str) -> None:
        self.mode, self._run, self._live = mode, run, Live(run)
        self._approvals, self._author = approve.replace(",", " ").split(), author(operator)
        self._operator, self._scheduler = operator, scheduler
        self._stack, self._client = ExitStack(), None
        self._kept: Summary | None = None

    def __repr__(self) -> str:
        fleet = self._run.fleet
        waves = f"{fleet.waves} wave{'s' if fleet.waves > 1 else ''}"
        what = ", ".join(Path(name).stem for name in self._run.notebooks)
        return (
            f"{len(fleet.members)} targets of {fleet.path.name} in {waves}, mode {self.mode}\n"
            f"each through: {what}"
        )

    def survey(self) -> Table:
        """Look at every target, in the cluster's workers; changes nothing."""
        if self._client is None:
            self._client = self._stack.enter_context(cluster(self._scheduler, 2))
        survey(self._run, self._client)
        if self.mode == "check":
            second.keep(self._run, self._author)
        return self._live.table()

    def waves(self) -> show.Table:
        """Who is in which wave, and the approval that each needs."""
        self._require_survey()
        values = [
            (
                wave,
                len(members := self._run.fleet.wave(wave)),
                sum(self._run.seen[m.name].state in (FRESH, BEGUN) for m in members),
                self._run.token(wave) or "not needed",
                "given" if self._run.token(wave) in self._approvals else "",
            )
            for wave in range(1, self._run.fleet.waves + 1)
        ]
        stop = f"more than {self._run.fleet.max_failures} failures in a wave stop the fleet"
        columns = ("wave", "targets", "to run", "approval", "approved")
        return show.rows(columns, values, f"{self._run.fleet.waves} waves; {stop}")

    def approval(self) -> show.Text:
        """What the approvals cover, in words."""
        self._require_survey()
        return show.Text(summary.outlook(self._run))

    def table(self) -> Table:
        """Each target as it is now; follows the cells where somebody sits here."""
        self._require_survey()
        return self._live.table()

    def run(self, wave: int = 0) -> Table | show.Text:
        """Run up to this wave, or all that are left; what is through is passed over.

        Raises:
            NotApproved: the wave has no approval, or not the second person's; it did not start.
            CheckFailed: too many targets of a wave failed; no further target was started.
        """
        self._require_survey()
        if self.mode == "check":
            return show.Text("Mode check: no target is changed. The waves above have their tokens.")
        given = {"operator": self._author.operator}
        if self._kept is None:
            asked = {"mode": "apply", "approve": self._approvals, **given}
            self._kept = Summary(self._run, asked, self._operator)
        try:
            with self._live:
                apply(
                    self._run, self._client, self._approvals, given, self._live, self._kept.save,
                    until=wave,
                )  # fmt: skip
        except BaseException as error:
            self._end(error)
            raise
        if not self._run.stopped:
            return Table(self._live)
        show.display(Table(self._live))
        if any(each["outcome"] == FAILED for each in self._run.outcomes.values()):
            raise CheckFailed(f"{self._run.stopped}.", state=_STATE, remedy=_AGAIN)
        raise NotApproved(
            f"{self._run.stopped}.",
            state="No target of that wave was started.",
            remedy="Have it approved, give the token as approve=… in the parameters, and run the"
            " notebook again: what is through is passed over.",
        )

    def causes(self) -> show.Table:
        """Failures, grouped by cause."""
        self._require_survey()
        found = summary.causes(self._run.outcomes)
        values = [(len(names), cause, ", ".join(names[:5])) for cause, names in found.items()]
        caption = f"{len(values)} causes" if len(values) != 1 else "1 cause"
        return show.rows(("targets", "cause", "the first of them"), values, caption)

    def left(self) -> show.Table:
        """The targets that are not through."""
        self._require_survey()
        rows = [row for row in self._live.rows(timed=False) if row[2] not in (PASSED, DONE)]
        columns = ("target", "wave", "state", "notebook", "cause")
        return show.rows(columns, rows, f"{len(rows)} of {len(self._run.seen)} targets are left")

    def durations(self) -> show.Table:
        """What each target took."""
        return show.rows(("target", "took"), self._live.durations(), "From first cell to record")

    def close(self) -> show.Text:
        """Close the summary record, and the cluster."""
        if self._kept is None:
            self._end()
            return show.Text("Nothing was run: there is nothing to sum up.")
        words = [summary.ending(self._run)]
        path = self._end()
        assert path is not None
        words.append(f"Summary: runs/{path.name}, which names every record with its SHA-256.")
        return show.Text("\n".join(words))

    def _end(self, error: BaseException | None = None) -> Path | None:
        kept, self._kept, self._client = self._kept, None, None
        self._stack.close()  # first: a worker that still runs ends here
        return kept.close(error) if kept else None

    def _require_survey(self) -> None:
        if self._client is None:
            raise OutOfOrder(
                "The fleet was not looked at yet, or was closed.",
                remedy="Run the cell with survey() first.",
            )


def open_fleet(
    *,
    target: str = _EMBEDDED,
    mode: str = "",
    approve: str = "",
    operator: str = "",
    phases: str = "",
    scheduler: str = "",
    project: str | Path | None = None,
) -> Fleet:
    """Open a fleet; reads every file and looks at no database yet.

    Args:
        target: "embedded", for four small databases made for it; or a file like targets.toml.
        mode: check or apply; "" is apply where every target is embedded, and check otherwise.
        approve: the tokens of waves, with spaces between them.
        operator: who is at it; "" takes RUNBOOK_OPERATOR or the login name.
        phases: ids or numbers; "" is all, with baseline and validation around them.
        scheduler: tcp://… of a Dask scheduler; "" starts two workers on this machine.
        project: the folder with migrations/; "" finds it from here.

    Raises:
        Refused: a bad file, target or mode; nothing was started.
    """
    root = find_project(project)
    shown = target == _EMBEDDED
    path = example.make(root) if shown else root / target
    root = path.parent if shown else root
    plan, fleet = read_plan(root), read_fleet(path)
    for migration in plan.migrations:
        _ = migration.script  # every file is read before anything runs
    chosen = [plan.phase(name) for name in phases.split()] or list(plan.phases)
    made = prepare(root, plan, chosen, fleet, whole=not (phases or shown))
    kinds: set[Any] = {open_target(member.name, root).protected for member in fleet.members}
    mode = mode or ("check" if True in kinds else "apply")
    if mode not in MODES:
        raise Refused(f"mode is {mode!r}.", remedy=f"It is one of {', '.join(MODES)}.")
    return Fleet(made, mode, approve, operator, scheduler)
