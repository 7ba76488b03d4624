"""What the catalog says about the tables to fill, as values, in an order that can be filled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg

from ..resources import query

PLATFORM = (
    "auth", "storage", "realtime", "_realtime", "vault", "extensions", "graphql", "graphql_public",
    "pgbouncer", "pgsodium", "pgsodium_masks", "supabase_functions", "supabase_migrations", "cron",
    "net", "pgmq", "pgmq_public", "pgtle", "_analytics", "_supavisor", "runbook",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column.

    Fields:
        written: its type as SQL; `type`, `kind`, `category`, `mod`: of the type below its domain.
        longest: characters that fit; None: as many as you like.
        inner, inner_name: the type of an array's elements or of a range's bounds.
        labels: of an enum, or of an enum's array.
        required: it may not be null.
        counted: an identity or a sequence fills it.
        generated, has_default: computed by the server; filled by it when left out.
    """

    name: str
    written: str
    type: str
    kind: str
    category: str
    longest: int | None
    mod: int
    inner: str
    inner_name: str
    labels: tuple[str, ...]
    required: bool
    counted: bool
    generated: bool
    has_default: bool


@dataclass(frozen=True)
class Key:
    """A foreign key; `parent` is the other table's oid."""

    name: str
    columns: tuple[str, ...]
    parent: int
    parent_columns: tuple[str, ...]


@dataclass
class Table:
    """One table. `fits_partition` is what a row must satisfy to have a partition; "" for any."""

    oid: int
    schema: str
    name: str
    quoted: str
    fits_partition: str
    columns: dict[str, Column] = field(default_factory=dict)
    checks: dict[str, tuple[frozenset[str], str]] = field(default_factory=dict)
    unique: list[tuple[str, ...]] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)

    def required(self, key: Key) -> bool:
        """Whether a row must have this reference."""
        return all(self.columns[name].required for name in key.columns)

    @property
    def title(self) -> str:
        return self.quoted


def read(conn: psycopg.Connection) -> list[Table]:
    """The tables to fill, each after those that its required references lead to."""
    rows = conn.execute(query("populate_tables"), {"platform": list(PLATFORM)}).fetchall()
    tables = {row[0]: Table(*row) for row in rows}
    given = {"tables": list(tables)}
    for oid, *row in conn.execute(query("populate_columns"), given).fetchall():
        column = Column(*row[:9], tuple(row[9]), *row[10:])
        tables[oid].columns[column.name] = column
    for oid, kind, name, columns, expression, parent, others in conn.execute(
        query("populate_constraints"), given
    ).fetchall():
        _constrain(tables[oid], kind, name, tuple(columns), expression, parent, tuple(others))
    return _ordered(tables)


def _constrain(
    table: Table, kind: str, name: str, columns: tuple[str, ...], expression: str, parent: Any,
    others: tuple[str, ...],
) -> None:  # fmt: skip
    if kind == "c":
        table.checks[name] = (frozenset(columns), expression)
    elif kind == "u":
        table.unique.append(columns)
    else:
        table.keys.append(Key(name, columns, parent, others))


def _ordered(tables: dict[int, Table]) -> list[Table]:
    """Parents first. In a circle a table goes first whose references there may be null."""
    done: dict[int, Table] = {}
    while waiting := [table for table in tables.values() if table.oid not in done]:
        ready = [table for table in waiting if _ready(table, done, optional=True)]
        if not ready:
            ready = [table for table in waiting if _ready(table, done, optional=False)][:1]
        done |= {table.oid: table for table in ready or waiting[:1]}
    return list(done.values())


def _ready(table: Table, done: dict[int, Table], *, optional: bool) -> bool:
    asked = (key for key in table.keys if optional or table.required(key))
    return all(key.parent in done or key.parent == table.oid for key in asked)
