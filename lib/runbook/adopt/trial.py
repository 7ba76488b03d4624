"""Everything run once on a scratch database: what fails there, and which way back is exact.

A rollback is kept when it was seen to restore the catalog, never because it looks right. Candidates
are the project's own down migration, or else the inverses of the statements, or else what the two
catalogs say: the one before the file and the one after it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg

from .. import catalog, embedded
from ..drift.mending import mends, script
from ..plan import Migration
from ..promises.names import quoted
from ..twins import twin
from ..way_back.draft import ROWS, draft

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
        _write(migration, drafted.text)
    result = twin.try_out(conn, migration, before)
    if result.failure or result.after is None:
        if not given:
            migration.rollback.unlink(missing_ok=True)
        # What ran before the failure, in a file of several transactions, stays.
        left = before if migration.script.transactional else catalog.snapshot(conn)
        return Trial(failure=_first_line(result.failure)), left
    why_not = "" if result.rolled_back else _first_line(result.rollback)
    if given or not why_not:
        return Trial(rollback=GIVEN if given else DRAFTED, why_not=why_not), result.after
    if drafted and drafted.missing:
        why_not = f"line {drafted.missing[0].line}: {drafted.missing[0].says}"
    rows = {s.line for s in migration.script.statements if s.kind in ROWS}
    leaves_rows = drafted and any(each.line in rows for each in drafted.missing)
    if not leaves_rows and _from_catalogs(conn, migration, before, result.after):
        return Trial(rollback=DRAFTED), result.after
    migration.rollback.unlink(missing_ok=True)
    return Trial(why_not=why_not), result.after


def _from_catalogs(
    conn: psycopg.Connection,
    migration: Migration,
    before: catalog.Catalog,
    after: catalog.Catalog,
) -> bool:
    """Write the rollback that the two catalogs tell; whether it was seen to hold."""
    changes = catalog.diff(after, before)
    mended = mends(changes, before)
    if not changes or not all(each.written for each in mended):
        return False
    lines = [
        f"-- Rollback of {migration.name}: the catalog as it was before.",
        "--",
        "-- Drafted from the catalogs before and after the migration, and seen to restore the",
        "-- first. It brings no row and no value back.",
        "",
    ]
    lines += [f"{_by_whoever_runs_it(text, conn.info.user)};" for text in script(mended)]
    _write(migration, "\n".join(lines) + "\n")
    return not twin.rolls_back(conn, migration, before)


def _by_whoever_runs_it(text: str, user: str) -> str:
    """Default privileges of the role that ran the trial are those of whoever migrates elsewhere."""
    return text.replace(f"privileges for role {quoted(user)} ", "privileges ", 1)


def _write(migration: Migration, text: str) -> None:
    migration.rollback.parent.mkdir(exist_ok=True)
    migration.rollback.write_text(text, encoding="utf-8")


def _first_line(words: str) -> str:
    """Without the file's line and the caret below it."""
    return words.split("\n", 1)[0].rstrip(".")
