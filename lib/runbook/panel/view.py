"""Everything the panel says, as one frozen value; read from the database each time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg

from .. import history, ledger
from ..in_hand import issues
from ..plan import Migration
from ..resources import query
from ..target import Target
from .steps import CHECKPOINT, DOUBT, EDITED, FAILS, MAP, STOPPED, StepMap, step_map

if TYPE_CHECKING:
    from ..in_hand.opened import OpenPhase

EMBEDDED, STAGING, PRODUCTION = "EMBEDDED", "STAGING", "PRODUCTION"
_WHAT = {
    EMBEDDED: "a throw-away server of this project",
    STAGING: "protected",
    PRODUCTION: "protected",
}
_STAGING = frozenset(("stage", "staging", "test", "testing", "dev", "preview", "sandbox", "uat"))
_PRODUCTION = frozenset(("prod", "production", "live"))


@dataclass(frozen=True)
class View:
    """What an operator sees.

    Fields:
        phase: its title; `project` the plan's.
        environment: EMBEDDED · STAGING · PRODUCTION, and `meaning` in words.
        target, database, version, role: where, as the server says.
        operator, mode: who is at it, and whether anything may change.
        applied, total, edited, foreign: the history held against the whole plan.
        steps: the map, in the plan's order.
        next: the cell to run, as the notebook spells it; "" when the phase is closed.
        why: what stands behind `next`, in a few words.
        doubt: what is in doubt, in words.
        blockers: what stands in the way, in words.
        begun, ended: of the phase, by the ledger's first and last event of its stages; None before
            it is begun, and while it is not closed. By the clock of this machine.
    """

    project: str
    phase: str
    environment: str
    target: str
    database: str
    version: str
    role: str
    operator: str
    mode: str
    applied: int
    total: int
    edited: int
    foreign: int
    steps: tuple[StepMap, ...]
    next: str
    why: str
    doubt: tuple[str, ...]
    blockers: tuple[str, ...]
    begun: datetime | None = None
    ended: datetime | None = None

    @property
    def meaning(self) -> str:
        """The environment in words."""
        return _WHAT[self.environment]

    @property
    def closed(self) -> int:
        """How many migrations of the phase are closed."""
        return sum(step.closed for step in self.steps)


def environment_of(target: Target) -> str:
    """EMBEDDED, STAGING or PRODUCTION, by the target's name.

    A protected target whose name does not say that it is for trying things is taken for production.
    """
    if not target.protected:
        return EMBEDDED
    words = set(re.split(r"[^a-z]+", target.name.lower()))
    return STAGING if words & _STAGING and not words & _PRODUCTION else PRODUCTION


def look(phase: OpenPhase, conn: psycopg.Connection, *, again: bool = True) -> View:
    """Ask the database where everything stands; nothing is changed.

    Args:
        conn: a connection to the phase's target; the panel's own while a cell runs.
        again: read the phase's files anew; without, what was read last counts.
    """
    there = history.classify(phase.plan, history.read(conn))
    migrations = phase.definition.migrations
    if again:
        migrations = tuple(replace(migration) for migration in migrations)
    events = ledger.read(conn)
    steps = tuple(
        step_map(m, [e for e in events if e.version == m.version], held=there.holds(m.version))
        for m in migrations
    )
    following, why = _next(phase, steps, there)
    begun, ended = _times(conn, phase, events, closed=all(step.closed for step in steps))
    return View(
        project=phase.plan.project,
        phase=phase.definition.title,
        environment=environment_of(phase.target),
        target=phase.target.name,
        database=phase.identity.database,
        version=phase.identity.version,
        role=phase.identity.role,
        operator=phase.author.operator,
        mode=phase.mode,
        applied=len(there.applied) + len(there.edited),
        total=len(phase.plan.everything),
        edited=len(there.edited),
        foreign=len(there.foreign),
        steps=steps,
        next=following,
        why=why,
        doubt=tuple(_doubt(steps)),
        blockers=tuple(_blockers(phase, conn, there, steps)),
        begun=begun,
        ended=ended,
    )


def _next(phase: OpenPhase, steps: Sequence[StepMap], there: history.History) -> tuple[str, str]:
    step = next((step for step in steps if not step.closed), None)
    if step is None:
        return "", "every migration of this phase is closed"
    if step["apply"] == DOUBT:
        return "", f"{step.migration.name} is in doubt: settle that first"
    before = _before(phase, steps[0].migration, there)
    if before and step is steps[0] and not step.held:
        return "", f"{before.name} of an earlier phase is pending: its notebook comes first"
    stage = step.next or CHECKPOINT
    name = step.migration.variable
    failed = next((s for s in ("verify", "test") if step[s] == FAILS), "")
    if failed:
        words = f"{failed} failed on what is applied: roll {step.migration.name} back, mend it"
        return "09_rollback", words
    if step["precheck"] in (FAILS, EDITED) or step["apply"] == FAILS:
        return f"{name}.precheck()", "after mending what failed" if not step.held else ""
    stopped = "it was interrupted: run its cell again" if step[stage] == STOPPED else ""
    return f"{name}.{stage}()", stopped


def _times(
    conn: psycopg.Connection, phase: OpenPhase, events: Sequence[ledger.Event], *, closed: bool
) -> tuple[datetime | None, datetime | None]:
    mine = [e.at for e in events if e.phase == phase.definition.id and e.stage in MAP]
    row = conn.execute("select clock_timestamp()").fetchone()
    if not mine or row is None:
        return None, None
    apart = datetime.now(UTC) - row[0]  # the ledger's times are the server's
    return mine[0] + apart, mine[-1] + apart if closed else None


def _before(phase: OpenPhase, first: Migration, there: history.History) -> Migration | None:
    place = phase.plan.migrations.index(phase.plan.migration(first.version))
    pending = (m for m in phase.plan.migrations[:place] if not there.holds(m.version))
    return next(pending, None)


def _doubt(steps: Sequence[StepMap]) -> list[str]:
    return [
        f"{step.migration.name}: the ledger says applied, the history has no row for it"
        for step in steps
        if step["apply"] == DOUBT
    ]


def _blockers(
    phase: OpenPhase, conn: psycopg.Connection, there: history.History, steps: Sequence[StepMap]
) -> list[str]:
    said = [f"{step.migration.file} cannot be read: {step.readable}" for step in steps
            if step.readable]  # fmt: skip
    said += [f"{row.version} {row.name}: the file was edited after it was applied"
             for row in there.edited]  # fmt: skip
    said += [f"{row.version} {row.name}: applied, and not in the plan" for row in there.foreign]
    names = {m.version: m.name for m in phase.plan.everything}
    said += [f"{names.get(i.version, i.version)}, {i}" for i in issues.still_open(conn)]
    row = conn.execute(query("lock_holder")).fetchone()
    if row and not (row[2] or "").startswith(f"runbook {phase.author.operator}:"):
        said.append(f"the target is held by {row[2] or 'a session'} (pid {row[0]}, role {row[1]})")
    return said
