"""A copy of a target's schema without pg_dump, which needs a session: what was applied, replayed.

The history's rows run on an embedded database; then its catalog is held against the target's, read
over MCP. What differs, made there by hand or by another tool, is said in words, never assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from .. import catalog, history
from ..drift.compare import compare
from ..drift.replay import replaying
from ..plan_file import read_plan
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
        unlike = [f"{version}: {why}" for version, why in made.failed]
        unlike += [
            f"{drift.change.kind} {drift.change.object}, {drift.what} on the target"
            for drift in compared.drifts
        ]
        if actual.major != made.expected.major:
            unlike.append(f"what PostgreSQL {actual.major} does otherwise")
        yield conn, unlike
