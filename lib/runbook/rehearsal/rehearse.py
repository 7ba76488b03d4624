"""The pending migrations on a copy of the target: apply, verify, test, roll back, apply again.

Not a trial like the precheck's: the real engine runs, with history rows, events and backups of the
rows that a rollback takes, on a sample of the target's rows where one was asked for. The target is
only read.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from .. import history, ledger
from ..apply import Applied
from ..applying.forecast import forecast
from ..errors import RunbookError
from ..findings import FAIL, PASS, SKIP, WARN, Finding, failed
from ..load.felt import FELT, Felt
from ..load.trial import under_load
from ..plan import Migration, Plan
from ..postgres import production_state
from ..scenarios import directives, matrix
from ..target import Target, open_target, reset_session
from ..twins.schema_copy import copied
from ..way_back.prove import Proof, Way
from . import sample

_EXTENSIONS = "select extname, extversion from pg_catalog.pg_extension where extname <> 'plpgsql'"
_HERE = "select name, coalesce(comment, '') from pg_catalog.pg_available_extensions"


@dataclass(frozen=True)
class Rehearsed:
    """One migration in the rehearsal.

    Fields:
        findings: a row for each step, then locks and the forecast on the target.
        seconds: of its first apply; None where it did not run.
        rows: rows that its apply inserted, updated or deleted in tables that were there.
        felt: what a load felt of its second apply, or why none was put on; "" when none was wanted.
    """

    migration: Migration
    findings: tuple[Finding, ...]
    seconds: float | None = None
    rows: int = 0
    felt: Felt | str = ""

    @property
    def passed(self) -> bool:
        return not failed(self.findings)


@dataclass
class Rehearsal:
    """The whole rehearsal.

    Fields:
        rows: of the sample, by table.
        lacks: what the copy lacks, in words; missing extensions first.
        pending: how many migrations there were to rehearse.
    """

    target: Target
    pending: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    lacks: list[str] = field(default_factory=list)
    migrations: list[Rehearsed] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether all that is pending went there, back and there again."""
        return len(self.migrations) == self.pending and all(m.passed for m in self.migrations)


def rehearse(
    plan: Plan,
    target: Target,
    *,
    sample_rows: int = 0,
    load: bool = False,
    report: Callable[[Rehearsed], None] = lambda rehearsed: None,
) -> Rehearsal:
    """Rehearse everything that is pending on the target; stop at the first that fails.

    Args:
        sample_rows: most rows to copy from each table; those that they refer to come along.
        load: apply each a second time while a small load reads and writes what it locks.

    Raises:
        RunbookError: no copy could be made; the target was only read.
    """
    target.require_session("A rehearsal")
    began = time.monotonic()
    made = Rehearsal(target)
    with target.connect(purpose="rehearse") as there:
        waiting = history.classify(plan, history.read(there)).pending
        made.pending = len(waiting)
        extensions = dict(there.execute(_EXTENSIONS).fetchall())
        tables, unread = sample.take(there, sample_rows) if sample_rows else ([], [])
        with copied(target) as (conn, unlike), tempfile.TemporaryDirectory() as folder:
            name = conn.info.dbname
            made.lacks = _extensions(conn, extensions) + unread + unlike
            made.lacks += _fill(plan, name, tables)
            made.rows = {str(table): len(table.rows) for table in tables}
            copy = open_target(f"embedded:{name}", plan.root)
            history.ensure(conn)
            ledger.ensure(conn)
            for migration in waiting:
                way = _Way(copy, conn, migration, Path(folder), load=load)
                made.migrations.append(_rehearsed(there, way))
                report(made.migrations[-1])
                if not made.migrations[-1].passed:
                    break
    made.seconds = time.monotonic() - began
    return made


class _Way(Way):
    """As `prove` goes it, and with the scenario played; the second apply under load, if wanted."""

    first: Applied | None = None
    felt: Felt | str = ""

    def __init__(self, *given: Any, load: bool) -> None:
        super().__init__(*given)
        self.load = load

    @property
    def one_way(self) -> bool:
        """Whether the project leaves it without a way back: a warning, except at a high risk."""
        return not self.migration.rollback.exists() and self.migration.risk != "high"

    def steps(self) -> dict[str, Callable[[], str | None]]:
        steps = list(super().steps().items())
        return dict([*steps[:2], ("test", self._test), *([] if self.one_way else steps[2:])])

    def apply(self) -> None:
        if self.first is None or not self.load:
            super().apply()
        else:
            server, account = production_state.server(self.target.project), self.first.account
            self.felt = under_load(server, self.conn, self.migration, account, super().apply)
        self.first = self.first or self.applied

    def _test(self) -> str | None:
        migration = self.migration
        if not migration.scenario.exists():
            return None
        shown = f"migrations/tests/{migration.path.name}"
        try:
            played = directives.read(migration.scenario, shown=shown)
            bad = failed(matrix.measure(self.conn, migration, played)[0])
        finally:
            reset_session(self.conn)
        return f"{bad[0].check}, {bad[0].object}: {bad[0].observed}" if bad else None


BACK = "roll back"


def _rehearsed(there: psycopg.Connection, way: _Way) -> Rehearsed:
    migration = way.migration
    try:
        proof = way.proof()
    except RunbookError as error:
        proof = Proof(migration, [Finding("apply", str(migration), "done", error.what, FAIL)])
    rows = proof.findings
    if not migration.scenario.exists():
        rows = [row._replace(verdict=SKIP, observed="no scenario") if row.check == "test" else row
                for row in rows]  # fmt: skip
    if way.one_way:
        reason = f"there is no migrations/rollback/{migration.path.name}: it goes one way"
        rows.append(Finding(BACK, str(migration), "done", reason, SKIP))
    if way.first is None:
        return Rehearsed(migration, tuple(rows))
    account = way.first.account
    touched = sum(t.inserted + t.updated + t.deleted for t in account.touched) if account else 0
    rows += [*_locks(there, migration, way.first), *forecast(there, migration, account)]
    if isinstance(way.felt, Felt):
        rows += way.felt.findings()
    elif way.load:
        reason = way.felt or "not reached"
        rows.append(Finding(FELT, migration.file, "measured", reason, SKIP))
    return Rehearsed(migration, tuple(rows), round(way.first.seconds, 3), touched, way.felt)


def _locks(there: psycopg.Connection, migration: Migration, applied: Applied) -> list[Finding]:
    """The locks held in the rehearsal beside those that the target's last precheck foretold."""
    looked = ledger.latest(ledger.read(there, migration.version), "precheck")
    foretold = looked.detail.get("locks") if looked else None
    held = dict(applied.account.locks) if applied.account else {}
    shown = ", ".join(f"{table}: {mode}" for table, mode in sorted(held.items())) or "none"
    if foretold is None:
        return [Finding("Locks", migration.file, "no precheck foretold any", shown, SKIP)]
    told = ", ".join(f"{table}: {mode}" for table, mode in sorted(foretold.items())) or "none"
    return [Finding("Locks", migration.file, told, shown, PASS if foretold == held else WARN)]


def _extensions(conn: psycopg.Connection, wanted: dict[str, str]) -> list[str]:
    here = dict(conn.execute(_HERE).fetchall())
    missing = [f"extension {name} {version}: the embedded server does not have it"
               for name, version in sorted(wanted.items()) if name not in here]  # fmt: skip
    return missing + [
        f"extension {name}: a stand-in, whose functions may do less"
        for name in sorted(wanted)
        if "stand-in" in here.get(name, "").lower()
    ]


def _fill(plan: Plan, name: str, tables: Sequence[sample.Table]) -> list[str]:
    if not tables:
        return []
    superuser = production_state.server(plan.root).conninfo(name, "supabase_admin")
    with psycopg.connect(superuser, autocommit=True, prepare_threshold=None) as conn:
        return sample.put(conn, tables)
