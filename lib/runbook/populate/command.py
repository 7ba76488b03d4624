"""`runbook populate`: rows for an embedded database; anything else is refused."""

from __future__ import annotations

import argparse
from pathlib import Path

import psycopg

from .. import history, scenario
from ..cli import emit, say
from ..errors import Refused
from ..plan import Plan
from ..plan_file import read_plan
from ..project import find_project
from ..target import Target, leave_session, open_target
from . import fill, shape
from .fill import Filled
from .fit import Samples


def populate(options: argparse.Namespace) -> int:
    """Fill every table up to --rows; exit 3 when one stays without a row."""
    root = find_project(options.project)
    target = open_target(options.target, root)
    if options.rows < 1:
        raise Refused("--rows must be 1 or more.", remedy="Say how many rows a table should hold.")
    found = populated(
        target, read_plan(root), options.rows, only=options.table, vectors=options.vectors,
        report=None if options.json else _line,
    )  # fmt: skip
    if options.json:
        emit({"target": target.name, "rows": options.rows,
              "tables": [{**vars(each), "inserted": each.inserted} for each in found]})  # fmt: skip
    else:
        empty = [each.table for each in found if not each.rows]
        made = sum(each.inserted for each in found)
        say(f"{target.name}: {made:,} rows in {len(found)} tables"
            + (f"; without any: {', '.join(empty)}" if empty else ""))  # fmt: skip
    return 0 if all(each.rows for each in found) else 3


def populated(
    target: Target, plan: Plan, rows: int, *, only: list[str] | None = None,
    vectors: int = fill.VECTORS, report=None,
) -> list[Filled]:  # fmt: skip
    """Fill the tables of an embedded target.

    Raises:
        Refused: another target, or a table that is not there; nothing was inserted.
    """
    if target.kind != "embedded":
        raise Refused(
            f"{target.name} is not an embedded database; made-up rows belong nowhere else.",
            remedy="Name one: --target embedded:NAME.",
        )
    with target.connect(purpose="populate") as conn:
        with conn.transaction():
            conn.execute("set local search_path = pg_catalog")  # names come with their schema
            tables = shape.read(conn)
        chosen = _chosen(tables, only or [])
        samples = Samples()
        samples.look(conn, chosen)
        _learn(conn, plan, samples, chosen)
        return fill.fill(
            conn, chosen, rows, samples, vectors=vectors, report=report or (lambda filled: None)
        )


def _chosen(tables: list[shape.Table], only: list[str]) -> list[shape.Table]:
    """The named tables and those that they refer to, directly or not."""
    by_name = {name: t for t in tables for name in (t.quoted, t.name, f"{t.schema}.{t.name}")}
    unknown = [name for name in only if name not in by_name]
    if unknown:
        raise Refused(
            f"There is no table {', '.join(unknown)} to fill.",
            remedy="Name it as schema.table.",
        )
    wanted = {by_name[name].oid for name in only} or {table.oid for table in tables}
    while True:
        more = {key.parent for table in tables if table.oid in wanted for key in table.keys}
        if more <= wanted:
            return [table for table in tables if table.oid in wanted]
        wanted |= more


def _learn(
    conn: psycopg.Connection, plan: Plan, samples: Samples, tables: list[shape.Table]
) -> None:
    """Rows that the scenarios of applied migrations insert show what a table takes."""
    there = history.classify(plan, history.read(conn))
    for migration in plan.everything:
        lacking = [table for table in tables if table.oid not in samples.rows]
        if lacking and there.holds(migration.version) and migration.scenario.exists():
            with scenario.play(conn, Path(migration.scenario)):
                conn.execute("reset role")
                samples.look(conn, lacking)
            leave_session(conn)


def _line(filled: Filled) -> None:
    how = f" ({filled.how})" if filled.how and filled.how != "varied" else ""
    notes = f": {'; '.join(filled.notes)}" if filled.notes else ""
    say(f"  {filled.table}: {filled.inserted:,} inserted{how}, {filled.rows:,} rows{notes}")
