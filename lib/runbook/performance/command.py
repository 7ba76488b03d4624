"""`runbook measure`: how long everything takes, on the rows that are there or on made-up ones."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..cli import emit, say
from ..findings import PASS, Finding, failed
from ..plan import Plan
from ..plan_file import read_plan
from ..populate.command import populated
from ..project import find_project
from ..target import Target, open_target
from .judge import judge
from .measure import Measured, measure
from .table import COLUMNS, SHOWN, by_time


def run(options: argparse.Namespace) -> int:
    """Measure, at each number of rows that is asked for; exit 3 beyond a threshold."""
    root = find_project(options.project)
    plan, target = read_plan(root), open_target(options.target, root)
    runs = scaled(target, plan, sorted(set(options.rows)), options.table)
    if options.plot:
        from .plot import draw

        draw(runs, Path(options.plot), title=f"{plan.project}: time against rows")
    judged = [(rows, judge(found, plan.performance)) for rows, found in runs]
    if options.json:
        emit({
            "target": target.name,
            "thresholds": vars(plan.performance),
            "runs": [
                {
                    "rows": rows,
                    "measured": [dict(zip(COLUMNS, row, strict=True)) for row in by_time(found)],
                    "findings": [row._asdict() for row in said],
                }
                for (rows, found), (_, said) in zip(runs, judged, strict=True)
            ],
        })  # fmt: skip
    else:
        for (rows, found), (_, said) in zip(runs, judged, strict=True):
            _say(target, rows, found, said)
    return 3 if any(failed(said) for _, said in judged) else 0


def scaled(
    target: Target, plan: Plan, sizes: Sequence[int], tables: list[str] | None = None
) -> list[tuple[int | None, list[Measured]]]:
    """Measure as it is, or after filling the tables up to each of the sizes, the smallest first.

    Raises:
        Refused: sizes for a target that is not embedded; nothing was inserted.
    """
    runs: list[tuple[int | None, list[Measured]]] = []
    for rows in sizes or (None,):
        if rows is not None:
            populated(target, plan, rows, only=tables)
        target.require_session("Measuring")
        with target.connect(purpose="measure") as conn:
            runs.append((rows, measure(conn, plan)))
    return runs


def _say(target: Target, rows: int | None, found: list[Measured], said: list[Finding]) -> None:
    say(f"{target.name}" + (f" with {rows:,} rows a table" if rows is not None else ""))
    for row in said:
        if row.verdict != PASS:
            say(f"  {row.verdict:<4}  {row.check}: {row.object}: {row.observed} ({row.expected})")
    within = sum(row.verdict == PASS for row in said)
    say(f"  {within} of {len(said)} groups within their limits; the slowest:")
    for kind, group, what, actor, ms, *rest in by_time(found)[:SHOWN]:
        times, buffers, *_, indexes, _ = rest
        more = "" if times is None else f", {times:g} × without policies"
        say(f"  {ms:>9.2f} ms {buffers:>8,} buffers  {kind}: {group}: {what} ({actor}){more}"
            + (f" [{indexes}]" if indexes else ""))  # fmt: skip
