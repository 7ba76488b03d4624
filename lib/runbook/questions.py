"""The commands that only look: status, audit."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import history, record
from .cli import emit, say
from .errors import Refused
from .plan_file import read_plan
from .project import find_project
from .target import identify, open_target

_CLASSES = ("applied", "pending", "edited", "foreign", "out_of_order")


def status(options: argparse.Namespace) -> int:
    """What is applied, what is pending, and what does not fit."""
    root = find_project(options.project)
    plan = read_plan(root)
    target = open_target(options.target, root)
    with target.connect(purpose="status") as conn:
        there = history.classify(plan, history.read(conn))
        identity = identify(conn)
    classes = {
        name: [{"version": item.version, "name": item.name} for item in getattr(there, name)]
        for name in _CLASSES
    }
    if options.json:
        emit({"target": target.name, **classes})
        return 0
    applied, pending = len(there.applied) + len(there.edited), len(there.pending)
    say(f"{plan.project} on {target.name} (PostgreSQL {identity.version}):"
        f" {applied} applied, {pending} pending")  # fmt: skip
    for name in _CLASSES:
        for item in classes[name]:
            say(f"  {name.replace('_', ' '):<12}  {item['version']}  {item['name']}")
    for row, migration in there.restamped:
        say(f"  re-stamped    {row.version} holds the SQL of {migration.version}")
    return 0


def audit(options: argparse.Namespace) -> int:
    """The records of runs/, oldest first, or one of them."""
    runs = find_project(options.project) / "runs"
    found = record.records(runs)
    if options.what == "show":
        chosen = [item for item in found if options.record in (item.name, item.name[-6:])]
        if not chosen:
            raise Refused(
                f"There is no record {options.record!r} in runs/.",
                remedy="`runbook audit list` names them.",
            )
        emit(chosen[0].document) if options.json else _show(chosen[0])
        return 0
    if options.json:
        emit([{
            "record": item.name, "phase": item.phase, "target": item.target,
            "outcome": item.outcome, "started": item.started, "seconds": item.seconds,
            "operator": item.operator,
        } for item in found])  # fmt: skip
        return 0
    for item in found:
        say(f"{item.outcome:<12} {item.seconds:>7.1f} s  {item.operator:<16} {item.name}")
    if not found:
        say("There is no record yet; `runbook run` makes them.")
    return 0


def _show(item: record.Record) -> None:
    say(f"{item.name}\n  {item.outcome}, {item.seconds:.1f} s, by {item.operator}")
    if item.error:
        for key in ("what", "state", "remedy"):
            if item.error.get(key):
                say(f"  {item.error[key]}")
    for path in sorted(Path(item.path).iterdir()):
        say(f"  runs/{item.name}/{path.name}")
