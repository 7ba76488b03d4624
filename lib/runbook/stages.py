"""The five stages of one migration, wired to the rooms that do the work. Each returns findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from . import access, directives, history, ledger, lock, promise
from . import apply as engine
from . import precheck as before
from . import verify as verification
from .errors import FileInvalid
from .findings import PASS, SKIP, Finding, counts, overall
from .parts import apply_in_parts, finished_parts
from .plan import Migration
from .target import reset_session
from .trying import on_twin

if TYPE_CHECKING:
    from .opened import OpenPhase

skipped = before.skipped
_WHO_ELSE = "applied before, and not by this runbook: nothing was run"


def precheck(phase: OpenPhase, migration: Migration) -> list[Finding]:
    """Everything that can be known before anything is touched, a trial on a twin included."""
    there = phase.history()
    rows = before.precheck(phase.conn, phase.plan, migration, there, major=phase.identity.major)
    if there.holds(migration.version):
        return rows  # nothing is left to try
    if finished_parts(phase.conn, migration):
        # The twin would hold what those parts made, and trip over it.
        reason = "some of its parts are committed on the target already"
        return [*rows, Finding("Runs on a twin", migration.file, "tried", reason, SKIP)]
    return [*rows, *on_twin(migration, phase.rehearsal(migration))]


def apply(phase: OpenPhase, migration: Migration) -> list[Finding]:
    """Apply under the runner lock; what another runner applied meanwhile is not applied again."""
    with lock.hold(phase.target, phase.author.operator, on_wait=phase.waiting):
        held = phase.history()
        if any(row.version == migration.version for row in held.edited):
            raise FileInvalid(
                f"{migration.file} is applied already, with other SQL than the file holds now.",
                remedy="Put the file back as it was; a change is a migration of its own.",
            )
        if held.holds(migration.version):
            return _applied_before(phase, migration)
        phase.require_approval(migration)
        history.ensure(phase.conn)
        ledger.record(
            phase.conn, phase.author, stage="apply", state=ledger.STARTED, phase=migration.phase,
            version=migration.version, sha256=migration.script.sha256,
        )  # fmt: skip
        run = engine.apply if migration.script.transactional else apply_in_parts
        applied = run(
            phase.target, phase.conn, migration, phase.author, phase.limits, phase.progress
        )
        return applied.findings(migration)


def _applied_before(phase: OpenPhase, migration: Migration) -> list[Finding]:
    """What another runner recorded; or, of another tool's work, that nothing is known of it."""
    events = ledger.since_rollback(ledger.read(phase.conn, migration.version))
    ours = ledger.latest((e for e in events if e.state == ledger.PASSED), "apply")
    if ours is not None:
        return ours.findings
    rows = skipped(migration, _WHO_ELSE)
    ledger.record(
        phase.conn, phase.author, stage="apply", state=ledger.DONE, phase=migration.phase,
        version=migration.version, findings=rows, sha256=migration.script.sha256, why=_WHO_ELSE,
    )  # fmt: skip
    return rows


def verify(phase: OpenPhase, migration: Migration) -> list[Finding]:
    """Promise against catalog, and each promised object against the twin's, where there is one."""
    tried = phase.tried(migration)
    expected = tried.after if tried else None
    promised = promise.promises(migration.script.statements)
    return verification.verify(phase.conn, promised, expected=expected)


def test(phase: OpenPhase, migration: Migration) -> list[Finding]:
    """The scenario, played and rolled back, with the access that it left measured by trying."""
    if not migration.scenario.exists():
        return skipped(migration, f"there is no migrations/tests/{migration.path.name}")
    try:
        played = directives.read(
            migration.scenario, shown=f"migrations/tests/{migration.path.name}"
        )
        return access.measure(phase.conn, played, tables=migration.tables).findings
    finally:
        if not phase.conn.closed:
            reset_session(phase.conn)


def summary(stage: str, rows: list[Finding]) -> list[Finding]:
    """The rows that stand for the others on top of a stage's table."""
    make: Callable[[list[Finding]], Iterable[Finding]] | None = _SUMMARIES.get(stage)
    return list(make(rows)) if make and rows else []


def played_summary(rows: list[Finding]) -> list[Finding]:
    """A scenario in one row."""
    passed = counts(rows).get(PASS, 0)
    asked = sum(row.verdict != SKIP for row in rows)
    observed = f"{passed} of {asked} as expected" if asked else rows[0].observed
    return [Finding("Sample data and queries", "scenario", "as declared", observed, overall(rows))]


_SUMMARIES = {"verify": verification.checklist, "test": played_summary}
