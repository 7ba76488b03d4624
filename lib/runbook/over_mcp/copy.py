"""A copy of a target's schema without pg_dump, which needs a session: what was applied, replayed.

The history's rows run on an embedded database; then its catalog is held against the target's, read
over MCP. What somebody made there by hand is made here, too, from the catalog's own words; what
differs after that is said in words, never assumed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from .. import catalog, history
from ..catalog import Catalog
from ..drift.compare import Compared, compare
from ..drift.mending import mends, script
from ..drift.replay import replaying
from ..plan_file import read_plan
from ..promises.names import Names
from ..target import Target


@contextmanager
def replayed(target: Target) -> Iterator[tuple[psycopg.Connection, list[str]]]:
    """A database on which the target's history was replayed, gone afterwards; and what it lacks."""
    with target.connect(purpose="copy") as there:
        rows = history.read(there)
        actual = catalog.snapshot(there)
        roles = frozenset(name for [name] in there.execute("select rolname from pg_roles"))
        role = there.info.user
    with replaying(read_plan(target.project), rows) as (conn, made):
        compared = compare(actual, made.expected, made.platform, roles=roles, role=role)
        if _mended(conn, actual, made.expected, compared):
            left = catalog.snapshot(conn)
            compared = compare(actual, left, made.platform, roles=roles, role=role)
        unlike = [f"{version}: {why}" for version, why in made.failed]
        unlike += [
            f"{drift.change.kind} {drift.change.object}, {drift.what} on the target"
            for drift in compared.drifts
        ]
        if actual.major != made.expected.major:
            unlike.append(f"what PostgreSQL {actual.major} does otherwise")
        yield conn, unlike


def _mended(conn: psycopg.Connection, actual: Catalog, made: Catalog, compared: Compared) -> bool:
    """Make what the target has beyond its history; whether there was anything to make."""
    differing = [drift.change.names for drift in compared.drifts]
    changes = [
        change
        for change in catalog.diff(made, actual)
        # Also what comes with an object: its columns, its grants.
        if any(_within(names, change.names) for names in differing)
    ]
    for statement in script(mends(changes, actual)):
        with contextlib.suppress(psycopg.Error):  # what is lacking is seen by the next comparison
            conn.execute(statement)  # type: ignore[arg-type]
    return bool(changes)


def _within(names: Names, longer: Names) -> bool:
    """Whether one name is a part of another: a table's, of its column's."""
    starts = range(len(longer) - len(names) + 1)
    return any(longer[at : at + len(names)] == names for at in starts)
