"""The test stage over MCP: the scenario, and what `access`, `keys` and `calls` try on its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import psycopg

from ..access import Measured, Table
from ..findings import Finding
from ..plan import Migration
from ..promises.promise import Promise, promises
from ..scenarios import ground, matrix
from ..scenarios.actor import ROLES, Actor
from ..scenarios.cast import actors_of, own_roles
from ..scenarios.directives import Scenario
from ..scenarios.trial import TRIALS, Outcome, absence
from ..verification import calls, keys
from . import playing, strands
from .connection import Connection
from .strands import XID, Attempt, Known, Strand

_ROW_LIMIT = 100


def measure(
    conn: Connection, migration: Migration, played: Scenario
) -> tuple[list[Finding], dict[str, Any]]:
    """Play the scenario and measure access; as matrix.measure().

    The scenario is played as many times as the longest strand of tries needs answers.
    """
    promised = promises(migration.script.statements)
    tables = matrix.tables_of(migration, promised)
    measured, ended = _measured(conn, played, tables, promised)
    if ended:
        return measured.findings, {}
    return matrix.compared(conn, migration, played, measured)  # type: ignore[arg-type]


def access_of(conn: Connection, played: Scenario, tables: Sequence[str]) -> Measured:
    """Play the scenario and measure access; as access.measure()."""
    return _measured(conn, played, tables, [])[0]


def _measured(
    conn: Connection, played: Scenario, tables: Sequence[str], promised: list[Promise]
) -> tuple[Measured, bool]:
    """What was found; and whether the scenario ran out of time, so that nothing was tried."""
    trying = _Trying(conn, played)
    names = [*(each.table for each in played.access), *tables]
    try:
        tried = trying.all(list(dict.fromkeys(names)), promised)
    except _Ended:
        return Measured(playing.findings(played, trying.last)), True
    measured = Measured([*playing.findings(played, trying.first), *tried])
    for table in trying.tables:
        measured.rows += table.matrix()
        measured.findings += table.findings()
    return measured, False


class _Ended(Exception):
    """The scenario did not come to its end: out of time."""


class _Trying:
    """All tries of one scenario."""

    def __init__(self, conn: Connection, played: Scenario) -> None:
        self.conn, self.played, self.known = conn, played, Known()
        self.owner = conn.info.user
        self.first: dict[str, Any] = {}
        self.last: dict[str, Any] = {}
        self.tables: list[Table] = []
        self._takers: list[Callable[[Any], None]] = []
        self._asked: dict[str, list[tuple[Any, ...]]] = {}

    def all(self, names: list[str], promised: list[Promise]) -> list[Finding]:
        """What functions, triggers and keys did; and in `tables`, what each actor may."""
        calling = Strand(self.known)
        outside = Strand(self.known, constraints=True, outside=self._outside)
        in_order = sorted(promised, key=lambda each: each.kind == "trigger")  # functions first
        first = [
            *(partial(calls.seen_calls, calling, [each], XID) for each in in_order),
            *(partial(keys.tried_keys, outside, [each], XID) for each in promised),
        ]

        def work() -> list[Callable[[], Any]]:
            self._takers = []
            return [*first, *self._on_tables(names)]

        came = strands.run(work, self.known, self._play)
        found = []
        for each in came[: len(first)]:
            if isinstance(each, psycopg.Error):
                raise each
            found += each
        for each, take in zip(came[len(first) :], self._takers, strict=True):
            take(each)
        for table in self.tables:
            for actor in table.absent:
                table.outcomes.pop(actor, None)
        return found

    def _on_tables(self, names: list[str]) -> list[Callable[[], Any]]:
        """What is tried on each table, as far as its rows are known by now."""
        there = ground.survey(Strand(self.known), names, [*ROLES[1:], *own_roles(self.played)])  # type: ignore[arg-type]
        declared = {each.table: each for each in self.played.access}
        self.tables = [Table(name, declared.get(name), there.get(name)) for name in names]
        if self.known.guessed:
            return []
        looking = Strand(self.known, tells_tokens=True)
        for table in self.tables:
            try:
                table.find_rows(looking, XID, _ROW_LIMIT)  # type: ignore[arg-type]
            except TypeError:
                if not self.known.guessed:
                    raise
        if self.known.guessed:
            return []
        work: list[Callable[[], Any]] = []
        for table in self.tables:
            if table.unfit or not table.ground or not table.ground.rows:
                continue
            look = self._look(table)
            columns = tuple(3 + at for at in table.ground.key())
            for actor in actors_of(self.played, table.declared):
                role = self.owner if actor.role == "owner" else actor.role
                work.append(partial(self._put_on, actor))
                self._takers.append(partial(_absent, table, actor))
                for command, by in TRIALS.items():
                    strand = Strand(self.known, actor, (look, columns))
                    work.append(partial(by, strand, table.ground, role))
                    self._takers.append(partial(_outcome, table, actor, command))
            work.append(partial(self._existed, table, look, columns))
            self._takers.append(partial(_old, table))
        return work

    def _outside(self, sql: str) -> list[tuple[Any, ...]]:
        if sql not in self._asked:
            self._asked[sql] = self.conn.execute(sql).fetchall()
        return self._asked[sql]

    def _look(self, table: Table) -> Attempt:
        """The look that its rows came from: the one whose tokens they are."""
        assert table.ground is not None
        (place, _), _values = table.ground.rows[0]
        return self.known.looks[int(place.split(":")[1])]

    def _put_on(self, actor: Actor) -> None:
        _, _, error = self.known.answer(Attempt("select 1", actor, hides=True))
        if error is not None:
            raise error

    def _existed(self, table: Table, look: Attempt, columns: tuple[int, ...]) -> set[int]:
        assert table.ground is not None
        there = table.ground
        if not there.key():
            return set()
        strand = Strand(self.known, among=(look, columns), later=True)
        rows = strand.execute(ground.select(there, there.key())).fetchall()
        return ground.positions(there, there.key(), rows)

    def _play(self, looks: Sequence[Attempt], attempts: Sequence[Attempt]) -> dict[str, Any]:
        answer = playing.play(self.conn, self.played, looks, attempts)
        self.last = answer
        self.first = self.first or answer  # what the steps gave counts once
        if "error" in answer:
            raise _Ended
        return answer


def _absent(table: Table, actor: Actor, error: psycopg.Error | None) -> None:
    if error is not None:
        table.absent[actor] = absence(error, actor)


def _outcome(table: Table, actor: Actor, command: str, outcome: Outcome | psycopg.Error) -> None:
    if isinstance(outcome, psycopg.Error):
        raise outcome
    table.outcomes.setdefault(actor, {})[command] = outcome


def _old(table: Table, old: set[int] | psycopg.Error) -> None:
    # A table that the scenario itself made is gone by then, and so are its rows.
    table.old = set() if isinstance(old, psycopg.Error) else old
