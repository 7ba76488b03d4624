"""What people see: findings as tables. The only module that knows IPython.

A table is a pandas DataFrame that dresses itself: a caption, column headers with a scope, verdicts
as words with a sign (never by colour alone), what failed first, and what merely passed folded
away. Nothing in it is random or timed, so that nbval can hold it against the committed notebook.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, ClassVar

import pandas as pd

from .findings import COLUMNS, FAIL, PASS, SKIP, WARN, Finding, counts
from .resources import script, style

SIGNS = {PASS: "✓ PASS", WARN: "▲ WARN", FAIL: "✕ FAIL", SKIP: "○ SKIP"}
_WORST_FIRST = {FAIL: 0, WARN: 1, SKIP: 2, PASS: 3}
# Inline, because an untrusted notebook and the web's previews drop the style block below.
LEFT = 'style="text-align:left"'
# There, long names would push the verdicts out of sight; the style block lays out more freely.
NARROW = 'style="table-layout:fixed;width:100%;overflow-wrap:break-word"'
STYLE = """<style>
table.runbook { border-collapse: collapse; width: 100%;
  table-layout: auto !important; }
table.runbook caption { caption-side: top; text-align: left; font-weight: bold; padding: 0.4em 0; }
table.runbook th, table.runbook td { text-align: left; vertical-align: top; padding: 0.25em 0.8em;
  white-space: pre-wrap; overflow-wrap: anywhere; border-bottom: 1px solid #8884; }
table.runbook td { min-width: 4.5em; }
table.runbook th { overflow-wrap: normal; }
table.runbook td.verdict { white-space: nowrap; min-width: 5em; }
table.runbook td.number { text-align: right; font-variant-numeric: tabular-nums; }
table.runbook tr.FAIL td.verdict { color: #b3181d; font-weight: bold; }
table.runbook tr.WARN td.verdict { color: #7a4b00; font-weight: bold; }
body[data-jp-theme-light="false"] table.runbook tr.FAIL td.verdict { color: #ff9c98; }
body[data-jp-theme-light="false"] table.runbook tr.WARN td.verdict { color: #ffcf70; }
</style>"""


_watched: list[str] = []  # what the running cell said of its progress


class Table(pd.DataFrame):
    """A DataFrame with a caption.

    Rows behind the first `shown` stand in a fold, and in the frame; `below` are further tables.
    """

    _metadata: ClassVar[list[str]] = ["caption", "shown", "note", "below"]

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame  # a slice of it is an ordinary frame

    def _repr_html_(self) -> str:
        html = STYLE + _html(self.iloc[: self.shown], self.caption)
        if self.note:
            html += f"<p>{escape(self.note)}</p>"
        rest = self.iloc[self.shown :]
        if len(rest):
            title = f"{len(rest)} findings in detail"
            html += f"<details><summary>{title}</summary>{_html(rest, title)}</details>"
        html += "".join(_html(table, table.caption) for table in self.below)
        return html + sorting()

    def __repr__(self) -> str:
        own = "\n".join(part for part in (self.caption, self._text(), self.note) if part)
        return "\n\n".join((own, *map(repr, self.below)))

    def _text(self) -> str:
        top = pd.DataFrame(self.iloc[: self.shown])
        if top.empty:
            return "(no rows)"
        text = {c: [c, *(_plain(value) for value in top[c])] for c in top.columns}
        width = {c: min(max(map(len, cells)), 60) for c, cells in text.items()}
        lines = ["  ".join(_fit(text[c][i], width[c]) for c in text) for i in range(len(top) + 1)]
        return "\n".join(line.rstrip() for line in lines)


def findings(
    rows: Sequence[Finding],
    caption: str,
    *,
    summary: Iterable[Finding] = (),
    note: str = "",
    below: Sequence[Table] = (),
) -> Table:
    """Findings as a table: the summary and what did not pass on top, the evidence in the fold.

    Args:
        rows: what was found.
        caption: what the table is about; the counts of verdicts are added.
        summary: rows that stand for the others; without one, all rows are shown.
        note: a sentence below.
        below: tables that belong to it and have no verdict.
    """
    settled()
    summary = list(summary)
    ranked = sorted(rows, key=lambda row: _WORST_FIRST[row.verdict])
    if summary:
        bad = [row for row in ranked if row.verdict in (FAIL, WARN)]
        top = [*bad, *(row for row in summary if row not in bad)]
        rest = [row for row in ranked if row not in top]
    else:
        top, rest = ranked, []
    tally = ", ".join(f"{n} {verdict}" for verdict, n in counts(rows).items()) or "nothing checked"
    table = _table([list(row) for row in [*top, *rest]], list(COLUMNS))
    table.caption, table.shown, table.note = f"{caption}: {tally}", len(top), note
    table.below = tuple(below)
    return table


def rows(columns: Sequence[str], values: Iterable[Sequence[Any]], caption: str) -> Table:
    """Any rows as a table, for questions that have no verdict."""
    table = _table([list(value) for value in values], list(columns))
    table.caption, table.shown, table.note = caption, len(table), ""
    return table


def display(thing: Any) -> None:
    """Show it now: in a notebook as its HTML, in a terminal as its text."""
    try:
        from IPython import get_ipython
    except ImportError:
        get_ipython = lambda: None  # noqa: E731
    if get_ipython() is None:
        print(thing)
        return
    from IPython.display import display as show

    show(thing)


def interactive() -> bool:
    """Whether somebody sits in front of it; headless runs (papermill, nbval) say no."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    shell = get_ipython()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    return bool(kernel.get_parent().get("content", {}).get("allow_stdin"))


def sorting() -> str:
    """What makes the tables of a page sortable, where somebody sits; no archive holds it.

    An untrusted notebook drops it, and the tables stand in the order of their making.
    """
    if not interactive():
        return ""
    text, _ = script("sort.js", then='runbookSortable("table.runbook");\n')
    return f"<style>{style('sort.css')}</style><script>{text}</script>"


def _table(values: list[list[Any]], columns: list[str]) -> Table:
    table = Table(values, columns=columns, dtype=object)
    table.caption, table.shown, table.note, table.below = "", len(values), "", ()
    return table


def _html(frame: pd.DataFrame, caption: str) -> str:
    columns = [str(column) for column in frame.columns]
    head = "".join(f'<th scope="col" {LEFT}>{escape(column)}</th>' for column in columns)
    body = "".join(_row(columns, values) for values in frame.itertuples(index=False))
    return (
        f'<table class="runbook" {NARROW}><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row(columns: Sequence[str], values: Iterable[Any]) -> str:
    cells, verdict = [], ""
    for column, value in zip(columns, values, strict=True):
        kind = ""
        if column == "verdict":
            kind = f' class="verdict" {LEFT}'
            verdict = f' class="{escape(str(value))}"'
        elif isinstance(value, int):
            kind = ' class="number"'
        cells.append(f"<td{kind or ' ' + LEFT}>{escape(_plain(value))}</td>")
    return f"<tr{verdict}>{''.join(cells)}</tr>"


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return SIGNS.get(value, str(value))


def _fit(text: str, width: int) -> str:
    flat = " ".join(text.split())
    return (flat if len(flat) <= width else flat[: width - 1] + "…").ljust(width)


class Text(str):
    """Words for people: printed as they are, in a notebook too."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f'<pre style="white-space:pre-wrap">{escape(self)}</pre>'


def progress(words: str) -> None:
    """What is going on, where somebody is watching; archives stay free of it."""
    if interactive():
        tell(words)


def tell(words: str) -> None:
    """The same, for a thread that looks on: whether somebody sits there is asked by the cell's."""
    from IPython.display import clear_output

    _watched.append(words)
    clear_output(wait=True)
    print(words, flush=True)


def settled() -> None:
    """Take the progress line away; the next output stands in its place."""
    if _watched:
        from IPython.display import clear_output

        _watched.clear()
        clear_output(wait=True)
