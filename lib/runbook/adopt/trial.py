"""Everything run once on a scratch database: what fails there, and which way back is exact.

A rollback is kept when it was seen to restore the catalog, never because it looks right. Candidates
are the project's own down migration, then the draft from the SQL.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg

from .. import catalog, embedded, twin
from ..draft import draft
from ..plan import Migration

DRAFTED, GIVEN = "drafted", "given"


@dataclass(frozen=True)
class Trial:
    """What became of one migration.

    Fields:
        failure: the server's error in words, "" when it ran.
        rollback: drafted · given · "" where there is none that holds.
        why_not: of a given or missing rollback, what is wrong with it.
    """

    failure: str = ""
    rollback: str = ""
    why_not: str = ""


def replay(
    home: Path,
    migrations: Sequence[Migration],
    report: Callable[[Migration, Trial], None] = lambda migration, trial: None,
) -> dict[str, Trial]:
    """Run the migrations in order on an empty database of the Supabase shape.

    One that fails is left out and the rest goes on. Rollback files that are drafted here and hold
    are written beside the migration.

    Args:
        home: the embedded server's folder.

    Raises:
        EmbeddedUnavailable: nothing was tried.
    """
    name = f"init_{uuid.uuid4().hex[:12]}"
    tried: dict[str, Trial] = {}
    with embedded.start(home) as server:
        conninfo = embedded.database(server, name)
        try:
            with closing(
                psycopg.connect(conninfo, autocommit=True, prepare_threshold=None)
            ) as conn:
                before = catalog.snapshot(conn)
                for migration in migrations:
                    trial, before = _tried(conn, migration, before)
                    tried[migration.version] = trial
                    report(migration, trial)
        finally:
            embedded.drop(server, name)
    return tried


def _tried(
    conn: psycopg.Connection, migration: Migration, before: catalog.Catalog
) -> tuple[Trial, catalog.Catalog]:
    given = migration.rollback.exists()
    drafted = None if given else draft(migration.script, migration.name)
    if drafted and not drafted.missing:
        migration.rollback.parent.mkdir(exist_ok=True)
        migration.rollback.write_text(drafted.text, encoding="utf-8")
    result = twin.try_out(conn, migration, before)
    if not given and not result.rolled_back:
        migration.rollback.unlink(missing_ok=True)
    if result.failure or result.after is None:
        # What ran before the failure, in a file of several transactions, stays.
        left = before if migration.script.transactional else catalog.snapshot(conn)
        return Trial(failure=_first_line(result.failure)), left
    kind = GIVEN if given else DRAFTED
    why_not = "" if result.rolled_back else result.rollback
    if drafted and drafted.missing:
        first = drafted.missing[0]
        why_not = f"line {first.line}: {first.says}"
    held = kind if result.rolled_back or given else ""
    return Trial(rollback=held, why_not=_first_line(why_not)), result.after


def _first_line(words: str) -> str:
    """Without the file's line and the caret below it."""
    return words.split("\n", 1)[0].rstrip(".")
