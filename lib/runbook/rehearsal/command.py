"""The command: rehearse what is pending, and say what that cannot show."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from ..cli import emit, say
from ..errors import Refused
from ..findings import PASS, SKIP
from ..load.felt import Felt
from ..plan_file import read_plan
from ..project import author, find_project
from ..target import open_target
from . import kept
from .kept import CANNOT
from .rehearse import BACK, Rehearsed, rehearse

_MOST = 10


def run(options: argparse.Namespace) -> int:
    """Rehearse; exit 3 when a migration does not go there, back and there again."""
    root = find_project(options.project)
    plan = read_plan(root)
    target = open_target(options.target, root)
    if options.sample_rows < 0:
        raise Refused("--sample-rows is negative.", remedy="0 copies no rows.")
    operator = author(options.operator).operator

    def line(each: Rehearsed) -> None:
        seconds = f"{each.seconds:8.3f} s" if each.seconds is not None else f"{'':10}"
        say(f"  {'PASS' if each.passed else 'FAIL'}  {seconds}  {each.migration}", options=options)
        for row in each.findings:
            if row.verdict != PASS:
                words = " ".join(row.observed.split())
                say(f"        {row.verdict:<4} {row.check}: {row.object}: {words}", options=options)
        if isinstance(each.felt, Felt):
            said = each.felt.title.partition(": ")[2]
            say(f"        {said}", options=options)

    say(f"Rehearsing on a copy of {target.name}", options=options)
    made = rehearse(plan, target, sample_rows=options.sample_rows, load=options.load, report=line)
    path = kept.write(root, made, operator)
    if options.json:
        emit(kept.document(made, datetime.now(UTC), operator))
    done = sum(each.passed for each in made.migrations)
    one_way = sum(
        each.passed and any(row.check == BACK and row.verdict == SKIP for row in each.findings)
        for each in made.migrations
    )
    only = f" ({one_way} of them only there: no rollback file)" if one_way else ""
    say(f"{done} of {made.pending} pending went there, back and there again{only}, in"
        f" {made.seconds:.1f} s, on {sum(made.rows.values())} sampled rows of"
        f" {len(made.rows)} tables", options=options)  # fmt: skip
    say("A rehearsal cannot show:", options=options)
    for words in kept.cannot_show(made)[: len(CANNOT) + _MOST]:
        say(f"  {words}", options=options)
    if len(made.lacks) > _MOST:
        say(f"  and {len(made.lacks) - _MOST} more; the record has them", options=options)
    say(f"runs/rehearsals/{path.name}", options=options)
    return 0 if made.passed else 3
