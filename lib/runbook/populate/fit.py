"""Which expression fills which column: tried against the column's own checks, on twenty rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from . import hints, values
from .shape import Column, Table

TRIED = 20
SAMPLES = 10
PARTS = 100  # vectors are sums of two of so many
VARIED, DEFAULTS, SAMPLED, REQUIRED = (
    "varied", "defaults kept", "after sample rows", "only what is required"
)  # fmt: skip


@dataclass
class Samples:
    """Rows that exist or that scenarios insert, by table oid, as JSON objects."""

    rows: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def look(self, conn: psycopg.Connection, tables: Sequence[Table]) -> None:
        """Take some rows of each table that there are none of yet."""
        for table in tables:
            if table.oid not in self.rows:
                found = conn.execute(
                    f"select to_jsonb(t)::text from {table.quoted} as t order by 1 limit {SAMPLES}"
                ).fetchall()
                if found:
                    self.rows[table.oid] = [json.loads(row) for (row,) in found]

    def of(self, table: Table, column: Column) -> list[str]:
        """What the sample rows hold there, as SQL, each once; clock times are left out."""
        held = [row.get(column.name) for row in self.rows.get(table.oid, [])]
        if column.category == "D" or column.type in (*values.VECTORS, "uuid"):
            return []
        said = [_as_sql(value, column) for value in held if value is not None]
        return list(dict.fromkeys(text for text in said if text))


def _as_sql(value: Any, column: Column) -> str:
    if column.type in ("json", "jsonb"):
        return values.literal(json.dumps(value, ensure_ascii=False))
    if isinstance(value, list):
        if any(isinstance(each, (list, dict)) for each in value):
            return ""
        members = ", ".join(values.literal(str(each)) for each in value)
        return f"array[{members}]::{column.inner}[]" if value else "'{}'"
    return "" if isinstance(value, dict) else values.literal(str(value))


@dataclass
class Fit:
    """How each column of a table is filled: an expression over `i`; what is missing stays out."""

    expressions: dict[str, str] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)
    unfit: list[str] = field(default_factory=list)
    """Required columns that nothing fits."""


def fit(
    conn: psycopg.Connection, table: Table, samples: Samples, level: str, taken: set[str],
    vectors: int,
) -> Fit:  # fmt: skip
    """Choose an expression for each column that no key fills.

    Args:
        level: VARIED makes up all it can, DEFAULTS leaves out what has a default, SAMPLED takes the
            values of one sample row, REQUIRED leaves out what may be null.
        taken: columns that foreign keys fill.
        vectors: rows with an embedding; the others have none.
    """
    chosen = Fit()
    together = _together(table)
    for _, expression in table.checks.values():
        known = hints.sums(expression)
        chosen.sums |= {k: v for k, v in known.items() if k in table.columns and k not in taken}
    for column in table.columns.values():
        if column.generated or column.counted or column.name in taken:
            chosen.sums.pop(column.name, None)
            continue
        apart = any(names == (column.name,) for names in table.unique) or any(
            column.name in names and not set(names) & taken for names in table.unique
        )
        if not _wanted(table, column, level, apart):
            chosen.sums.pop(column.name, None)
            continue
        expression = _first(conn, table, column, samples, level, vectors, apart=apart)
        if expression is None:
            if column.required and not column.has_default:
                chosen.unfit.append(column.name)
            continue
        if column.name in together and not column.required and not apart:
            half = values.mixed(f"{table.quoted}.{column.name} or null", 2)
            expression = f"case when {half} = 0 then {expression} end"
        chosen.expressions[column.name] = expression
    return chosen


def _together(table: Table) -> set[str]:
    """Columns that some check looks at together with others."""
    return {name for names, _ in table.checks.values() if len(names) > 1 for name in names}


def _wanted(table: Table, column: Column, level: str, apart: bool) -> bool:
    needed = column.required and not column.has_default
    if needed or apart or level in (VARIED, SAMPLED):
        return True
    steady = column.type == "uuid" or column.category == "D"  # else the clock or chance fills it
    if column.has_default:
        return steady and column.required
    return level == DEFAULTS


def _first(
    conn: psycopg.Connection, table: Table, column: Column, samples: Samples, level: str,
    vectors: int, *, apart: bool,
) -> str | None:  # fmt: skip
    """The first candidate that the column's type and its own checks take."""
    held = samples.of(table, column)
    if column.type in values.VECTORS:
        return _vector(table, column, vectors)
    if level == SAMPLED and not apart and table.oid in samples.rows:
        row = samples.rows[table.oid][0]
        if row.get(column.name) is None:
            return None
        if held:
            return f"({held[0]})::{column.written}"
    own = [text for names, text in table.checks.values() if names == {column.name}]
    asked = own + ([table.fits_partition] if table.fits_partition else [])
    known = [value for text in asked for value in hints.constants(text).get(column.name, [])]
    salt = table.quoted
    for expression in values.candidates(salt, column, known, held, apart=apart):
        if _fits(conn, column, expression, own, apart=apart):
            return expression
    return None


def _fits(
    conn: psycopg.Connection, column: Column, expression: str, checks: list[str], *, apart: bool
) -> bool:
    name = '"' + column.name.replace('"', '""') + '"'
    hold = " and ".join(f"({check})" for check in checks) or "true"
    try:
        with conn.transaction(force_rollback=True):
            [(holds, filled, different)] = conn.execute(
                f"select coalesce(bool_and({hold}), true), count({name}),"
                f" count(distinct ({name})::text)"
                f" from (select {expression} as {name} from generate_series(1::bigint, {TRIED})"
                " as s (i)) as r",
                prepare=False,
            ).fetchall()
    except psycopg.Error:
        if conn.closed:
            raise
        return False
    return holds and filled == TRIED and (not apart or different == TRIED)


def _vector(table: Table, column: Column, vectors: int) -> str | None:
    if column.mod < 1:
        return None  # of any length: an index on it is no help either
    schema, dot, _ = column.written.rpartition(".")
    plus = f"operator({schema}.+)" if dot else "+"
    salt = f"{table.quoted}.{column.name}"
    one, two = values.mixed(salt + " a", PARTS), values.mixed(salt + " b", PARTS)
    parts = vector_table(column)
    return (
        f"case when i <= {vectors} then (select x.v {plus} y.v from {parts} as x, {parts} as y"
        f" where x.n = {one} and y.n = {two}) end"
    )


def vector_table(column: Column) -> str:
    """The temporary table of parts that vectors of this type and length are made of."""
    return f"pg_temp.runbook_{column.type}_{column.mod}"


def prepare_vectors(conn: psycopg.Connection, tables: Sequence[Table]) -> None:
    """Make those temporary tables: directions that look arbitrary, the same every time."""
    columns = [c for t in tables for c in t.columns.values() if c.type in values.VECTORS]
    for column in {vector_table(each): each for each in columns if each.mod > 0}.values():
        conn.execute(
            f"create temporary table if not exists {vector_table(column)} as"
            f" select n, array_agg(((hashint8extended(n * 100000 + d, 7) & 65535) / 32768.0 - 1)"
            f"::float4 order by d)::{column.written} as v"
            f" from generate_series(0, {PARTS - 1}) as p (n),"
            f" generate_series(1::bigint, {column.mod}) as q (d) group by n"
        )
