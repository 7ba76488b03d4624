"""What foreign keys hold: rows of the parents, numbered once each in a temporary table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import psycopg

from .shape import Key, Table
from .values import mixed

FEW = 10  # children lean on a tenth of the parents, so that some have several
# How references are chosen: any row; where two lead to one table in the end, by way of the same row
# there; only those that must be.
FREE, AGREEING, NEEDED = "", "references agree", "required references only"


def _id(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _any_required(table: Table, key: Key) -> bool:
    return any(table.columns[name].required for name in key.columns)


@dataclass
class Joined:
    """The references of one statement."""

    text: str = ""
    expressions: dict[str, str] = field(default_factory=dict)
    filters: list[str] = field(default_factory=list)


class Picks:
    """The rows that references can lead to."""

    def __init__(self, conn: psycopg.Connection, tables: Mapping[int, Table]) -> None:
        self._conn, self._tables = conn, tables
        self._done: set[int] = set()
        self._numbered: dict[tuple[object, ...], tuple[str, int]] = {}
        self._later: list[tuple[Table, Key]] = []
        self.manner = FREE

    def filled(self, table: Table) -> None:
        """From now on others can refer to it."""
        self._done.add(table.oid)

    def missing(self, table: Table) -> str:
        """Why a required reference cannot be filled; "" when all can."""
        for key in self._keys(table):
            if not table.required(key):
                continue
            if key.parent == table.oid:
                if any(table.columns[name].counted for name in key.parent_columns):
                    return f"{', '.join(key.columns)} must lead to a row of its own table"
            elif not self._rows(key)[1]:
                title = self._tables[key.parent].title
                return f"{title}, which {', '.join(key.columns)} refers to, has no rows"
        return ""

    def columns(self, table: Table) -> set[str]:
        """The columns that references fill."""
        return {name for key in table.keys for name in key.columns}

    def joins(self, table: Table, expressions: Mapping[str, str]) -> Joined:
        """What to join to the numbers `i` for the table's references."""
        joined = Joined()
        first = self._one_each(table)
        for number, key in enumerate(self._keys(table)):
            if self.manner == NEEDED and not _any_required(table, key):
                continue
            if key.parent == table.oid or key.parent not in self._done:
                self._wait(table, key, joined, expressions)
                continue
            self._join(table, key, f"k{number}", joined, first)
        return joined

    def _keys(self, table: Table) -> list[Key]:
        """The widest first, as a narrow one often follows from it; then those to simple tables."""

        def order(key: Key) -> tuple[int, int, bool]:
            onward = len(self._tables[key.parent].keys) if self.manner == AGREEING else 0
            return (-len(key.columns), onward, not table.required(key))

        return sorted(table.keys, key=order)

    def _one_each(self, table: Table) -> set[str]:
        """Of what is unique by references alone, the reference to take in turn, not at random."""
        columns = self.columns(table)
        return {names[0] for names in table.unique if names and set(names) <= columns}

    def _wait(self, table: Table, key: Key, joined: Joined, expressions: Mapping[str, str]) -> None:
        """A reference to its own table, or into a circle: empty now, closed at the end."""
        free = [name for name in key.columns if name not in joined.expressions]
        if table.required(key):
            pairs = zip(key.columns, key.parent_columns, strict=True)
            joined.expressions |= {a: expressions[b] for a, b in pairs if b in expressions}
        elif free and (table, key) not in self._later:
            self._later.append((table, key))

    def _join(self, table: Table, key: Key, alias: str, joined: Joined, first: set[str]) -> None:
        held = [name for name in key.columns if name in joined.expressions]
        pairs = dict(zip(key.columns, key.parent_columns, strict=True))
        if len(held) == len(key.columns):
            same = " and ".join(f"p.{_id(pairs[n])} = r.{_id(n)}" for n in held)
            nulls = " or ".join(f"r.{_id(n)} is null" for n in held)
            parent = self._tables[key.parent].quoted
            joined.filters.append(f"({nulls} or exists (select from {parent} as p where {same}))")
            return
        common = {} if held or self.manner != AGREEING else self._common(table, key, joined)
        shared = (*(pairs[name] for name in held), *common)
        name, rows = self._rows(key, shared)
        if not rows:
            return
        salt = f"{table.quoted}.{key.name}"
        if shared:
            alike = {pairs[name]: joined.expressions[name] for name in held} | common
            same = " and ".join(f"{alias}.{_id(n)} = {text}" for n, text in alike.items())
            place = f"{same} and {alias}.n = 1 + {mixed(salt, f'{alias}.m')}"
        elif set(key.columns) & first:
            place = f"{alias}.n = 1 + mod(i - 1, {rows})"
        else:
            place = f"{alias}.n = 1 + {mixed(salt, max(rows // FEW, min(rows, FEW)))}"
        joined.text += f" left join {name} as {alias} on {place}"
        for column in key.columns:
            if column in joined.expressions:
                continue
            picked = f"{alias}.{_id(pairs[column])}"
            if table.columns[column].required:
                joined.filters.append(f"r.{_id(column)} is not null")
            elif column not in first:
                some = mixed(salt + " or null", 4)
                picked = f"case when {some} > 0 then {picked} end"
            joined.expressions[column] = picked

    def _common(self, table: Table, key: Key, joined: Joined) -> dict[str, str]:
        """A column of the parent, and what it must hold for both references to lead to one row."""
        roots = {self._root(table, name): text for name, text in joined.expressions.items()}
        parent = self._tables[key.parent]
        for other in parent.keys:
            for name in other.columns:
                root = self._root(parent, name)
                if root in roots and name not in key.parent_columns:
                    return {name: roots[root]}
        return {}

    def _root(self, table: Table, column: str) -> tuple[int, str]:
        """Where a column's value comes from in the end, as table and column."""
        seen = set()
        while (table.oid, column) not in seen:
            seen.add((table.oid, column))
            for key in table.keys:
                if column in key.columns and key.parent != table.oid:
                    column = key.parent_columns[key.columns.index(column)]
                    table = self._tables[key.parent]
                    break
        return table.oid, column

    def _rows(self, key: Key, shared: tuple[str, ...] = ()) -> tuple[str, int]:
        """The temporary table that numbers the parents, and how many they are."""
        wanted = (key.parent, key.parent_columns, shared)
        if wanted in self._numbered:
            return self._numbered[wanted]
        name = f"pg_temp.runbook_keys_{len(self._numbered)}"
        columns = ", ".join(map(_id, dict.fromkeys((*key.parent_columns, *shared))))
        groups = f"partition by {', '.join(map(_id, shared))} " if shared else ""
        counted = f", count(*) over ({groups}) as m" if shared else ""
        self._conn.execute(
            f"create temporary table {name} as select {columns},"
            f" row_number() over ({groups}order by {columns}) as n{counted}"
            f" from (select distinct {columns} from {self._tables[key.parent].quoted}) as each"
        )
        [(rows,)] = self._conn.execute(f"select count(*) from {name}").fetchall()
        self._conn.execute(f"analyze {name}")
        if key.parent in self._done:
            self._numbered[wanted] = (name, rows)
        return name, rows

    def close_circles(self) -> Iterator[tuple[Table, Key, str]]:
        """Fill the references that had to wait; what kept one from it, "" when nothing did."""
        for table, key in self._later:
            said = ""
            try:
                with self._conn.transaction():
                    self._close(table, key)
            except psycopg.Error as error:
                if self._conn.closed:
                    raise
                said = (error.diag.message_primary or str(error)).strip()
            yield table, key, said

    def _close(self, table: Table, key: Key) -> None:
        """Rows without the reference get one; in its own table, to a row before it."""
        held = [name for name in key.columns if table.columns[name].required]
        free = [name for name in key.columns if name not in held]
        pairs = dict(zip(key.columns, key.parent_columns, strict=True))
        name, rows = self._rows(key, tuple(pairs[each] for each in held))
        own = key.parent == table.oid
        order = ", ".join(f"t.{_id(n)}" for n in (key.parent_columns if own else key.columns))
        groups = f"partition by {', '.join(f't.{_id(n)}' for n in held)} " if held else ""
        below = "greatest(i - 1, 1)" if own else (f"{'k.m' if held else rows}")
        same = "".join(f" and k.{_id(pairs[n])} = c.{_id(n)}" for n in held)
        empty = " and ".join(f"t.{_id(n)} is null" for n in free)
        others = "".join(f", t.{_id(n)}" for n in held)
        salt = f"{table.quoted}.{key.name}"
        sets = ", ".join(f"{_id(n)} = k.{_id(pairs[n])}" for n in free)
        self._conn.execute(
            f"with c as (select t.ctid as place, t.tableoid as part{others},"
            f" row_number() over ({groups}order by {order}, t.ctid) as i"
            f" from {table.quoted} as t where {'true' if own else empty})"
            f" update {table.quoted} as t set {sets} from c, {name} as k"
            f" where t.ctid = c.place and t.tableoid = c.part and {empty}"
            f" and k.n = 1 + {mixed(salt, below)}{same}"
            f" and {'c.i > 1 and' if own else ''} {mixed(salt + ' or null', 4)} > 0"
        )
