"""What the notebooks around the phases hold in their hand: baseline and rollback."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import psycopg

from .. import catalog, history, rollback, show
from .. import verify as verification
from ..apply import Limits
from ..applying import lock
from ..applying.waiting import Progress
from ..approvals import token as approval
from ..errors import CheckFailed, NotApproved, Refused, RunbookError
from ..findings import SKIP, WARN, Finding, failed
from ..guide.remedies import first_of
from ..ledger import FAILED, PASSED
from ..panel.confirm import Box, Confirmation
from ..plain import platform
from ..plan_file import read_plan
from ..project import author, find_project
from ..promises import promise
from ..records import journal
from ..target import identify, open_target, require_fit
from ..way_back import backup, goes
from . import baseline
from .opened import MODES


class Desk:
    """A plan, a target and a connection; the questions that are asked of a whole database."""

    reads_only: ClassVar[bool] = False
    """Whether mode check needs no write that is rolled back, so that the server can refuse all."""

    def __init__(
        self, *, target: str, mode: str = "", operator: str = "", project: str | Path | None = None
    ) -> None:
        root = find_project(project)
        self.plan = read_plan(root)
        self.target = open_target(target, root)
        self.mode = mode or ("check" if self.target.protected else "apply")
        if self.mode not in MODES:
            raise Refused(f"mode is {mode!r}.", remedy=f"It is one of {', '.join(MODES)}.")
        if self.mode == "check" and self.reads_only:
            self.target = replace(self.target, read_only=True)
        self.author = author(operator)
        self.conn: psycopg.Connection = self.target.connect(purpose=self.author.operator)
        self.identity = identify(self.conn)
        require_fit(self.target, self.conn, self.identity)
        platform.require(self.plan, self.target, self.conn)

    def __repr__(self) -> str:
        return f"{self.plan.project} on {self.target.name}, mode {self.mode}"

    def history(self) -> show.Table:
        """Every migration of the plan, and every foreign row, with its class."""
        return history_table(self)

    def answer(self, rows: list[Finding], caption: str, **more: object) -> show.Table:
        """Show findings; raise when one of them says FAIL.

        Raises:
            CheckFailed: after the table was shown.
        """
        table = show.findings(rows, caption, **more)  # type: ignore[arg-type]
        bad = failed(rows)
        journal.seen(
            self.author.run, self.author.operator, stage="look", caption=caption, findings=rows,
            state=FAILED if bad else PASSED,
        )  # fmt: skip
        if bad:
            show.display(table)
            raise CheckFailed(
                f"{caption}: {first_of(bad, len(rows))}",
                state="Looking changed nothing.",
                remedy="The cell's table, in the record too, names each one.",
            )
        return table


class Baseline(Desk):
    """00_baseline: is the database what the plan takes it for?"""

    reads_only = True

    def __init__(self, *, approve: str = "", **given: str) -> None:
        super().__init__(**given)
        self.approve = approve

    def verify(self) -> show.Table:
        """Everything that the baseline's SQL promises is there."""
        scripts = [migration.script.statements for migration in self.plan.baseline]
        if not any(s.kind == "variable_set_stmt" for statements in scripts for s in statements):
            # As one: what a file promises, a later one may have changed. A setting ends with its
            # file, so then each is read by itself.
            scripts = [tuple(s for statements in scripts for s in statements)]
        rows: list[Finding] = []
        for statements in scripts:
            promised = promise.promises(statements)
            rows += verification.verify(self.conn, promised, platform=self.plan.platform)
        return self.answer(rows, "Baseline", summary=verification.checklist(rows))

    def measure(self) -> show.Table:
        """Existing rows per table, written to the ledger once as the state of before.

        A protected target asks for the plan token and not for its typed name: only the runbook's
        own ledger is written, as by a precheck.
        """
        measured = baseline.written(self.conn)
        if not measured:
            measured = baseline.measure(self.conn)
            if self.mode == "apply":
                self._require_approval()
                baseline.write(self.conn, self.author, measured)
        values = [(m.table, m.rows, m.checksum or m.reason) for m in measured if m.rows != 0]
        empty = sum(m.rows == 0 for m in measured)
        caption = f"Existing data: {len(values)} tables with rows, {empty} empty"
        return show.rows(("table", "rows", "checksum"), values, caption)

    def _require_approval(self) -> None:
        """The ledger of a protected target is written under a token, its first event included."""
        waiting = history.classify(self.plan, history.read(self.conn)).pending
        approval.require_approval(
            self.conn, self.target, self.identity, (), self.approve, self.author, later=waiting
        )


class Rollback(Desk):
    """09_rollback: migrations taken back, the latest first."""

    def __init__(
        self,
        *,
        versions: str = "",
        approve: str = "",
        without_backup: bool = False,
        **given: str,
    ) -> None:
        super().__init__(**given)
        self.approve, self.without_backup = approve, without_backup
        self._named = bool(versions.split())
        self._confirmation = Confirmation(self.target, self.identity)
        applied = history.classify(self.plan, history.read(self.conn))
        self.migrations = rollback.chosen(self.plan, applied, versions.split())

    def preview(self) -> show.Table:
        """What would go. Raises CheckFailed when something stands in the way."""
        names = ", ".join(migration.name for migration in self.migrations) or "nothing is applied"
        applied = history.classify(self.plan, history.read(self.conn))
        rows = goes.preview(self.target, self.conn, self.plan, applied, self.migrations)
        if not (self.target.keeps_session or self.without_backup):
            from ..over_mcp.saving import foreseen

            losing = [row.object for row in rows if row.check == "Rows" and row.verdict == WARN]
            rows += foreseen(self.conn, losing)  # type: ignore[arg-type]
        note = ""
        if self._needs_token() and not failed(rows):
            note = f"Rollback token, for whoever approves this: {self.token()}"
        return self.answer(rows, f"Would go: {names}", note=note)

    def confirm(self) -> Box | show.Text:
        """Ask for the name of a protected database; apply() compares it."""
        if self.mode != "apply":
            return show.Text("Not asked for: mode is check, and nothing is taken back.")
        return self._confirmation.ask()

    def apply(self) -> show.Table:
        """Take them back, each in one transaction; in mode check nothing happens."""
        if self.mode != "apply":
            rows = [
                Finding("Rollback", str(m), "taken back", "mode is check: nothing was done", SKIP)
                for m in self.migrations
            ]
            return self.answer(rows, "Rollback")
        if not self._named and show.interactive():
            raise Refused(
                "versions is empty: running this notebook twice would take back two migrations.",
                remedy="Name what is to be taken back in the first cell: the preview names it.",
            )
        self._require_approval()
        self._confirmation.require()
        with self._alone():
            if self._needs_token():
                self._require_approval()  # nobody else has changed anything meanwhile
            self.preview()
            rows = []
            for done, migration in enumerate(self.migrations):
                folder = backup.place(self.plan.root, migration.version)
                try:
                    rows += rollback.take_back(
                        self.target, self.conn, migration, self.author, Limits(), self._progress,
                        folder=None if self.without_backup else folder,
                    )  # fmt: skip
                except RunbookError as error:
                    if done:
                        names = ", ".join(m.name for m in self.migrations[:done])
                        error.state += f" Taken back before it, and for good: {names}."
                    raise
        return self.answer(rows, "Rollback")

    def _alone(self) -> AbstractContextManager[None]:
        """The runner lock; over MCP each text takes it for itself."""
        if not self.target.keeps_session:
            return nullcontext()
        return lock.hold(self.target, self.author.operator, on_wait=self._waiting)

    def _waiting(self, holder: str) -> None:
        show.progress(f"Waiting: the target is held by {holder}.")

    def _progress(self, progress: Progress) -> None:
        show.progress(progress.waiting or f"{progress.number} of {progress.total}")

    def _needs_token(self) -> bool:
        return self.target.protected or self.without_backup

    def token(self) -> str:
        """What an approver approves: these rollback files, on the database as it is now."""
        now = catalog.fingerprint(catalog.snapshot(self.conn))
        return rollback.token(
            self.identity, now, self.migrations, without_backup=self.without_backup
        )

    def _require_approval(self) -> None:
        if not self._needs_token() or self.approve == self.token():
            return
        how = " without a backup" if self.without_backup else ""
        raise NotApproved(
            f"Rolling back on {self.target.name}{how} needs its rollback token.",
            remedy="Look at the preview with mode=check; it prints the token. Have it approved,"
            " and pass it: --approve TOKEN (in a notebook: approve = …).",
        )


def open_rollback(**given: Any) -> Rollback:
    """Open a target for 09_rollback. Arguments as for Desk and Rollback."""
    return Rollback(**given)


def open_baseline(**given: str) -> Baseline:
    """Open a target for 00_baseline. Arguments as for Desk."""
    return Baseline(**given)


def history_table(desk: Desk) -> show.Table:
    """History held against plan, one row per version."""
    there = history.classify(desk.plan, history.read(desk.conn))
    edited = {row.version for row in there.edited}
    values = [
        (
            m.version,
            m.name,
            m.phase or "baseline",
            "edited"
            if m.version in edited
            else ("applied" if there.holds(m.version) else "pending"),
        )
        for m in desk.plan.everything
    ]
    values += [(row.version, row.name, "–", "foreign") for row in there.foreign]
    applied = len(there.applied) + len(there.edited)
    pending = len(there.pending)
    caption = f"{desk.plan.project} on {desk.target.name}: {applied} applied, {pending} pending"
    return show.rows(("version", "migration", "phase", "state"), values, caption)
