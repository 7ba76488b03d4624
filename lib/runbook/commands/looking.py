"""The command that only looks: status."""

from __future__ import annotations

import argparse

from .. import history
from ..cli import emit, say
from ..plan_file import read_plan
from ..project import find_project
from ..target import identify, open_target

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
    again = {row.version: migration.version for row, migration in there.restamped}
    classes["foreign"] = [each for each in classes["foreign"] if each["version"] not in again]
    classes["re_stamped"] = [
        {"version": row.version, "name": row.name, "migration": migration.version}
        for row, migration in there.restamped
    ]
    if options.json:
        emit({"target": target.name, **classes})
        return 0
    applied, pending = len(there.applied) + len(there.edited), len(there.pending)
    say(f"{plan.project} on {target.name} (PostgreSQL {identity.version}):"
        f" {applied} applied, {pending} pending")  # fmt: skip
    for name in _CLASSES:
        for item in classes[name]:
            say(f"  {name.replace('_', ' '):<12}  {item['version']}  {item['name']}")
    for each in classes["re_stamped"]:
        say(f"  re-stamped    {each['version']} holds the SQL of {each['migration']}")
    if again or there.edited:
        say("`runbook reconcile` says what could be mended in the history, and changes nothing.")
    say("`runbook next` says what comes next.")
    return 0
