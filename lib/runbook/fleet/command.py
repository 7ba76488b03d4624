"""`runbook fleet run`: the command line's face of the fleet."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from ..cli import say
from ..plan_file import read_plan
from ..project import author, find_project
from . import summary
from .file import read_fleet
from .run import apply, cluster, prepare, survey


def run(options: argparse.Namespace) -> int:
    """Survey the fleet; in mode apply run its waves and write the summary record."""
    root = find_project(options.project)
    plan = read_plan(root)
    phases = [plan.phase(name) for name in options.phases] or list(plan.phases)
    for migration in plan.migrations:
        _ = migration.script  # every file is read before anything runs
    fleet = read_fleet(Path(options.targets))
    made = prepare(root, plan, phases, fleet, whole=not options.phases)
    operator, started = author(options.operator).operator, datetime.now(UTC)
    with cluster(options.scheduler, options.workers) as client:
        survey(made, client)
        say(summary.outlook(made))
        if options.mode == "check":
            return 0
        given = {"operator": operator, "lock_timeout_ms": options.lock_timeout_ms}
        try:
            apply(made, client, options.approve, given, _report)
        finally:
            path = summary.write(made, started, operator)
    say(summary.ending(made))
    say(f"Summary: {path.relative_to(root)}")
    return summary.exit_code(made)


def _report(words: str) -> None:
    """One line that is written over on a terminal; a pipe gets only the summary."""
    if sys.stdout.isatty():
        print(f"  {words:<72}", end="\r", flush=True)
