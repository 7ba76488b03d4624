"""A laboratory for broken migrations: applied for real, each on a copy of the state before it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from mutants import Mutant, mutants
from runbook import access, embedded, system, verify
from runbook.findings import FAIL, Finding
from runbook.plan import Migration
from runbook.plan_file import read_plan
from runbook.postgres import production_state
from runbook.promises.promise import promises
from runbook.scenarios import directives

SUPERUSER = "supabase_admin"
# Why mutants of an operator survive: read one by one, and said where the score is printed.
WHY = {
    "a term of USING forgotten": "another rule says the same (a claimed session has no token; a"
    " SELECT policy hides the rows of others from an UPDATE or DELETE with WHERE), and the"
    " scenario leaves no row that only the forgotten term protects",
    "a term of WITH CHECK forgotten": "another rule says the same: the column may not be written"
    " (grants), or a guard trigger refuses",
}


@dataclass
class Score:
    """What became of the mutants.

    Fields:
        by: who caught how many, verify asked first.
        caught_without_verify: those that scenario, access matrix or checks see by themselves: the
            mistakes that are caught also where the file itself says the wrong thing.
        survivors: nobody caught them.
        only_verify: seen by verify and by nobody else.
        invalid: PostgreSQL refused them, so they prove nothing.
    """

    by: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    caught_without_verify: int = 0
    survivors: list[tuple[Migration, Mutant]] = field(default_factory=list)
    only_verify: list[tuple[Migration, Mutant]] = field(default_factory=list)
    invalid: int = 0

    def note(self, migration: Migration, mutant: Mutant, seen, behaved, checked: bool) -> None:
        """Count one mutant for the first who saw it."""
        self.caught_without_verify += bool(behaved) or checked
        if seen:
            self.by["verify"] += 1
            if not behaved and not checked:
                self.only_verify.append((migration, mutant))
        elif behaved:
            played = any(row.check == "scenario" for row in behaved)
            self.by["scenario" if played else "access"] += 1
        elif checked:
            self.by["validation"] += 1
        else:
            self.survivors.append((migration, mutant))

    @property
    def total(self) -> int:
        return sum(self.by.values()) + len(self.survivors)

    @property
    def caught(self) -> int:
        return sum(self.by.values())

    def __str__(self) -> str:
        who = ", ".join(f"{name} {count}" for name, count in sorted(self.by.items()))
        lines = [
            f"{_share(self.caught, self.total)} mutants caught: {who};"
            f" {self.invalid} more were refused by PostgreSQL itself.",
            f"Where the file itself is wrong and verify cannot know:"
            f" {_share(self.caught_without_verify, self.total)}.",
        ]
        for m, mutant in self.survivors:
            why = WHY.get(mutant.operator, "not explained yet")
            lines.append(f"survived: {m.name}: {mutant}: {why}")
        lines += [f"only verify saw: {m.name}: {mutant}" for m, mutant in self.only_verify]
        return "\n".join(lines)


class NotAMigration(Exception):
    """PostgreSQL refuses it: it would never have been applied."""


class Laboratory:
    """The states before each migration, as template databases; made once, dropped at the end."""

    def __init__(self, server: embedded.Server, project: Path) -> None:
        self.server, self.plan = server, read_plan(project)
        self.project = project
        self.prefix = f"before_{uuid.uuid4().hex[:8]}_"
        self.made: list[str] = []

    def before(self, migration: Migration) -> str:
        """The name of a database in the state before this migration."""
        name = f"{self.prefix}{migration.version}"
        if name in self.made:
            return name
        order = self.plan.everything
        place = order.index(migration)
        if place > len(self.plan.baseline):
            self._copy(self.before(order[place - 1]), name)
            with self._open(name) as conn:
                conn.execute(order[place - 1].script.text)
        else:
            embedded.database(self.server, name, prepare=self._load if place else None)
        self.made.append(name)
        return name

    def _load(self, conn: psycopg.Connection) -> None:
        production_state.load(conn, self.project)

    @contextmanager
    def applied(self, migration: Migration, statements: Iterable[str]) -> Iterator:
        """A connection to a copy on which these statements have run."""
        name = f"mutant_{uuid.uuid4().hex[:10]}"
        self._copy(self.before(migration), name)
        try:
            with self._open(name) as conn:
                try:
                    conn.execute(";\n".join(statements))
                except psycopg.Error as error:
                    raise NotAMigration(str(error)) from None
                yield conn
        finally:
            embedded.drop(self.server, name)

    def close(self) -> None:
        for name in self.made:
            embedded.drop(self.server, name)

    def _copy(self, template: str, name: str) -> None:
        admin = psycopg.connect(self.server.conninfo("template1", SUPERUSER), autocommit=True)
        with closing(admin) as conn:
            conn.execute(f"create database {name} template {template} owner postgres")

    @contextmanager
    def _open(self, name: str) -> Iterator[psycopg.Connection]:
        conninfo = self.server.conninfo(name)
        with closing(psycopg.connect(conninfo, autocommit=True)) as conn:
            yield conn


def hunt(
    laboratory: Laboratory,
    migration: Migration,
    score: Score,
    *,
    at_most: int,
    skip: int = 0,
    thorough: bool = True,
) -> int:
    """Break one migration in up to `at_most` ways and note who saw it; how many ways it was.

    Args:
        thorough: play the scenario also of mutants that verify has caught, and ask the checks.
    """
    promised = promises(migration.script.statements)
    scenario = directives.read(migration.scenario)
    texts = [statement.text for statement in migration.script.statements]
    with laboratory.applied(migration, texts) as conn:
        sound = verify.verify(conn, promised) + _played(conn, scenario, migration)
        assert not _bad(sound), f"{migration.name} is not sound itself: {_bad(sound)}"
        usual = set(_bad(system.validate(conn))) if thorough else set()
    done = 0
    for mutant in mutants(migration)[skip:]:
        if done == at_most:
            break
        try:
            with laboratory.applied(migration, mutant.statements) as conn:
                done += 1
                seen = _bad(verify.verify(conn, promised))
                asked = thorough or not seen
                behaved = _bad(_played(conn, scenario, migration)) if asked else []
                more = [] if behaved or not thorough else _bad(system.validate(conn))
                checked = not set(more) <= usual
        except NotAMigration:
            score.invalid += 1
            continue
        score.note(migration, mutant, seen, behaved, checked)
    return done


def _share(some: int, of: int) -> str:
    return f"{some} of {of} ({100 * some / of:.1f} %)"


def _played(conn, scenario, migration: Migration) -> list[Finding]:
    return access.measure(conn, scenario, tables=migration.tables).findings


def _bad(rows: Iterable[Finding]) -> list[Finding]:
    return [row for row in rows if row.verdict == FAIL]
