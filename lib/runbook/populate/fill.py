"""Fill one table after the other with INSERT … SELECT … FROM generate_series, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import psycopg

from ..resources import query
from .fit import DEFAULTS, REQUIRED, SAMPLED, VARIED, Fit, Samples, fit, prepare_vectors
from .picks import AGREEING, FREE, NEEDED, Picks
from .shape import PLATFORM, Table

BATCH = 50_000
TRIAL = 200  # candidates that a level is tried with
VECTORS = 1_000
AHEAD = (1, 4, 16, 64)


class Way(NamedTuple):
    """How a table may be filled: how values and references are chosen, and how they go in."""

    level: str
    references: str
    one_by_one: bool = False

    def __str__(self) -> str:
        said = [self.level] + ([self.references] if self.references != FREE else [])
        return ", ".join(said + (["row by row"] if self.one_by_one else []))


# The most variety first; a table gets the first that its checks and triggers let pass.
WAYS = (
    *(Way(level, FREE) for level in (VARIED, DEFAULTS, SAMPLED)),
    *(Way(level, AGREEING) for level in (VARIED, DEFAULTS, SAMPLED, REQUIRED)),
    *(Way(level, NEEDED) for level in (VARIED, DEFAULTS, SAMPLED, REQUIRED)),
    *(Way(level, AGREEING, one_by_one=True) for level in (DEFAULTS, VARIED, REQUIRED)),
)
PEOPLE = (
    Way(REQUIRED, NEEDED),
    Way(VARIED, NEEDED),
)  # other schemas' tables: as little as possible


@dataclass(frozen=True)
class Filled:
    """What became of one table.

    Fields:
        table: its name.
        before, rows: how many it held, and how many it holds.
        how: the Way; "" where nothing was inserted.
        notes: why it is not full, or which references stayed empty.
    """

    table: str
    before: int
    rows: int
    how: str = ""
    notes: tuple[str, ...] = ()

    @property
    def inserted(self) -> int:
        return self.rows - self.before


@dataclass
class _Work:
    """What filling needs to know besides the table."""

    conn: psycopg.Connection
    rows: int
    vectors: int
    samples: Samples
    picks: Picks


def fill(
    conn: psycopg.Connection,
    tables: Sequence[Table],
    rows: int,
    samples: Samples,
    *,
    vectors: int = VECTORS,
    report: Callable[[Filled], None] = lambda filled: None,
) -> list[Filled]:
    """Fill every table up to `rows` rows; each is committed by itself.

    Args:
        conn: an idle connection in autocommit mode to an embedded database.
        tables: from `shape.read`, parents first.
        samples: rows to learn from.
        vectors: of a table with embeddings, so many rows get one: an index on them is dear.
        report: called after each table.
    """
    prepare_vectors(conn, tables)
    work = _Work(conn, rows, vectors, samples, Picks(conn, {table.oid: table for table in tables}))
    found = []
    for table in tables:
        found.append(_fill(work, table))
        work.picks.filled(table)
        report(found[-1])
    for table, key, said in work.picks.close_circles():
        place = next(n for n, each in enumerate(found) if each.table == table.title)
        if said:
            note = f"{', '.join(key.columns)} stays empty: {said}"
            found[place] = Filled(**{**vars(found[place]), "notes": (*found[place].notes, note)})
    return found


def _count(conn: psycopg.Connection, table: Table) -> int:
    [(rows,)] = conn.execute(f"select count(*) from {table.quoted}").fetchall()
    return rows


def _fill(work: _Work, table: Table) -> Filled:
    before = _count(work.conn, table)
    if before >= work.rows:
        return Filled(table.title, before, before, notes=("it has as many already",))
    missing = work.picks.missing(table)
    if missing:
        return Filled(table.title, before, before, notes=(missing,))
    reasons: list[str] = []
    for way in PEOPLE if table.schema in PLATFORM else WAYS:
        if way.level == SAMPLED and table.oid not in work.samples.rows:
            continue
        work.picks.manner = way.references
        taken = work.picks.columns(table)
        chosen = fit(work.conn, table, work.samples, way.level, taken, work.vectors)
        if chosen.unfit:
            reasons.append(f"nothing fits {', '.join(chosen.unfit)}")
            continue
        _also_email(table, chosen)
        reason = _try(work, table, chosen, before, one_by_one=way.one_by_one)
        if reason:
            reasons.append(reason)
        rows = _count(work.conn, table)
        if rows > before:
            work.conn.execute(f"analyze {table.quoted}")
            notes = () if rows >= work.rows else (reason or "no more rows fit",)
            return Filled(table.title, before, rows, str(way), notes)
    return Filled(table.title, before, before, notes=tuple(dict.fromkeys(reasons))[:3])


def _also_email(table: Table, chosen: Fit) -> None:
    """People of the platform are looked up by it."""
    if table.schema == "auth" and "email" in table.columns:
        chosen.expressions.setdefault("email", "'person' || i || '@example.com'")


def _try(work: _Work, table: Table, chosen: Fit, before: int, *, one_by_one: bool) -> str:
    """Insert what passes; why nothing did, or why it ended early, "" for neither."""
    statement(table, chosen, work.picks, 1, 1, 1)  # numbers the parents, and that must stay
    insert = _one_by_one if one_by_one else _run
    try:
        passing, first = 0, before + 1
        for ahead in AHEAD:
            if not passing:
                # An earlier call may have used these numbers: not every candidate became a row.
                first = before * ahead + 1
                with work.conn.transaction(force_rollback=True):
                    passing = insert(work, table, chosen, first, first + TRIAL - 1, TRIAL)
                    work.conn.execute("set constraints all immediate")
        if not passing:
            return "every row that was tried broke a check or was there already"
        share = max(TRIAL // passing, 1)
        most = BATCH * share if not one_by_one else BATCH // 10
        wanted, barren = work.rows - before, 0
        with work.conn.transaction():
            while wanted > 0 and barren < 3:
                size = min(max(wanted * share * 5 // 4, TRIAL * 4**barren), most)
                made = insert(work, table, chosen, first, first + size - 1, min(wanted, BATCH))
                # A full batch may have stopped early: its other candidates were not looked at.
                first, wanted, barren = first + size, wanted - made, 0 if made else barren + 1
    except psycopg.Error as error:
        if work.conn.closed:
            raise
        said = (error.diag.message_primary or str(error)).strip().partition("\n")[0]
        return f"{said} (SQLSTATE {error.sqlstate})"
    return ""


def _run(work: _Work, table: Table, chosen: Fit, first: int, last: int, at_most: int) -> int:
    text = statement(table, chosen, work.picks, first, last, at_most)
    return work.conn.execute(text, prepare=False).rowcount


def _one_by_one(work: _Work, table: Table, chosen: Fit, first: int, last: int, at_most: int) -> int:
    """The same, each row in a subtransaction: what a trigger refuses, it refuses alone."""
    columns, rows = candidates(table, chosen, work.picks, first, last)
    given = ", ".join(f"($1).{_id(name)}" for name in columns)
    names = ", ".join(map(_id, columns))
    insert = f"insert into {table.quoted} ({names}) select {given} on conflict do nothing"
    work.conn.execute("drop table if exists pg_temp.runbook_candidates")
    work.conn.execute(f"create temporary table runbook_candidates as {rows}", prepare=False)
    work.conn.execute(query("populate_one_by_one"))
    [(made,)] = work.conn.execute(
        "select pg_temp.runbook_insert(%s, %s)", (insert, at_most)
    ).fetchall()
    return made


def statement(table: Table, chosen: Fit, picks: Picks, first: int, last: int, at_most: int) -> str:
    """The INSERT that makes candidates from `first` to `last` and keeps those that pass."""
    columns, rows = candidates(table, chosen, picks, first, last)
    if not columns:
        return f"insert into {table.quoted} default values"
    names = ", ".join(map(_id, columns))
    return (
        f"insert into {table.quoted} ({names}) select {names} from ({rows}) as passing"
        f" order by i limit {at_most} on conflict do nothing"
    )


def candidates(
    table: Table, chosen: Fit, picks: Picks, first: int, last: int
) -> tuple[list[str], str]:
    """The columns, and the query of the rows that pass the checks."""
    picked = picks.joins(table, chosen.expressions)
    made = {**chosen.expressions, **picked.expressions}
    for name in chosen.sums:
        made.pop(name, None)
    columns = [*made, *(name for name in chosen.sums if chosen.expressions.get(name))]
    inner = ", ".join(["i", *(f"{text} as {_id(name)}" for name, text in made.items())])
    rows = f"select {inner} from generate_series({first}::bigint, {last}) as s (i) {picked.text}"
    if len(columns) > len(made):
        sums = ", ".join(f"{chosen.sums[name]} as {_id(name)}" for name in columns[len(made) :])
        rows = f"select part.*, {sums} from ({rows}) as part"
    passes = _passes(table, set(columns), picked.filters)
    return columns, f"select r.* from ({rows}) as r where {passes}"


def _passes(table: Table, columns: set[str], filters: Sequence[str]) -> str:
    """The checks that can be asked of the columns at hand; the others the table asks itself."""

    def conditions() -> Iterator[str]:
        yield from filters
        for names, text in table.checks.values():
            if names <= columns:
                yield f"({text}) is not false"
        if table.fits_partition:
            yield f"({table.fits_partition})"

    return " and ".join(conditions()) or "true"


def _id(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
