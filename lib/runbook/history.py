"""What is applied: supabase_migrations.schema_migrations, shared with the Supabase CLI.

The table holds versions, names and statements and no times; when and by whom is the ledger's. It
is never given columns of our own, because `supabase migration repair` and `db reset` rewrite it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import psycopg

from .errors import FileInvalid
from .plan import Migration, Plan
from .resources import query
from .servers import met
from .statements.sameness import holds_exactly, normalized, same_sql

TABLE = "supabase_migrations.schema_migrations"


@dataclass(frozen=True)
class Row:
    """One applied version; `statements` is None where nobody wrote them (a repair does not)."""

    version: str
    name: str
    statements: tuple[str, ...] | None


@dataclass(frozen=True)
class History:
    """The history table held against the plan; every tuple in version order.

    Files are read when somebody asks what their SQL decides, and only those that decide it.

    Fields:
        plan: the plan.
        rows: the table's rows in version order.
    """

    plan: Plan = field(repr=False)
    rows: tuple[Row, ...] = field(repr=False)

    @cached_property
    def _known(self) -> dict[str, Migration]:
        return {migration.version: migration for migration in self.plan.everything}

    @cached_property
    def _ours(self) -> dict[str, Row]:
        return {row.version: row for row in self.rows if row.version in self._known}

    @cached_property
    def applied(self) -> tuple[Row, ...]:
        """In the table and in the plan, the same SQL (or SQL that nobody wrote down)."""
        edited = {row.version for row in self.edited}
        return tuple(row for row in self._ours.values() if row.version not in edited)

    @cached_property
    def pending(self) -> tuple[Migration, ...]:
        """In the plan, not in the table."""
        return tuple(m for m in self.plan.everything if m.version not in self._ours)

    @cached_property
    def edited(self) -> tuple[Row, ...]:
        """Applied, but the file says something else now."""
        return tuple(row for row in self._ours.values() if self.is_edited(row.version))

    @cached_property
    def foreign(self) -> tuple[Row, ...]:
        """In the table, not in the plan."""
        return tuple(row for row in self.rows if row.version not in self._known)

    @cached_property
    def restamped(self) -> tuple[tuple[Row, Migration], ...]:
        """Foreign rows that hold the SQL of a pending file (of a row without SQL: its name).

        As (row, migration): Supabase's apply_migration stamps versions of its own.
        """
        return tuple(_restamped(self.foreign, self.pending)) if self.foreign else ()

    @cached_property
    def out_of_order(self) -> tuple[Migration, ...]:
        """Pending, though a later one is applied."""
        latest = max(self._ours, default="")
        return tuple(m for m in self.pending if m.version < latest)

    def holds(self, version: str) -> bool:
        """Whether this version is in the table, edited or not."""
        return version in self._ours

    def is_edited(self, version: str) -> bool:
        """Whether this version is in the table, and its file says something else now."""
        row = self._ours.get(version)
        return row is not None and _edited(row, self._known[version])


def holds(conn: psycopg.Connection, version: str) -> bool:
    """Whether this version is in the table, asked now."""
    return bool(read(conn, version))


def read(conn: psycopg.Connection, version: str | None = None) -> list[Row]:
    """The table's rows in version order, or one's; none where the table does not exist yet."""
    rows = met.rows(conn, TABLE, query("history_read"), {"version": version})
    return [Row(v, n, None if s is None else tuple(s)) for v, n, s in rows]


def classify(plan: Plan, rows: Sequence[Row]) -> History:
    """Hold the rows against the plan. Files are parsed only where their text was not stored."""
    return History(plan, tuple(rows))


def ensure(conn: psycopg.Connection) -> None:
    """Create the table where it is missing, as the Supabase CLI would."""
    if not met.exists(
        conn, TABLE
    ):  # a role that may not create schemas can still use the one that is there
        conn.execute(query("history_ensure"))


def insert(conn: psycopg.Connection, migration: Migration) -> None:
    """Write the row of a migration; part of the caller's transaction."""
    conn.execute(*insertion(migration))


def insertion(migration: Migration) -> tuple[str, list[object]]:
    """The statement that writes the row of a migration, and its parameters."""
    return (
        "insert into supabase_migrations.schema_migrations (version, name, statements)"
        " values (%s, %s, %s)",
        [migration.version, migration.name, list(migration.script.sources)],
    )


def delete(conn: psycopg.Connection, version: str) -> bool:
    """Take the row of a version out; part of the caller's transaction. Whether there was one."""
    done = conn.execute(
        "delete from supabase_migrations.schema_migrations where version = %s", [version]
    )
    return done.rowcount == 1


def _restamped(
    foreign: Sequence[Row], pending: Sequence[Migration]
) -> Iterator[tuple[Row, Migration]]:
    """Foreign rows and the pending file whose SQL they hold; of a bare row its name decides."""
    written = [row for row in foreign if row.statements]
    normal = {}
    for migration in pending if written else ():
        with contextlib.suppress(FileInvalid):
            script = replace(migration).script
            for reading in (script.sources, [s.source for s in script.statements]):
                normal[normalized(reading)] = migration
    taken: set[str] = set()
    for row in foreign:
        found = normal.get(normalized(row.statements)) if row.statements else None
        if not row.statements:
            found = next((m for m in pending if row.name and row.name == m.name), None)
        if found and found.version not in taken:
            taken.add(found.version)
            yield row, found


def _edited(row: Row, migration: Migration) -> bool:
    if not row.statements:
        return False
    try:
        if holds_exactly(migration.path.read_text(encoding="utf-8"), row.statements):
            return False
        # Read anew: a kernel may hold a migration that was read before somebody edited its file.
        script = replace(migration).script
        # With or without the BEGIN and COMMIT that the runbook takes off.
        readings = (script.sources, [s.source for s in script.statements])
        return not any(same_sql(row.statements, reading) for reading in readings)
    except (OSError, UnicodeDecodeError, FileInvalid):
        return True  # it was applied from a file that could be read; this one cannot
