"""What the applied files make: replayed on an embedded server, in the order of the history.

What was applied is taken from the history's own row where the file says something else by now, or
where there is no file: the target is held against what ran there, not against what is written here.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from .. import catalog, embedded, history
from ..catalog import Catalog
from ..errors import FileInvalid
from ..history import Row
from ..plain import shared_roles
from ..plan import Plan
from ..postgres import production_state
from ..sql import Script, script_of
from ..statements.failure import statement_failed
from ..statements.transactions import split_parts
from ..target import reset_session

if TYPE_CHECKING:
    from ..history import History


@dataclass(frozen=True)
class Replayed:
    """What came of it.

    Fields:
        platform: the catalog before the first file: Supabase's own objects.
        expected: the catalog after the last.
        failed: (version, why) of rows that could not be replayed.
        count: rows that were.
    """

    platform: Catalog
    expected: Catalog
    failed: tuple[tuple[str, str], ...]
    count: int


def replay(plan: Plan, rows: Sequence[Row]) -> Replayed:
    """Replay these rows of a history on a fresh embedded database, which is dropped afterwards.

    Raises:
        EmbeddedUnavailable: nothing was replayed.
    """
    with replaying(plan, rows) as (_, replayed):
        return replayed


@contextmanager
def replaying(plan: Plan, rows: Sequence[Row]) -> Iterator[tuple[psycopg.Connection, Replayed]]:
    """A fresh embedded database on which these rows were replayed; dropped when the block ends.

    A row that fails is left out, and the rest goes on.

    Raises:
        EmbeddedUnavailable: nothing was replayed.
    """
    server = production_state.server(plan.root)
    name = f"replay_{uuid.uuid4().hex[:12]}"
    conninfo = embedded.database(server, name)
    failed: list[tuple[str, str]] = []
    try:
        with closing(psycopg.connect(conninfo, autocommit=True, prepare_threshold=None)) as conn:
            platform = catalog.snapshot(conn)
            there = history.classify(plan, rows)
            for row in ordered(rows):
                why = _replayed(conn, plan, row, there)
                if why:
                    failed.append((row.version, why))
            expected = catalog.snapshot(conn)
            yield conn, Replayed(platform, expected, tuple(failed), len(rows) - len(failed))
    finally:
        embedded.drop(server, name)


def ordered(rows: Iterable[Row]) -> list[Row]:
    """By number where versions are numbers, as the plan orders them."""
    return sorted(rows, key=lambda r: (int(r.version) if r.version.isdecimal() else -1, r.version))


def _replayed(conn: psycopg.Connection, plan: Plan, row: Row, there: History) -> str:
    """Run one row's SQL; why not, in words, or ""."""
    try:
        script = _script(plan, row, there)
    except FileInvalid as error:
        return error.what.split("\n", 1)[0]
    if script is None:
        return "there is no file, and the history does not hold its SQL"
    try:
        for part in split_parts(script):
            if part[0].serverwide:
                continue
            with conn.transaction() if part[0].transactional else nullcontext():
                for statement in part:
                    shared_roles.send(conn, statement)
    except psycopg.Error as error:
        return statement_failed(script, statement, error).what.split("\n", 1)[0]
    finally:
        reset_session(conn)
    return ""


def _script(plan: Plan, row: Row, there: History) -> Script | None:
    if row in there.applied:
        return plan.migration(row.version).script
    if not row.statements:
        return None
    return script_of(";\n".join(row.statements), file=f"history row {row.version}", own=True)
