"""Access as a grid with words: who may do what with the tables of a phase, as it was tried."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import psycopg

from .. import ledger, show
from ..ledger import PASSED, latest, since_rollback
from ..plan import Phase
from ..scenarios import matrix

# Told apart by lightness, and every cell has its word.
_STYLE = """<style>
table.runbook td.none { background: #fff; color: #1b1f24; }
table.runbook td.some { background: #cfe3f7; color: #1b1f24; font-weight: bold; }
table.runbook td.all { background: #1c5d99; color: #fff; font-weight: bold; }
</style>"""
_WHO = ("table", "role")


class Grid:
    """The matrix: a cell for each command of each role on each table."""

    def __init__(self, table: show.Table) -> None:
        self._table = table

    def __repr__(self) -> str:
        return repr(self._table)

    def _repr_html_(self) -> str:
        columns = [str(column) for column in self._table.columns]
        head = "".join(f'<th scope="col" {show.LEFT}>{escape(column)}</th>' for column in columns)
        body = "".join(_row(columns, row) for row in self._table.itertuples(index=False))
        return (
            f"{show.STYLE}{_STYLE}"
            f'<table class="runbook"><caption>{escape(self._table.caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"{show.sorting()}"
        )


def draw(conn: psycopg.Connection, phase: Phase) -> Grid | show.Text:
    """What the test stages of this phase measured last; or that nothing is measured yet."""
    measured: list[Sequence[object]] = []
    events = ledger.read(conn)
    for migration in phase.migrations:
        own = since_rollback([e for e in events if e.version == migration.version])
        test = latest((e for e in own if e.state == PASSED), "test")
        measured += test.detail.get("access", []) if test else []
    if not measured:
        return show.Text("No access is measured yet: the test stage of each migration does it.")
    (table,) = matrix.as_tables({"access": measured})
    tables = len(set(table["table"]))
    table.caption = f"{phase.title}: who may do what with {tables} tables, tried on sample rows"
    return Grid(table)


def _row(columns: Sequence[str], values: Sequence[object]) -> str:
    cells = []
    for column, value in zip(columns, values, strict=True):
        word = str(value)
        kind = "" if column in _WHO else {"none": "none", "all": "all"}.get(word, "some")
        kind = f' class="{kind}"' if kind else ""
        cells.append(f"<td{kind} {show.LEFT}>{escape(word)}</td>")
    return f"<tr>{''.join(cells)}</tr>"
