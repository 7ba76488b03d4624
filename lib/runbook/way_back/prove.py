"""Proved, not promised: each migration there and back again on a fresh embedded database.

apply → verify → roll back → the catalog of before, the rows of before → apply again. With the real
engine: the same transactions, history rows, events and backups as on any target. The baseline is
proved on an empty Supabase shape, the others upon the rows of migrations/seed.sql.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from .. import catalog, embedded, history, ledger, rollback
from .. import verify as verification
from ..apply import Applied, apply
from ..applying.parts import apply_in_parts
from ..applying.waiting import Limits
from ..errors import RunbookError
from ..findings import FAIL, PASS, SKIP, Finding, failed
from ..in_hand import baseline
from ..ledger import Author
from ..plan import Migration, Plan
from ..postgres import production_state
from ..promises import promise
from ..sql import read_script
from ..target import Target, open_target

STEPS = ("apply", "verify", "roll back", "same catalog", "same rows", "apply again")


@dataclass
class Proof:
    """One migration's way there, back and there again.

    Fields:
        findings: one a step; after a FAIL the others are SKIP.
        seconds: wall time of all of it.
    """

    migration: Migration
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return not failed(self.findings)


def prove(
    plan: Plan,
    wanted: Sequence[Migration] = (),
    report: Callable[[Proof], None] = lambda proof: None,
) -> list[Proof]:
    """Prove these migrations, or all of the plan; the others before them are only applied.

    It stops at the first that fails: what comes after stands on it.

    Args:
        report: called with each proof as it is there.

    Raises:
        EmbeddedUnavailable: there is nowhere to try it.
        RunbookError: a migration before a wanted one cannot be applied.
    """
    chosen = [m.version for m in wanted or plan.everything]
    server = production_state.server(plan.root)
    name = f"prove_{uuid.uuid4().hex[:12]}"
    embedded.database(server, name)  # the shape alone: no baseline, no rows
    target = open_target(f"embedded:{name}", plan.root)
    proofs: list[Proof] = []
    try:
        with target.connect(purpose="prove") as conn, tempfile.TemporaryDirectory() as folder:
            history.ensure(conn)
            ledger.ensure(conn)
            for number, migration in enumerate(plan.everything):
                if number == len(plan.baseline):
                    _seed(conn, plan)
                way = Way(target, conn, migration, Path(folder))
                if migration.version not in chosen:
                    way.apply()
                    continue
                proofs.append(way.proof())
                report(proofs[-1])
                if not proofs[-1].passed or migration.version == max(chosen):
                    break
    finally:
        embedded.drop(server, name)
    return proofs


class Way:
    """One migration on a scratch database, there and back and there again with the real engine."""

    def __init__(
        self, target: Target, conn: psycopg.Connection, migration: Migration, folder: Path
    ) -> None:
        self.target, self.conn, self.migration = target, conn, migration
        self.folder = folder / migration.version
        self.author = Author("prove", "prove")
        self.applied: Applied | None = None

    def apply(self) -> None:
        run = apply if self.migration.script.transactional else apply_in_parts
        self.applied = run(self.target, self.conn, self.migration, self.author, Limits())

    def steps(self) -> dict[str, Callable[[], str | None]]:
        """What is tried, in order: a name and what does it; it returns what is wrong."""
        before = catalog.snapshot(self.conn)
        rows = baseline.measure(self.conn)
        return {
            "apply": self.apply,
            "verify": self._verify,
            "roll back": self._roll_back,
            "same catalog": lambda: _same(before, catalog.snapshot(self.conn)),
            "same rows": lambda: _same_rows(rows, baseline.measure(self.conn)),
            "apply again": self._apply_again,
        }

    def proof(self) -> Proof:
        """Take every step; after one that fails the others are not reached."""
        made, began = Proof(self.migration), time.monotonic()
        steps = self.steps()
        for step in steps:
            expected = "identical" if step.startswith("same") else "done"
            if failed(made.findings):
                finding = Finding(step, str(self.migration), expected, "not reached", SKIP)
            else:
                finding = _tried(step, str(self.migration), expected, steps[step])
            made.findings.append(finding)
        made.seconds = time.monotonic() - began
        return made

    def _verify(self) -> str:
        promised = promise.promises(self.migration.script.statements)
        found = verification.verify(self.conn, promised)
        bad = failed(found)
        self.after = catalog.snapshot(self.conn)
        if bad:
            return f"{bad[0].check}, {bad[0].object}: {bad[0].observed}"
        return ""

    def _roll_back(self) -> None:
        rollback.take_back(
            self.target, self.conn, self.migration, self.author, Limits(), folder=self.folder
        )

    def _apply_again(self) -> str:
        self.apply()
        return _same(self.after, catalog.snapshot(self.conn))


def _tried(step: str, name: str, expected: str, work: Callable[[], str | None]) -> Finding:
    try:
        said = work() or ""
    except RunbookError as error:
        said = error.what
    return Finding(step, name, expected, said or expected, FAIL if said else PASS)


def _same(before: catalog.Catalog, now: catalog.Catalog) -> str:
    changes = catalog.diff(before, now)
    if not changes:
        return ""
    first = changes[0]
    return f"{len(changes)} differences, the first: {first.change} {first.kind} {first.object}"


def _same_rows(before: list[baseline.Measured], now: list[baseline.Measured]) -> str:
    there = {item.table: item for item in now}
    for item in before:
        if there.get(item.table) != item:
            return f"{item.table} holds other rows than before"
    return ""


def _seed(conn: psycopg.Connection, plan: Plan) -> None:
    """The rows that exist before the phases."""
    if not plan.seed.exists():
        return
    with conn.transaction():
        for statement in read_script(plan.seed, shown="migrations/seed.sql").statements:
            conn.execute(statement.text)  # type: ignore[arg-type]
