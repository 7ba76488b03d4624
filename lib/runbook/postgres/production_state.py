"""The embedded target as production is: baseline applied, existing rows loaded, the rest pending.

Which is what makes a rehearsal mean something: "existing data is untouched" needs existing data.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from .. import embedded, history
from ..plan_file import read_plan
from ..target import reset_settings

if TYPE_CHECKING:
    from ..sql import Script

# One handle per server for the life of this process: the server stops when its last user goes.
_servers: dict[Path, embedded.Server] = {}


def server(project: Path) -> embedded.Server:
    """The project's embedded server, started by the first call of this process."""
    home = embedded.home(project)
    if home not in _servers:
        _servers[home] = embedded.start(home)
    return _servers[home]


def restart(project: Path) -> None:
    """Start the project's server again after it died; join it where it runs after all."""
    home = embedded.home(project)
    held = _servers.get(home)
    _servers[home] = embedded.start(home)
    if held:
        held.close()


def conninfo(project: Path, name: str) -> str:
    """The conninfo of an embedded database, made in the production state when it is missing.

    Raises:
        EmbeddedUnavailable: the server cannot start.
        StatementFailed: the baseline or the seed does not run; no database was made.
    """
    return embedded.database(server(project), name, prepare=lambda conn: load(conn, project))


def release(project: Path) -> None:
    """Let go of the project's server before this process ends."""
    held = _servers.pop(embedded.home(project), None)
    if held:
        held.close()


def load(conn: psycopg.Connection, project: Path) -> None:
    """Put a fresh database of the Supabase shape into the production state.

    After an error part of it is there: `embedded.database` shows nobody such a database.
    """
    from ..sql import read_script  # the parser: most uses find the database made

    plan = read_plan(project)
    history.ensure(conn)
    for migration in plan.baseline:
        _run(conn, migration.script)
        history.insert(conn, migration)
    if plan.seed.exists():
        _run(conn, read_script(plan.seed, shown="migrations/seed.sql"))
    conn.execute("analyze")


def _run(conn: psycopg.Connection, script: Script) -> None:
    from ..plain import shared_roles
    from ..statements.failure import statement_failed
    from ..statements.transactions import split_parts

    for part in split_parts(script):
        with conn.transaction() if part[0].transactional else contextlib.nullcontext():
            for statement in part:
                try:
                    shared_roles.send(conn, statement)
                except psycopg.Error as error:
                    raise statement_failed(script, statement, error) from None
    reset_settings(conn)  # what one file sets must not meet the next
