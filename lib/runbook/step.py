"""A step: one migration on one target, taken through the five stages in order.

Each stage shows a table and writes an event. A stage that was passed already shows what was
recorded then and changes nothing; a stage before its turn is refused with the name of the cell to
run; a FAIL raises after its table was shown.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import psycopg

from . import checkpoint, ledger, show, stages
from .errors import CheckFailed, NotApplied, OutOfOrder, RunbookError
from .findings import Finding, failed
from .guide import remedies
from .in_hand import acknowledging, guards, issues
from .ledger import DONE, FAILED, PASSED, Event, latest, since_rollback
from .plan import Migration
from .records import journal
from .redact import redact
from .scenarios import matrix
from .stages import Seen

if TYPE_CHECKING:
    from .in_hand.opened import OpenPhase

_CHECK_ONLY = "mode is check: the database is only looked at"


class Step:
    """One migration of an open phase; what the notebook's cells call."""

    def __init__(self, phase: OpenPhase, migration: Migration) -> None:
        self._phase = phase
        self._migration = migration

    def __repr__(self) -> str:
        return f"{self._migration} on {self._phase.target.name}"

    def precheck(self) -> show.Table:
        """Look at the file, the plan, the history and the target; nothing is changed."""
        if self._phase.applies:
            guards.require_previous(self._phase, self._migration)
        return self._stage("precheck", lambda m: stages.precheck(self._phase, m))

    def apply(self) -> show.Table:
        """Run the migration, its history row and its event in one transaction."""
        if self._phase.applies:
            guards.require_previous(self._phase, self._migration)
        return self._stage("apply", lambda m: stages.apply(self._phase, m))

    def verify(self) -> show.Table:
        """Hold every object that the SQL promises against the catalog."""
        return self._stage("verify", lambda m: stages.verify(self._phase, m))

    def test(self) -> show.Table:
        """Play the scenario as each role; it is always rolled back."""
        return self._stage("test", lambda m: stages.test(self._phase, m))

    def checkpoint(self) -> show.Text:
        """Close the migration when every stage passed; shows its entry of the execution log."""
        phase, migration = self._phase, self._fresh()
        if not phase.applies:
            return show.Text(f"{migration.name}: {_CHECK_ONLY}.")
        events = self._events()
        done = latest(since_rollback(events), "checkpoint")
        sha256 = migration.script.sha256
        if done is None or done.state != PASSED or done.detail.get("sha256", sha256) != sha256:
            rows = checkpoint.missing(events, sha256)
            rows += acknowledging.required(migration, events)
            if failed(rows):
                first = failed(rows)[0]
                raise OutOfOrder(
                    f"{migration.name} cannot be closed: {first.object} is {first.observed}.",
                    state="The migration's state is unchanged.",
                    remedy=f"Run the cell {migration.variable}.{first.object}() first.",
                )
            self._record("checkpoint", PASSED, rows)
        return show.Text(checkpoint.text(self.entry()))

    def note(self, text: str) -> show.Text:
        """Attach an observation to this migration: an event, shown in the log and the record."""
        self._record("note", DONE, (), text=text)
        return show.Text(f"Noted on {self._migration.name}: {text}")

    def acknowledge(self) -> show.Table:
        """Show what it did to rows, locks and access; the ledger keeps who acknowledged it."""
        migration, stage = self._fresh(), acknowledging.STAGE
        if not self._phase.applies:
            return self._show(stage, stages.skipped(migration, _CHECK_ONLY))
        events = self._events()
        recorded = latest(since_rollback(events), stage)
        if recorded and recorded.detail.get("sha256") == migration.script.sha256:
            return self._show(stage, recorded.findings, recorded=recorded)
        rows = acknowledging.shown(migration, events)
        self._record(stage, DONE, rows, unattended=not show.interactive())
        return self._show(stage, rows)

    def issue(self, text: str) -> show.Text:
        """Open an issue: no later migration is prechecked or applied while it is open."""
        return self._issue(issues.opened(self._issues(), text))

    def resolve(self, text: str, *, number: int | None = None) -> show.Text:
        """Close an issue, saying what was done; `number` where several are open."""
        name = self._migration.name
        return self._issue(issues.resolved(self._issues(), name, text, number))

    def _issues(self) -> list[issues.Issue]:
        self._phase.wake()
        return issues.of_events(self._events())

    def _issue(self, detail: dict[str, Any]) -> show.Text:
        if not self._phase.applies:
            return show.Text(f"{self._migration.name}: {_CHECK_ONLY}.")
        self._record(issues.STAGE, detail.pop("state"), (), **detail)
        (said,) = (each for each in self._issues() if each.number == detail["number"])
        return show.Text(f"{self._migration.name}: {said}")

    def entry(self) -> checkpoint.Entry:
        """This migration's entry of the execution log."""
        phase = self._phase
        number = phase.plan.migrations.index(phase.plan.migration(self._migration.version)) + 1
        held = phase.holds(self._migration.version)
        return checkpoint.entry(number, self._migration, self._events(), held=held)

    # -- the frame of a stage ---------------------------------------------------------------

    def _stage(self, stage: str, work: Callable[[Migration], Seen]) -> show.Table:
        phase, migration = self._phase, self._fresh()
        if not phase.applies and stage != "precheck":
            return self._show(stage, stages.skipped(migration, _CHECK_ONLY))
        if phase.applies:
            guards.require_history(phase, migration)
        recorded = self._recorded(stage)
        if recorded:
            return self._show(stage, recorded.findings, recorded.detail, recorded=recorded)
        guards.require_stage_before(phase, migration, stage)
        if stage == "apply":
            phase.require_confirmation()
        began = time.monotonic()
        try:
            with phase.at_work(migration, stage):
                seen = work(migration)
        except (RunbookError, psycopg.Error, KeyboardInterrupt) as error:
            raise self._failed(stage, error) from None
        rows = seen.findings
        bad = failed(rows)
        took = round(time.monotonic() - began, 3)
        self._record(stage, FAILED if bad else PASSED, rows, took_s=took, **seen.detail)
        table = self._show(stage, rows, seen.detail)
        if bad:
            show.display(table)
            raise CheckFailed(
                f"{stage} of {migration.name}: {remedies.first_of(bad, len(rows))}",
                state=self._state_words(stage),
                remedy=remedies.before_apply(bad[0], migration)
                if stage == "precheck"
                else f"Roll back {migration.version} (09_rollback), mend the file, apply again.",
            )
        return table

    def _recorded(self, stage: str) -> Event | None:
        """The event of a stage that passed already on this file; its findings are shown again."""
        migration = self._migration
        if not self._phase.applies:
            return None
        event = latest(since_rollback(self._events()), stage)
        if event is None or event.state not in (PASSED, DONE):
            return None
        if event.detail.get("sha256") != migration.script.sha256:
            return None
        if stage == "precheck" and not self._phase.holds(migration.version):
            return None  # the target may have changed since; looking again costs nothing
        return event

    def _failed(self, stage: str, error: BaseException) -> RunbookError:
        """Write the failure down, and put an interrupt into words."""
        name, version = self._migration.name, self._migration.version
        interrupted = isinstance(error, KeyboardInterrupt)
        if interrupted and stage == "apply" and self._phase.committed(version):
            return NotApplied(  # and nothing failed: the next run of the cell shows it
                f"apply of {name} was interrupted after its commit.",
                state=f"{name} is applied and committed.",
                remedy="Run this cell again: it shows what was recorded and changes nothing.",
            )
        if interrupted:
            error = NotApplied(
                f"{stage} of {name} was interrupted.",
                state=self._state_words(stage, interrupted=True),
                remedy="Run this cell again when you are ready.",
            )
        elif isinstance(error, psycopg.Error):
            words = " ".join((error.diag.message_primary or str(error)).split())
            error = NotApplied(
                redact(f"{stage} of {name}: the database said: {words}."),
                state=self._state_words(stage, interrupted=True),
                remedy="Run this cell again; it looks first at what is there.",
            )
        assert isinstance(error, RunbookError)
        # Where the ledger cannot be written to either, the error itself matters more.
        with contextlib.suppress(RunbookError, psycopg.Error):
            stopped = {"interrupted": True} if interrupted else {}
            self._record(stage, FAILED, (), error=str(error), **stopped)
        return error

    def _state_words(self, stage: str, *, interrupted: bool = False) -> str:
        if stage == "precheck":
            return "Nothing was applied; the database is as it was."
        if stage == "apply" and interrupted:
            return "The statement was cancelled and the transaction rolled back: nothing remains."
        return f"{self._migration.name} is applied and committed; nothing else was changed."

    def _events(self) -> list[Event]:
        return ledger.read(self._phase.conn, self._migration.version)

    def _record(self, stage: str, state: str, rows: object, **detail: object) -> None:
        author, migration = self._phase.author, self._migration
        about = {"stage": stage, "state": state, "findings": rows, "phase": migration.phase,
                 "version": migration.version, "sha256": migration.script.sha256}  # fmt: skip
        if not self._phase.applies:
            journal.seen(author.run, author.operator, **about, **detail)  # the record's alone
        elif stage != "apply" or state != PASSED:  # apply() writes its own, in its transaction
            ledger.record(self._phase.conn, author, **about, **detail)

    def _fresh(self) -> Migration:
        """The migration with its file read anew: it may have been mended since."""
        self._phase.wake()
        self._migration = replace(self._migration)
        return self._migration

    def _show(
        self,
        stage: str,
        rows: list[Finding],
        detail: Mapping[str, Any] = MappingProxyType({}),
        *,
        recorded: Event | None = None,
    ) -> show.Table:
        note = ""
        if recorded:
            note = (
                f"Recorded: {recorded.operator}, {recorded.at:%Y-%m-%d %H:%M:%S} UTC, event"
                f" {recorded.seq}. Nothing was run now."
            )
        return show.findings(
            rows,
            f"{stage} · {self._migration.name}",
            summary=stages.summary(stage, rows),
            note=note,
            below=matrix.as_tables(detail),
        )
