"""The ground that access is measured on: one table, and the rows that a scenario put into it.

The rows are found without trusting anybody: by their xmin, which no other transaction can have.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from ..resources import query

# A table's size matters only up to here; counting further would cost more the larger it is.
COUNTED = 10_000

_FRESH = """
select pg_catalog.count(*) over (), tableoid::text, ctid::text, {columns}
  from {table} where pg_catalog.age(xmin) <= pg_catalog.age({xid}::xid)
  order by cmin::text::bigint, tableoid, ctid limit {limit}
"""
_SIZE = "select pg_catalog.count(*) from (select from {table} limit {limit}) as counted"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Fields:
        tied: 2 when a constraint or unique index covers it, 1 when another index does, else 0.
        may: for each role, which of SELECT, INSERT, UPDATE it holds on it.
    """

    name: str
    generated: bool
    identity_always: bool
    in_key: bool
    tied: int
    may: dict[str, frozenset[str]] = field(hash=False)


@dataclass(slots=True)
class Ground:
    """One table and the scenario's rows in it.

    Fields:
        name: as the file or the caller writes it; quoted: as SQL takes it.
        kind: pg_class.relkind.
        fresh: whether the transaction wrote into it at all.
        columns: in order, dropped ones left out.
        rows: for each row its (tableoid, ctid) and its values as text, column by column.
        total: how many rows the scenario inserted; more than `rows` when there were too many.
        size: how many rows the table holds, counted up to COUNTED + 1.
    """

    name: str
    quoted: str
    kind: str
    fresh: bool
    columns: tuple[Column, ...]
    rows: list[tuple[tuple[str, str], tuple[str | None, ...]]] = field(default_factory=list)
    total: int = 0
    size: int = 0

    @property
    def table(self) -> SQL:
        return SQL(self.quoted)

    def key(self) -> list[int]:
        """Positions of the primary key's columns; none when there is no primary key."""
        return [at for at, column in enumerate(self.columns) if column.in_key]

    def allowed(self, role: str, privilege: str) -> list[int]:
        """Positions of the columns on which the role holds the privilege."""
        return [
            at
            for at, column in enumerate(self.columns)
            if privilege in column.may.get(role, frozenset())
        ]


def survey(conn: psycopg.Connection, names: list[str], roles: list[str]) -> dict[str, Ground]:
    """Look the tables up; names that do not exist are missing from the answer."""
    found: dict[str, list[tuple]] = {}
    rows = conn.execute(query("access_tables"), {"tables": names, "roles": roles}).fetchall()
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return {name: _ground(rows) for name, rows in found.items()}


def _ground(rows: list[tuple]) -> Ground:
    name, quoted, kind, fresh = rows[0][:4]
    columns: dict[str, Column] = {}
    for _, _, _, _, role, column, generated, always, in_key, tied, *may in rows:
        held = columns.setdefault(column, Column(column, generated, always, in_key, tied, {}))
        privileges = zip(("SELECT", "INSERT", "UPDATE"), may, strict=True)
        held.may[role] = frozenset(privilege for privilege, yes in privileges if yes)
    return Ground(name, quoted, kind, fresh, tuple(columns.values()))


def find_rows(conn: psycopg.Connection, ground: Ground, *, xid: str, limit: int) -> None:
    """Fill in the rows that the transaction wrote; the current role must be able to see all."""
    if not ground.fresh:
        return
    columns = SQL(", ").join(SQL("{}::text").format(Identifier(c.name)) for c in ground.columns)
    statement = SQL(_FRESH).format(
        columns=columns, table=ground.table, xid=Literal(xid), limit=Literal(limit)
    )
    found = conn.execute(statement).fetchall()
    ground.total = found[0][0] if found else 0
    ground.rows = [((oid, ctid), tuple(values)) for _, oid, ctid, *values in found]
    size = SQL(_SIZE).format(table=ground.table, limit=Literal(COUNTED + 1))
    ground.size = conn.execute(size).fetchone()[0]


def existed(conn: psycopg.Connection, ground: Ground) -> set[int]:
    """Which of the rows are there now, by primary key: asked once the scenario is taken back."""
    if not (key := ground.key()) or not ground.rows:
        return set()
    if conn.execute("select pg_catalog.to_regclass(%s)", [ground.quoted]).fetchone()[0] is None:
        return set()
    return positions(ground, key, conn.execute(select(ground, key)).fetchall())


def select(ground: Ground, key: list[int]) -> Composed:
    """The keys of those of the rows that are visible."""
    return SQL("select {} from {} where {}").format(
        names(ground, key), ground.table, among(ground, key)
    )


def names(ground: Ground, columns: list[int]) -> Composed:
    """Columns as text, the form in which the rows are kept."""
    return SQL(", ").join(
        SQL("{}::text").format(Identifier(ground.columns[at].name)) for at in columns
    )


def among(ground: Ground, key: list[int]) -> Composed:
    """`(k1, k2) in ((…), …)`: the scenario's rows, by primary key."""
    names = SQL(", ").join(Identifier(ground.columns[at].name) for at in key)
    rows = (SQL(", ").join(Literal(values[at]) for at in key) for _, values in ground.rows)
    return SQL("({}) in ({})").format(
        names, SQL(", ").join(SQL("({})").format(row) for row in rows)
    )


def where(ground: Ground, at: int, readable: list[int]) -> Composed | SQL:
    """One row, by its key if the role may read it, else by all that it may read."""
    key = ground.key()
    columns = key if key and set(key) <= set(readable) else readable
    if not columns:
        return SQL("")
    same = (
        SQL("{}::text is not distinct from {}").format(
            Identifier(ground.columns[column].name), Literal(ground.rows[at][1][column])
        )
        for column in columns
    )
    return SQL("where {}").format(SQL(" and ").join(same))


def positions(ground: Ground, key: list[int], rows: list[tuple]) -> set[int]:
    """Which of the rows have these keys."""
    at_key = {tuple(values[k] for k in key): at for at, (_, values) in enumerate(ground.rows)}
    return {at_key[row] for row in rows if row in at_key}
