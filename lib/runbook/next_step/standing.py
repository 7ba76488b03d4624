"""Where a target stands: everything that decides what comes next, read in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import psycopg

from .. import catalog, history, ledger
from ..audit import manifest
from ..catalog import Catalog
from ..in_hand import issues
from ..in_hand.issues import Issue
from ..ledger import DONE, PASSED, Event, since_rollback
from ..notebook_names import VALIDATION
from ..panel.steps import StepMap, step_map
from ..plan import Migration, Plan
from ..resources import query
from ..statements.transactions import split_parts
from ..target import Identity, Target, identify

_CHANGES = ("apply", "rollback", "restore", "reconcile")


@dataclass(frozen=True)
class Standing:
    """One target, at one moment.

    Fields:
        there: the history held against the plan.
        events: the ledger.
        steps: the map of every migration of the phases, in the plan's order.
        issues: those that are open.
        holder: who holds the runner's lock, in words; "" while nobody does.
        catalog: as it is now.
        parts: version to (committed, all), of migrations that are half applied.
    """

    plan: Plan
    target: Target
    identity: Identity
    there: history.History
    events: Sequence[Event] = field(repr=False)
    steps: Sequence[StepMap] = field(repr=False)
    issues: Sequence[Issue]
    holder: str
    catalog: Catalog = field(repr=False)
    parts: dict[str, tuple[int, int]]

    @cached_property
    def fingerprint(self) -> str:
        """Of the catalog as it is now."""
        return catalog.fingerprint(self.catalog)

    @cached_property
    def pending(self) -> list[Migration]:
        """The phases' pending migrations, in order, their files read anew."""
        versions = {m.version for m in self.there.pending}
        return [step.migration for step in self.steps if step.migration.version in versions]

    @property
    def open_step(self) -> StepMap | None:
        """The first migration that was begun here and is not closed, or that is pending."""
        return next((s for s in self.steps if not s.closed and not _elsewhere(s)), None)

    def of(self, version: str, stage: str = "") -> list[Event]:
        """The events of a migration, of one stage or of all."""
        return [e for e in self.events if e.version == version and stage in ("", e.stage)]

    def migration(self, version: str) -> Migration | None:
        """The plan's migration, where it has it."""
        return next((m for m in self.plan.everything if m.version == version), None)

    def cell(self, migration: Migration, stage: str, given: str = "") -> str:
        """A cell of its phase's notebook, as the notebook spells it."""
        if not migration.phase:
            return ""
        notebook = Path(self.plan.phase(migration.phase).notebook).stem
        return f"{notebook}: {migration.variable}.{stage}({given})"

    @cached_property
    def drifted_from(self) -> Event | None:
        """The runbook's last step, where the catalog is not the one that it left.

        Of a migration in parts every part changes it, and only the last says what it left.
        """
        left = next((e for e in reversed(self.events) if "catalog" in e.detail), None)
        if left is None or left.detail["catalog"] == self.fingerprint:
            return None
        later = (e for e in self.events if e.seq > left.seq)
        return None if any(e.stage == "part" for e in later) else left

    @cached_property
    def validated(self) -> str:
        """The record of a validation that passed after the last change; "" where there is none."""
        changed = max((e.seq for e in self.events if _changes(e)), default=0)
        runs = self.target.project / "runs"
        phase = Path(VALIDATION).stem
        for folder in sorted(runs.glob(f"*_{phase.replace('_', '-')}_*/"), reverse=True):
            try:
                said = manifest.read(folder)["predicate"]
                same = said["server"].get("key") == self.identity.key
                last = (said.get("ledger") or {}).get("last", 0)
                if said["phase"] == phase and said["outcome"] == "passed" and same:
                    return folder.name if last >= changed else ""
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue  # not a record of ours, or one that cannot be read
        return ""


def look(plan: Plan, target: Target, conn: psycopg.Connection) -> Standing:
    """Ask the database; nothing is changed.

    Args:
        conn: to the target; a read-only one will do.
    """
    there = history.classify(plan, history.read(conn))
    events = ledger.read(conn)
    fresh = [replace(migration) for migration in plan.migrations]
    steps = [
        step_map(m, [e for e in events if e.version == m.version], held=there.holds(m.version))
        for m in fresh
    ]
    runner = conn.execute(query("lock_holder")).fetchone()
    return Standing(
        plan=plan,
        target=target,
        identity=identify(conn),
        there=there,
        events=events,
        steps=steps,
        issues=issues.still_open(conn),
        holder=f"{runner[2] or 'a session'} (pid {runner[0]}, role {runner[1]})" if runner else "",
        catalog=catalog.snapshot(conn),
        parts=_half_way(steps, events),
    )


def _half_way(steps: Sequence[StepMap], events: Sequence[Event]) -> dict[str, tuple[int, int]]:
    found = {}
    for step in steps:
        version = step.migration.version
        own = since_rollback(e for e in events if e.version == version)
        done = {e.detail["part"] for e in own if e.stage == "part" and e.state == PASSED}
        if done and not step.held and not step.readable:
            found[version] = (len(done), len(split_parts(step.migration.script)))
    return found


def _elsewhere(step: StepMap) -> bool:
    """Applied by another tool, and never looked at by this one."""
    return step["apply"] == "elsewhere" and step["precheck"] == "to do"


def _changes(event: Event) -> bool:
    return event.stage in _CHANGES and event.state in (PASSED, DONE)
