"""The twin: a scratch database with the target's schema as it is now, to try migrations on.

A file can parse and still fail: an index predicate that is not IMMUTABLE, a column that is not
there. Finding that on the target means finding it at night. So the pending files of a phase run on
a twin first, in order: an embedded database restored from the target's `pg_dump --schema-only`.
The target is only read. What the twin cannot show is said (`Tried.unlike`), never assumed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import psycopg
from psycopg import sql

from .. import access, catalog, scenario
from ..applying.account import Account, close_account, merged, open_account
from ..catalog import Catalog
from ..errors import FileInvalid, RunbookError
from ..findings import FAIL, SKIP
from ..plain import shared_roles
from ..plan import Migration
from ..postgres import production_state
from ..scenarios import directives
from ..sql import Script, read_script
from ..statements.bodies import Looked, look_into
from ..statements.failure import statement_failed
from ..statements.transactions import split_parts
from ..target import Target, reset_session
from .schema_copy import copied

NOT_PLAYED = "its scenario was not played there"
_STATEMENT_TIMEOUT_MS = 300_000
_OWN_EXTENSIONS = (
    "select extname from pg_catalog.pg_extension where extowner = current_user::regrole"
)


@dataclass(frozen=True)
class Tried:
    """What became of one migration on the twin.

    Fields:
        sha256: of the file that was tried.
        failure: the server's error in words, "" when it ran.
        after: the twin's catalog afterwards; what the target's should be.
        rollback: "" when the rollback file restores the catalog exactly; else why it does not, or
            why that was not tried.
        rolled_back: whether the rollback file ran at all and restored the catalog.
        account: the locks it held and the tables it rewrote; the twin's tables are empty.
        bodies: what its PL/pgSQL bodies mention and is not there.
        unlike: what the twin lacked by then that the target has, in words.
        test: of a high risk, "" when its scenario ends as declared on the twin; else why not.
        seconds: of each statement there.
    """

    sha256: str
    failure: str = ""
    after: Catalog | None = field(default=None, repr=False)
    rollback: str = ""
    rolled_back: bool = False
    account: Account | None = field(default=None, repr=False)
    test: str = NOT_PLAYED
    bodies: Looked = field(default_factory=Looked)
    unlike: tuple[str, ...] = ()
    seconds: tuple[float, ...] = ()

    @property
    def proved(self) -> bool:
        """Whether apply, test and roll back all did what they should."""
        return not self.failure and self.rolled_back and not self.test


def rehearse(target: Target, migrations: Sequence[Migration]) -> Iterator[tuple[str, Tried]]:
    """Run these migrations, in order, on a twin of the target; stop at the first that fails.

    Yields:
        (version, what became of it), as soon as it is known.

    Raises:
        RunbookError: no twin could be made (no embedded server, the target cannot be dumped);
            nothing was tried and the target was only read.
    """
    with copied(target) as (conn, unlike):
        before = catalog.snapshot(conn)
        for migration in map(replace, migrations):  # what one has read of its file goes with it
            unlike += _untried(migration)
            result = replace(try_out(conn, migration, before), unlike=tuple(unlike))
            yield migration.version, result
            if result.failure or result.after is None:
                return
            before = result.after


@dataclass(frozen=True)
class Undone:
    """A migration taken back on the twin.

    Fields:
        changes: what became of the catalog.
        failure: why the rollback file did not run, in words; "" when it did.
        sure: whether the twin is like the target in every way, so that it would fail there too.
    """

    changes: tuple[catalog.Change, ...] = ()
    failure: str = ""
    sure: bool = True


def undo(target: Target, migrations: Sequence[Migration]) -> dict[str, Undone]:
    """Run these migrations' rollback files, in order, on a twin; stop at the first that fails.

    Raises:
        RunbookError: no twin could be made; the target was only read.
    """
    undone: dict[str, Undone] = {}
    with target.connect(purpose="extensions") as there:
        owned = [row[0] for row in there.execute(_OWN_EXTENSIONS)]
    with copied(target) as (conn, unlike):
        _own(target, conn, owned)
        before = catalog.snapshot(conn)
        for migration in migrations:
            shown = f"migrations/rollback/{migration.path.name}"
            try:
                script = read_script(migration.rollback, shown=shown)
                _run(conn, script, [])
            except RunbookError as error:
                lacks = f" (the twin also lacks: {unlike[0]})" if unlike else ""
                undone[migration.version] = Undone((), error.what + lacks, not unlike)
                break
            finally:
                reset_session(conn)
            after = catalog.snapshot(conn)
            undone[migration.version] = Undone(tuple(catalog.diff(before, after)))
            before = after
    return undone


def _own(target: Target, conn: psycopg.Connection, extensions: list[str]) -> None:
    """Give these extensions to our role, as on the target: a dump does not say whose they are."""
    superuser = production_state.server(target.project).conninfo(conn.info.dbname, "supabase_admin")
    with psycopg.connect(superuser, autocommit=True) as admin:
        admin.execute(
            "update pg_catalog.pg_extension set extowner = %s::regrole where extname = any (%s)",
            [conn.info.user, extensions],
        )


def _untried(migration: Migration) -> list[str]:
    """Statements that would reach beyond the twin, to the server that the target may be on."""
    return [
        f"{migration.file}, line {statement.line}: {statement.title}"
        for statement in migration.script.statements
        if statement.serverwide
    ]


def try_out(conn: psycopg.Connection, migration: Migration, before: Catalog) -> Tried:
    """Run one migration on a scratch database, and its rollback, which is taken back again.

    Args:
        before: the scratch database's catalog as it is now.
    """
    script = migration.script
    try:
        account = _run(conn, script, spent := [])
    except RunbookError as error:
        return Tried(script.sha256, failure=error.what)
    finally:
        reset_session(conn)
    after = catalog.snapshot(conn)
    test = _test(conn, migration) if migration.risk == "high" else NOT_PLAYED
    looked = look_into(conn, script.statements)
    rollback = rolls_back(conn, migration, before)
    return Tried(
        script.sha256, "", after, rollback, not rollback, account, test, looked, seconds=(*spent,)
    )


def _test(conn: psycopg.Connection, migration: Migration) -> str:
    """Play the scenario, which has to bring its own rows; "" when it ends as declared."""
    shown = f"migrations/tests/{migration.path.name}"
    if not migration.scenario.exists():
        return f"there is no {shown}"
    try:
        steps = directives.read(migration.scenario, shown=shown)
        measured = access.measure(conn, steps, tables=migration.tables)
    except RunbookError as error:
        return error.what
    finally:
        reset_session(conn)
    for row in measured.findings:
        if row.verdict == FAIL or (row.verdict == SKIP and row.check == scenario.CHECK):
            return f"{row.check}, {row.object}: {row.observed}"
    return ""


def rolls_back(conn: psycopg.Connection, migration: Migration, before: Catalog) -> str:
    """Try the rollback file, compare, and take the trial back; "" when it is exact."""
    shown = f"migrations/rollback/{migration.path.name}"
    if not migration.rollback.exists():
        return f"there is no {shown}"
    try:
        script = read_script(migration.rollback, shown=shown)
        if not script.transactional:
            return f"{shown} cannot run in a transaction"
        with conn.transaction(force_rollback=True):
            _run(conn, script, [])
            left = catalog.snapshot(conn)
    except (FileInvalid, RunbookError) as error:
        return error.what
    finally:
        reset_session(conn)
    differences = catalog.diff(before, left)
    if not differences:
        return ""
    first = differences[0]
    return f"{len(differences)} differences remain, the first: {first.kind} {first.object}"


def _run(conn: psycopg.Connection, script: Script, spent: list[float]) -> Account | None:
    """Run a script whole, or in parts; seconds go to `spent`. None: no part was a transaction."""
    conn.execute(sql.SQL("set statement_timeout = {}").format(sql.Literal(_STATEMENT_TIMEOUT_MS)))
    accounts = []
    for group in split_parts(script):
        if group[0].serverwide:
            continue  # said in Tried.unlike
        if not group[0].transactional:
            spent.append(_execute(conn, script, group[0]))
            continue
        with conn.transaction():
            before = open_account(conn)
            for statement in group:
                spent.append(_execute(conn, script, statement))
            accounts.append(close_account(conn, before))
    return merged(accounts)


def _execute(conn: psycopg.Connection, script: Script, statement) -> float:
    began = time.monotonic()
    try:
        shared_roles.send(conn, statement)
        return time.monotonic() - began
    except psycopg.Error as error:
        raise statement_failed(script, statement, error) from None
