"""`runbook next`: where a target stands and what comes next, in words that are read at 3 a.m."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace

from ..cli import emit, say
from ..panel.view import environment_of
from ..plan_file import read_plan
from ..project import find_project
from ..target import open_target
from .choosing import course
from .course import Course
from .standing import Standing, look


def run(options: argparse.Namespace) -> int:
    """Look, and say it; the exit code is that of what stands in the way."""
    root = find_project(options.project)
    plan = read_plan(root)
    target = replace(open_target(options.target, root), read_only=True)
    with target.connect(purpose="next") as conn:
        standing = look(plan, target, conn)
    found = course(standing, project=options.project or "")
    if options.json:
        emit({"target": target.name, "where": _where(standing), **asdict(found)})
    else:
        say(_where(standing))
        say(text(found))
    return found.exit_code


def text(found: Course) -> str:
    """The answer in lines: a label, and what belongs to it below each other."""
    many = sum(step.startswith("runbook ") for step in found.steps) > 1 or len(found.steps) > 1
    steps = [f"{n}. {step}" if many else step for n, step in enumerate(found.steps, start=1)]
    rows = [("Now", found.now), ("Next", steps), ("Cell", [found.cell] if found.cell else []),
            ("Also", found.also)]  # fmt: skip
    return "\n".join(
        f"{label if not place else '':<6}" + line.replace("\n", "\n      ")
        for label, lines in rows
        for place, line in enumerate(lines)
    )


def _where(s: Standing) -> str:
    total = len(s.plan.everything)
    applied = len(s.there.applied) + len(s.there.edited)
    return (
        f"{s.plan.project} on {s.target.name} ({environment_of(s.target)}, database"
        f" {s.identity.database}): {applied} of {total} applied"
    )
