"""What another tool's own history says is applied: the evidence by which a database is taken over.

Only read. Versions are compared as numbers, since tools pad and store them in their own ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import psycopg
from psycopg import sql

from ..plan import Migration
from ..resources import query


class Other(NamedTuple):
    """A table that a tool keeps: its name, the tool's, and the versions that it holds."""

    table: str
    tool: str
    versions: frozenset[int]
    up_to: int | None = None
    """Where a tool keeps its last version only: that, and all before it are applied."""
    unsure: str = ""
    """Why the table is not believed, in words."""

    def holds(self, migration: Migration) -> bool:
        """Whether the tool says that it applied this one."""
        if not migration.version.isdecimal() or self.unsure:
            return False
        number = int(migration.version)
        return number in self.versions or (self.up_to is not None and number <= self.up_to)


class _Tool(NamedTuple):
    name: str
    table: str
    columns: frozenset[str]
    """Those that tell it from others' tables of the same name; all of them must be there."""
    asks: str
    read: Callable[[str, Sequence[tuple]], Other]


def _each(table: str, tool: str, rows: Sequence[tuple]) -> Other:
    numbers = (str(version) for (version,) in rows)
    return Other(table, tool, frozenset(int(n) for n in numbers if n.isdecimal()))


def _last(table: str, rows: Sequence[tuple]) -> Other:
    tool = "golang-migrate"
    if any(dirty for _, dirty in rows):
        return Other(table, tool, frozenset(), unsure="its last migration failed (dirty)")
    return Other(table, tool, frozenset(), up_to=max((int(v) for v, _ in rows), default=None))


_TOOLS = (
    _Tool("golang-migrate", "schema_migrations", frozenset({"version", "dirty"}),
          "select version::text, dirty from {}", _last),
    _Tool("dbmate", "schema_migrations", frozenset({"version"}),
          "select version::text from {}", lambda t, rows: _each(t, "dbmate", rows)),
    _Tool("Flyway", "flyway_schema_history", frozenset({"version", "success", "installed_rank"}),
          "select version::text from {} where success and version is not null",
          lambda t, rows: _each(t, "Flyway", rows)),
    _Tool("goose", "goose_db_version", frozenset({"version_id", "is_applied", "id"}),
          "select version_id::text from (select distinct on (version_id) version_id, is_applied"
          " from {} order by version_id, id desc) as last where is_applied and version_id > 0",
          lambda t, rows: _each(t, "goose", rows)),
)  # fmt: skip
TABLES = frozenset(tool.table for tool in _TOOLS)
# With the sequences of their keys.
OBJECTS = TABLES | {f"{table}_id_seq" for table in TABLES}


def others(conn: psycopg.Connection) -> list[Other]:
    """The histories of other tools in this database that we may read, with what they hold."""
    found = []
    for schema, name, columns in conn.execute(query("other_histories"), [sorted(TABLES)]):
        tool = next((t for t in _TOOLS if t.table == name and t.columns <= set(columns)), None)
        if tool is None:
            continue
        asks = sql.SQL(tool.asks).format(sql.Identifier(schema, name))  # type: ignore[arg-type]
        found.append(tool.read(f"{schema}.{name}", conn.execute(asks).fetchall()))
    return found
