"""The five stages of one migration, wired to the rooms that do the work. Each returns findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import apply as engine
from . import history, ledger
from . import precheck as before
from . import verify as verification
from .apply import Applied
from .applying import forecast, lock
from .applying.parts import apply_in_parts, finished_parts
from .errors import FileInvalid
from .findings import PASS, SKIP, Finding, counts, overall
from .guide import losses
from .plain import shared_roles
from .plan import Migration
from .promises import promise
from .rehearsal import kept
from .scenarios import directives, matrix
from .scenarios.directives import Scenario
from .servers.permission import permissions
from .statements import risk
from .target import leave_session
from .twins.trying import on_twin

if TYPE_CHECKING:
    from .in_hand.opened import OpenPhase

skipped = before.skipped
_WHO_ELSE = "applied before, and not by this runbook: nothing was run"
_SAME_SQL = "applied before; what was edited in the file since is not its SQL: nothing was run"


@dataclass(frozen=True)
class Seen:
    """What a stage saw.

    Fields:
        findings: the rows that are shown.
        detail: what its event keeps beside them.
    """

    findings: list[Finding]
    detail: dict[str, Any] = field(default_factory=dict)


def precheck(phase: OpenPhase, migration: Migration) -> Seen:
    """Everything that can be known before anything is touched, a trial on a twin included."""
    there = phase.history()
    rows = before.precheck(
        phase.conn, phase.plan, migration, there,
        major=phase.identity.major, only_looking=not phase.applies,
    )  # fmt: skip
    if there.holds(migration.version):
        return Seen(rows)  # nothing is left to try
    if phase.target.protected:
        rows += [*permissions(phase.conn, migration), *shared_roles.free(phase.conn, migration)]
    if finished_parts(phase.conn, migration):
        # The twin would hold what those parts made, and trip over it.
        reason = "some of its parts are committed on the target already"
        return Seen([*rows, Finding("Runs on a twin", migration.file, "tried", reason, SKIP)])
    rows += _way(phase).unfit(migration)
    rows += on_twin(migration, phase.rehearsal(migration))
    tried = phase.tried(migration)
    account = tried.account if tried else None
    rows += forecast.forecast(phase.conn, migration, account)
    rows.append(risk.compared(migration, account))
    rows += losses.undeclared(migration)
    detail: dict[str, Any] = {"locks": dict(account.locks)} if account else {}
    if tried:
        detail["twin_s"] = [round(seconds, 3) for seconds in tried.seconds]
    if tried and tried.proved:
        detail["proved"] = risk.proof(migration)
    return Seen(rows, detail)


def apply(phase: OpenPhase, migration: Migration) -> Seen:
    """Apply under the runner lock; what another runner applied meanwhile is not applied again."""
    with _way(phase).alone(phase):
        held = history.classify(phase.plan, history.read(phase.conn, migration.version))
        if held.edited:
            raise FileInvalid(
                f"{migration.file} is applied already, with other SQL than the file holds now.",
                remedy="Put the file back as it was; a change is a migration of its own.",
            )
        if held.holds(migration.version):
            return Seen(_applied_before(phase, migration))
        phase.require_approval(migration)
        if not finished_parts(phase.conn, migration):
            risk.require_proof(migration, ledger.read(phase.conn, migration.version))
        history.ensure(phase.conn)
        ledger.record(
            phase.conn, phase.author, stage="apply", state=ledger.STARTED, phase=migration.phase,
            version=migration.version, sha256=migration.script.sha256,
        )  # fmt: skip
        applied = _way(phase).run(phase, migration, _foreseen(phase, migration))
        rehearsed = kept.beside(phase.plan.root, phase.target, migration, applied)
        return Seen([*applied.findings(migration), *rehearsed])


def _foreseen(phase: OpenPhase, migration: Migration) -> dict[str, str] | None:
    """The locks that the last precheck saw on the twin; perhaps in another kernel."""
    events = ledger.since_rollback(ledger.read(phase.conn, migration.version))
    looked = ledger.latest(events, "precheck")
    return looked.detail.get("locks") if looked else None


def _applied_before(phase: OpenPhase, migration: Migration) -> list[Finding]:
    """What another runner recorded; or, of another tool's work, that nothing is known of it."""
    events = ledger.since_rollback(ledger.read(phase.conn, migration.version))
    ours = ledger.latest((e for e in events if e.state == ledger.PASSED), "apply")
    if ours is not None and ours.detail.get("sha256") == migration.script.sha256:
        return ours.findings
    # From here on the stages stand on the file as it is now.
    known = {"why": _SAME_SQL, "same_as": ours.seq} if ours else {"why": _WHO_ELSE}
    rows = ours.findings if ours else skipped(migration, _WHO_ELSE)
    ledger.record(
        phase.conn, phase.author, stage="apply", state=ledger.DONE, phase=migration.phase,
        version=migration.version, findings=rows, sha256=migration.script.sha256, **known,
    )  # fmt: skip
    return rows


def verify(phase: OpenPhase, migration: Migration) -> Seen:
    """Promise against catalog, and each promised object against the twin's, where there is one."""
    tried = phase.tried(migration)
    expected = tried.after if tried else None
    promised = promise.promises(migration.script.statements)
    return Seen(
        verification.verify(phase.conn, promised, expected=expected, platform=phase.plan.platform)
    )


def test(phase: OpenPhase, migration: Migration) -> Seen:
    """The scenario, played and rolled back, with the access that it left measured by trying."""
    if not migration.scenario.exists():
        reason = f"there is no migrations/tests/{migration.path.name}"
        return Seen(risk.without_skips(migration, skipped(migration, reason)))
    played = directives.read(migration.scenario, shown=f"migrations/tests/{migration.path.name}")
    rows, detail = _way(phase).measure(phase, migration, played)
    return Seen(risk.without_skips(migration, rows), detail)


class _Direct:
    """How the stages work where a connection is a session of the server."""

    @staticmethod
    def unfit(migration: Migration) -> list[Finding]:
        """What this way cannot do: nothing."""
        return []

    @staticmethod
    def alone(phase: OpenPhase) -> AbstractContextManager[None]:
        """The runner lock, held for the block."""
        return lock.hold(phase.target, phase.author.operator, on_wait=phase.waiting)

    @staticmethod
    def run(phase: OpenPhase, migration: Migration, forecast: dict[str, str] | None) -> Applied:
        """The engine: in one transaction, or in parts."""
        run = engine.apply if migration.script.transactional else apply_in_parts
        return run(
            phase.target, phase.conn, migration, phase.author, phase.limits, phase.progress,
            forecast=forecast,
        )  # fmt: skip

    @staticmethod
    def measure(
        phase: OpenPhase, migration: Migration, played: Scenario
    ) -> tuple[list[Finding], dict[str, Any]]:
        """The scenario, and what access it leaves."""
        try:
            return matrix.measure(phase.conn, migration, played)
        finally:
            leave_session(phase.conn)


def _way(phase: OpenPhase) -> Any:
    """The one place that chooses between a session of the server and calls over MCP."""
    if phase.target.keeps_session:
        return _Direct
    from .over_mcp import way

    return way


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
