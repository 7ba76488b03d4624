"""The access matrix: table x actor x command, tried on the rows that a scenario inserts.

A scenario file may end with `-- access:` tables that declare who may do what; a cell that differs
from what was measured is a FAIL. Measuring happens inside the scenario's own transaction, before
it is rolled back; `trial` says how each command is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psycopg

from . import scenario
from .findings import FAIL, PASS, SKIP, WARN, Finding
from .scenario import Played
from .scenarios import actor as actors
from .scenarios import ground
from .scenarios.actor import Actor
from .scenarios.cast import actors_of, names_of, own_roles
from .scenarios.directives import COMMANDS, AccessTable, Scenario
from .scenarios.ground import Ground
from .scenarios.trial import Outcome, absence, attempt

CHECK = "access"

_VERBS = {"select": "read", "insert": "insert", "update": "change", "delete": "delete"}
_MEASURED = ("r", "p")
_NOBODY = (
    "nobody was tried: the server has no API's roles, and the scenario names none of its own (as:"
    " role <name>)"
)
_UNDO = "rollback to savepoint runbook_actor; release savepoint runbook_actor"


class Access(NamedTuple):
    """One cell of the matrix: on how many of the scenario's rows the actor could do it."""

    table: str
    actor: str
    command: str
    allowed: int
    total: int


@dataclass(slots=True)
class Measured:
    """A scenario that was played and measured; everything is taken back by now.

    Fields:
        findings: the scenario's rows, then those of the access matrix.
        rows: the matrix, to be stored with the checkpoint.
        seconds: wall time of each statement, by its name.
    """

    findings: list[Finding] = field(default_factory=list)
    rows: list[Access] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def measure(
    conn: psycopg.Connection,
    file: Scenario | Path,
    *,
    tables: Sequence[str] = (),
    also: Callable[[psycopg.Connection, Played], list[Finding]] | None = None,
    watch: scenario.Watch | None = None,
    row_limit: int = 100,
    statement_timeout_ms: int = 30_000,
    lock_timeout_ms: int = 2_000,
) -> Measured:
    """Play a scenario, try what each actor may do with its rows, and roll everything back.

    Args:
        conn: an idle connection in autocommit mode, from Target.connect().
        file: a scenario file, or what `scenario.read` made of it.
        tables: the tables that the migration creates, as schema.table; each is measured, and one
            without a declared access table is a WARN.
        also: tries more on the scenario's rows, as the owner, in savepoints; gives its findings.
        row_limit: of a table's rows at most so many are tried.
        watch, statement_timeout_ms, lock_timeout_ms: as for `scenario.play`.

    Raises:
        FileInvalid, CheckFailed: as `scenario.run`.
    """
    played_file = scenario.read(file) if isinstance(file, Path) else file
    tried: list[Table] = []
    timeouts = {"statement_timeout_ms": statement_timeout_ms, "lock_timeout_ms": lock_timeout_ms}
    with scenario.play(conn, played_file, watch=watch, **timeouts) as played:
        owner = _own(conn, played.options)
        more = also(conn, played) if also else []
        names = list(dict.fromkeys([declared.table for declared in played_file.access] + [*tables]))
        grounds = ground.survey(conn, names, [*actors.ROLES[1:], *own_roles(played_file)])
        for name in names:
            declared = next((table for table in played_file.access if table.table == name), None)
            tried.append(Table(name, declared, grounds.get(name)))
        for table in tried:
            table.find_rows(conn, played.xid, row_limit)
        for table in tried:
            table.try_all(conn, actors_of(played_file, table.declared), owner, played.options)
        conn.execute("rollback to savepoint runbook_start")
        _own(conn, played.options)
        for table in tried:
            table.leave_out_old_rows(conn)
    measured = Measured([*played.findings, *more], [], dict(played.seconds))
    for table in tried:
        measured.rows += table.matrix()
        measured.findings += table.findings()
    return measured


def changes(before: Iterable[Sequence], after: Iterable[Sequence]) -> list[str]:
    """What changed between two matrices, a sentence each: "anon can now read public.profiles"."""
    old = {tuple(row[:3]): (row[3], row[4]) for row in before}
    new = {tuple(row[:3]): (row[3], row[4]) for row in after}
    known = {table for table, _, _ in old}
    said = []
    for (table, who, command), (allowed, total) in new.items():
        verb = _VERBS[command]
        was, were = old.get((table, who, command), (0, total))
        rows = f"{allowed} of {total} rows"
        if table not in known or (table, who, command) not in old:
            if allowed:
                said.append(f"{who} can {verb} {table} ({rows}), measured for the first time")
        elif allowed and not was:
            said.append(f"{who} can now {verb} {table} ({rows})")
        elif was and not allowed:
            said.append(f"{who} can no longer {verb} {table}")
        elif (allowed == total) != (was == were) or (total == were and allowed != was):
            said.append(f"{who} can now {verb} {rows} of {table}; before, {was} of {were}")
    gone = {table for table, _, _ in old} - {table for table, _, _ in new}
    return said + [f"{table} is no longer measured" for table in sorted(gone)]


@dataclass(slots=True)
class Table:
    """One table on its way from being named to its findings."""

    name: str
    declared: AccessTable | None
    ground: Ground | None
    unfit: str = ""
    outcomes: dict[Actor, dict[str, Outcome]] = field(default_factory=dict)
    absent: dict[Actor, tuple[str, str]] = field(default_factory=dict)
    old: set[int] = field(default_factory=set)

    def find_rows(self, conn: psycopg.Connection, xid: str, limit: int) -> None:
        if self.ground is None:
            self.unfit = "the table does not exist when the scenario has run"
        elif self.ground.kind not in _MEASURED:
            self.unfit = "only tables are measured; show what a view gives in a statement"
        else:
            try:
                with conn.transaction():
                    ground.find_rows(conn, self.ground, xid=xid, limit=limit)
            except psycopg.Error as error:
                if conn.closed or conn.broken:
                    raise
                self.unfit = f"its rows cannot be counted: {error.diag.message_primary}"

    def try_all(self, conn, who: Iterable[Actor], owner: str, options: tuple) -> None:
        if self.unfit or not self.ground.rows:
            return
        settings = (*options, ("row_security", "on"))
        for actor in who:
            try:
                actors.become(conn, actor, first="savepoint runbook_actor", settings=settings)
                role = owner if actor.role == "owner" else actor.role
                self.outcomes[actor] = attempt(conn, self.ground, role)
            except (psycopg.Error, actors.UnknownUser) as error:
                if conn.closed or conn.broken:
                    raise
                self.absent[actor] = absence(error, actor)
            conn.execute(_UNDO)

    def leave_out_old_rows(self, conn: psycopg.Connection) -> None:
        """Rows that were there before and were only changed are not the scenario's own."""
        if not self.unfit and self.ground.rows:
            self.old = ground.existed(conn, self.ground)

    @property
    def total(self) -> int:
        return len(self.ground.rows) - len(self.old) if self.ground else 0

    def allowed(self, outcome: Outcome) -> int:
        return len(outcome.reached - self.old)

    def matrix(self) -> list[Access]:
        if not self.total:
            return []
        names = names_of(self.outcomes)
        return [
            Access(self.name, names[actor], command, self.allowed(outcome), self.total)
            for actor, outcomes in self.outcomes.items()
            for command, outcome in outcomes.items()
            if not outcome.undecided
        ]

    def findings(self) -> list[Finding]:
        expected = "as declared" if self.declared else "an access table in the scenario file"
        if self.unfit or not self.total:
            reason = self.unfit or "the scenario inserts no row into it: nothing could be measured"
            verdict = FAIL if self.declared else SKIP
            return [Finding(CHECK, self.name, expected, reason, verdict)]
        if not self.declared and not self.outcomes:
            return [Finding(CHECK, self.name, expected, _NOBODY, SKIP)]
        if not self.declared:
            return [Finding(CHECK, self.name, expected, f"none; {self._summary()}", WARN)]
        names = names_of([*self.outcomes, *self.absent])
        found = []
        for row in self.declared.rows:
            found += self._row(row.actor, names[row.actor], dict(row.cells))
        return found + self._undeclared()

    def _row(self, actor: Actor, name: str, cells: dict[str, str]) -> list[Finding]:
        """A PASS for an actor whose cells all hold, else a row for each that does not."""
        thing = f"{self.name} · {name}"
        if actor in self.absent:
            return [Finding(CHECK, thing, _said(cells), *self.absent[actor])]
        found = []
        for command, cell in cells.items():
            observed, verdict = self._cell(actor, command, cell)
            if verdict != PASS:
                found.append(Finding(CHECK, f"{thing} · {command}", cell, observed, verdict))
        if found:
            return found
        counted = {
            command: f"{self.allowed(outcome)}/{self.total}"
            for command, outcome in self.outcomes[actor].items()
        }
        return [Finding(CHECK, thing, _said(cells), _said(counted) + self._sample(), PASS)]

    def _cell(self, actor: Actor, command: str, cell: str) -> tuple[str, str]:
        outcome = self.outcomes[actor][command]
        if outcome.undecided:
            return f"could not be measured: {outcome.undecided}", FAIL
        if "/" in cell and self._sample():
            return f"not compared: declare none or all{self._sample()}", SKIP
        allowed, total = self.allowed(outcome), self.total
        wanted = {"none": "0", "all": str(total)}.get(cell, cell.partition("/")[0])
        same = allowed == int(wanted) and ("/" not in cell or cell.endswith(f"/{total}"))
        note = f" ({outcome.note})" if outcome.note else ""
        can = f"can {_VERBS[command]} {allowed} of {total} rows of {self.name}"
        said = f"{actor.words} {can}{note}; declared: {cell}{self._sample()}"
        return said, PASS if same else FAIL

    def _undeclared(self) -> list[Finding]:
        """A role that the table leaves out altogether may hold anything."""
        named = {row.actor.role for row in self.declared.rows}
        found = []
        for actor, outcomes in self.outcomes.items():
            if actor.role in named or actor.role == "owner":
                continue
            said = {key: f"{self.allowed(value)}/{self.total}" for key, value in outcomes.items()}
            thing = f"{self.name} · {actor.label}"
            found.append(Finding(CHECK, thing, "declared", f"not declared; {_said(said)}", WARN))
        return found

    def _summary(self) -> str:
        names = names_of(self.outcomes)
        parts = []
        for actor, outcomes in self.outcomes.items():
            can = [_VERBS[key] for key, value in outcomes.items() if self.allowed(value)]
            parts.append(f"{names[actor]} can {', '.join(can) or 'do nothing'}")
        return "; ".join(parts) + self._sample()

    def _sample(self) -> str:
        tried = len(self.ground.rows)
        more = self.ground.total > tried
        return f" (tried on {tried} of {self.ground.total} rows)" if more else ""


def _own(conn: psycopg.Connection, options: tuple) -> str:
    """Be the owner again, and have PostgreSQL refuse rather than hide rows; its role's name."""
    settings = (*options, ("row_security", "off"))
    actors.become(conn, actors.parse("owner"), settings=settings)
    return conn.execute("select current_user::text").fetchone()[0]


def _said(cells: dict[str, str]) -> str:
    return " · ".join(f"{command} {cells[command]}" for command in COMMANDS)
