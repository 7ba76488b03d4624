"""`runbook fleet …`: the command line's face of the fleet."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from ..approvals import second as two
from ..audit.storing import NotStored
from ..cli import emit, say
from ..plan_file import read_plan
from ..project import author, find_project
from . import second, summary
from .copies import Copies
from .file import read_fleet
from .following import Bar, Follower, Lines
from .kept import Summary
from .run import Run, apply, cluster, prepare, survey


def run(options: argparse.Namespace) -> int:
    """Survey the fleet; in mode apply run its waves and close the summary record."""
    made, writer = _prepared(options), author(options.operator)
    if options.require_other_approver:
        os.environ[two.REQUIRED] = "1"
    with cluster(options.scheduler, options.workers) as client:
        survey(made, client)
        say(summary.outlook(made), options=options)
        if options.mode == "check":
            second.keep(made, writer)
            if options.json:
                emit(_surveyed(made))
            return 0
        given = {"operator": writer.operator, "lock_timeout_ms": options.lock_timeout_ms}
        asked = {"mode": "apply", "approve": options.approve, **given}
        copies = Copies(options.archive, made.root / "runs")
        kept = Summary(made, {**asked, "require_other_approver": two.required()}, options.operator)
        try:
            with _follower(options) as follower:
                apply(made, client, options.approve, given, follower,
                      lambda: _save(made, kept, copies))  # fmt: skip
        except BaseException as error:
            path = kept.close(error)
            say(f"Summary: runs/{path.name}", options=options)
            _copied(made, copies, path, options)
            raise
        path = kept.close()
    say(summary.ending(made), options=options)
    say(f"Summary: runs/{path.name}", options=options)
    stored = _copied(made, copies, path, options)
    if options.json:
        emit(kept.document(path))
    return summary.exit_code(made) or (0 if stored else NotStored.exit_code)


def _save(made: Run, kept: Summary, copies: Copies) -> None:
    """After each wave."""
    kept.save()
    copies.take(made)


def _copied(made: Run, copies: Copies, path: Path, options: argparse.Namespace) -> bool:
    """Whether every record of the run has its copy; said where there is a place for copies."""
    stored, of = copies.close(made, path)
    if of:
        say(f"{stored} of {of} records in {copies}, read back and the same", options=options)
    return stored == of


def approve(options: argparse.Namespace) -> int:
    """Write a second person's word on a wave into the ledger of each of its targets."""
    made, writer = _prepared(options), author(options.operator)
    with cluster(options.scheduler, options.workers) as client:
        survey(made, client)
    count, failed = second.approve(made, options.token, writer)
    say(f"{writer.operator} approved {options.token}: {count} ledgers have the word.")
    for name, error in failed.items():
        print(f"  {name}: {error.what}", file=sys.stderr)
    return max((error.exit_code for error in failed.values()), default=0)


def _prepared(options: argparse.Namespace) -> Run:
    root = find_project(options.project)
    plan = read_plan(root)
    phases = [plan.phase(name) for name in options.phases] or list(plan.phases)
    for migration in plan.migrations:
        _ = migration.script  # every file is read before anything runs
    fleet = read_fleet(Path(options.targets))
    return prepare(root, plan, phases, fleet, whole=not options.phases)


def _follower(options: argparse.Namespace) -> Follower:
    # A terminal without a width (a serial line, some CI) would show a bar as nothing at all.
    if sys.stderr.isatty() and os.get_terminal_size(sys.stderr.fileno()).columns:
        return Bar()
    return Lines(lambda words: say(words, options=options))


def _surveyed(made: Run) -> dict[str, Any]:
    return {
        "waves": [
            {"wave": wave, "targets": len(made.fleet.wave(wave)), "token": made.token(wave)}
            for wave in range(1, made.fleet.waves + 1)
        ],
        "targets": {name: {"state": s.state, "why": s.why} for name, s in made.seen.items()},
    }
