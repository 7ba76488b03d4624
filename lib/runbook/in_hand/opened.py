"""A phase opened on a target: what a notebook holds in its hand.

phase = open_phase("event-wizard", target="embedded")
wizard_sessions = phase["wizard_sessions"]
wizard_sessions.precheck()
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import psycopg

from .. import checkpoint, history, show
from ..apply import Limits
from ..approvals import token as approval
from ..checking import criteria
from ..errors import CheckFailed, Refused, RunbookError
from ..findings import failed
from ..ledger import Author
from ..panel.face import Face
from ..plain import platform
from ..plan import Migration, Phase, Plan
from ..plan_file import read_plan
from ..project import author, find_project
from ..step import Step
from ..target import Identity, Target, identify, open_target, require_fit
from ..twins.rehearsing import Rehearsing
from ..twins.twin import Tried

MODES = ("check", "apply")


class OpenPhase(Face):
    """One phase of the plan on one target, with one connection and one author.

    Attributes:
        plan, definition: the plan, and this phase of it.
        target, identity: where, and what the server says of itself.
        mode: "check" looks only; "apply" changes the database.
        author: run id and operator; every event carries them.
        approve: the plan token given, "" for none.
        limits: timeouts and retries.
    """

    def __init__(
        self,
        plan: Plan,
        definition: Phase,
        target: Target,
        *,
        mode: str,
        approve: str,
        author: Author,
        limits: Limits,
    ) -> None:
        self.plan, self.definition, self.target = plan, definition, target
        self.mode, self.approve, self.author, self.limits = mode, approve, author, limits
        self._conn: psycopg.Connection | None = None
        self._rehearsing: Rehearsing | None = None
        require_fit(target, self.conn, self.identity)
        platform.require(plan, target, self.conn)
        if self.applies and not self.history_holds_all():
            self.require_approval()  # before anything is written, the ledger included

    @property
    def applies(self) -> bool:
        """Whether this run may change the database."""
        return self.mode == "apply"

    @property
    def conn(self) -> psycopg.Connection:
        """The run's connection; a new one when the last was lost."""
        if self._conn is None or self._conn.closed:
            self._conn = self.target.connect(purpose=self.author.operator)
        return self._conn

    def wake(self) -> None:
        """Notice a connection that the server closed between two cells; `conn` is a new one then.

        Asked before anything is started, so that no cell fails for what happened before it.
        """
        try:
            self.conn.execute("select 1")
        except psycopg.OperationalError:
            self._conn = None

    @cached_property
    def identity(self) -> Identity:
        return identify(self.conn)

    def __getitem__(self, name: str) -> Step:
        """The step of a migration, by name or version; its file is read anew."""
        self.plan = read_plan(self.plan.root, known=self.plan)
        self.definition = self.plan.phase(self.definition.id)
        return Step(self, replace(self.definition[name]))

    def __repr__(self) -> str:
        return f"{self.definition.title} on {self.target.name}, mode {self.mode}"

    def history(self) -> history.History:
        """What is applied, asked now."""
        return history.classify(self.plan, history.read(self.conn))

    def holds(self, version: str) -> bool:
        """Whether this version is applied, asked now."""
        return history.holds(self.conn, version)

    def pending(self) -> list[Migration]:
        """The plan's pending migrations up to the end of this phase, their files read anew."""
        waiting = {m.version for m in self.history().pending}
        last = self.plan.migrations.index(self.definition.migrations[-1])
        return [replace(m) for m in self.plan.migrations[: last + 1] if m.version in waiting]

    def history_holds_all(self) -> bool:
        """Whether every migration of this phase is applied."""
        there = self.history()
        return all(there.holds(m.version) for m in self.definition.migrations)

    def committed(self, version: str) -> bool:
        """Whether the history holds it, asked after an interrupt; not known counts as no."""
        with contextlib.suppress(RunbookError, psycopg.Error):
            self.wake()
            return self.holds(version)
        return False

    def require_approval(self, applying: Migration | None = None) -> None:
        """On a protected target: the token must cover what is pending up to this phase's end.

        Args:
            applying: the migration, exactly as read, that is applied next under the token; without
                one the token is only looked at.

        Raises:
            NotApproved: it does not.
        """
        if not self.target.protected:
            return
        waiting = [m if applying is None or m != applying else applying for m in self.pending()]
        there = {m.version for m in self.history().pending} - {m.version for m in waiting}
        later = [replace(m) for m in self.plan.migrations if m.version in there]
        approval.require_approval(
            self.conn, self.target, self.identity, waiting, self.approve, self.author,
            later=later, using=applying is not None,
        )  # fmt: skip

    def rehearsal(self, migration: Migration) -> Tried | str:
        """What became of this file on a twin, with the pending ones before it; or why nothing."""
        tried = self.tried(migration)
        if tried is None or tried.failure:
            try:
                if self._rehearsing:
                    self._rehearsing.stop()
                self._rehearsing = Rehearsing(self.target, self.pending())
                tried = self._rehearsing.tried(migration.version)
            except RunbookError as error:
                return f"no twin: {error.what}"
        assert self._rehearsing is not None
        return tried or f"not tried: {self._rehearsing.failed_before()} fails before it"

    def tried(self, migration: Migration) -> Tried | None:
        """What became of this file, as it is now, on the twin; None when it was not tried."""
        tried = None
        with contextlib.suppress(RunbookError):  # there was no twin
            tried = self._rehearsing.tried(migration.version) if self._rehearsing else None
        return tried if tried and tried.sha256 == migration.script.sha256 else None

    def overview(self) -> show.Table:
        """Every migration of the phase: state, risk, and why."""
        there = self.history()
        values = [
            (
                m.version,
                m.name,
                m.risk,
                ", ".join(m.tables),
                "applied" if there.holds(m.version) else "pending",
            )
            for m in self.definition.migrations
        ]
        applied = sum(value[-1] == "applied" for value in values)
        caption = (
            f"{self.definition.title} on {self.target.name} ({self.mode}):"
            f" {applied} applied, {len(values) - applied} pending"
        )
        return show.rows(("version", "migration", "risk", "creates", "state"), values, caption)

    def token(self) -> show.Text:
        """The plan token for what is pending: what an approver approves."""
        waiting = self.pending()
        if not waiting:
            return show.Text("Nothing is pending: there is nothing to approve.")
        offer = approval.offer(self.conn, self.target, self.identity, waiting, self.author)
        files = "\n".join(f"  {m.file}  sha256 {m.script.sha256[:16]}…" for m in waiting)
        need = (
            "approve" if self.target.protected else "not needed on an embedded server; it would be"
        )
        return show.Text(
            f"Plan token ({need}): {offer.token}\nIt covers {self.target.name}, its catalog as it"
            f" is now, and:\n{files}"
        )

    def log(self) -> show.Text:
        """The execution log of the phase, as the plan writes it."""
        entries = [Step(self, migration).entry() for migration in self.definition.migrations]
        return show.Text("\n\n".join(checkpoint.text(entry) for entry in entries))

    def criteria(self) -> show.Table:
        """The phase's written success criteria, each with its evidence.

        Raises:
            CheckFailed: a criterion is not met, in mode apply.
        """
        rows = criteria.judge(self.conn, self.plan, self.definition)
        table = show.findings(rows, f"Success criteria · {self.definition.title}")
        if failed(rows) and self.applies:
            show.display(table)
            raise CheckFailed(
                f"{len(failed(rows))} success criteria of {self.definition.title} are not met.",
                state="What was applied stays applied.",
                remedy="The table above names the evidence that is missing.",
            )
        return table


def open_phase(
    phase: str,
    *,
    target: str = "embedded",
    mode: str = "",
    approve: str = "",
    operator: str = "",
    lock_timeout_ms: int = 2_000,
    statement_timeout_ms: int = 900_000,
    project: str | Path | None = None,
) -> OpenPhase:
    """Open a phase on a target; reads every file of the phase before anything else.

    Args:
        phase: id, number or notebook name.
        target: embedded · embedded:NAME · service=NAME · env:VAR · mcp:REF.
        mode: check or apply; "" is apply on the embedded server and check anywhere else.
        approve: the plan token; needed to apply to anything that is not embedded.
        operator: who is at it; "" takes RUNBOOK_OPERATOR or the login name.
        lock_timeout_ms, statement_timeout_ms: milliseconds.
        project: the folder with migrations/; "" finds it from here.

    Raises:
        Refused: a bad plan, file, target, mode or approval; nothing was started.
    """
    root = find_project(project)
    plan = read_plan(root)
    definition = plan.phase(phase)
    for migration in definition.migrations:
        # Read and parsed before the first one runs, and none is kept: each is read anew.
        _ = replace(migration).script
    where = open_target(target, root)
    chosen = _mode(mode, where)
    where = replace(where, read_only=chosen == "check")  # and the server keeps it
    return OpenPhase(
        plan,
        definition,
        where,
        mode=chosen,
        approve=approve,
        author=author(operator),
        limits=Limits(lock_timeout_ms=lock_timeout_ms, statement_timeout_ms=statement_timeout_ms),
    )


def _mode(mode: str, target: Target) -> str:
    chosen = mode or ("check" if target.protected else "apply")
    if chosen not in MODES:
        raise Refused(f"mode is {mode!r}.", remedy=f"It is one of {', '.join(MODES)}.")
    return chosen
