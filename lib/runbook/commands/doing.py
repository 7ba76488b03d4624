"""The commands that do something: run, reset, new, notebooks."""

from __future__ import annotations

import argparse
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from .. import embedded, history, ledger
from ..cli import say
from ..errors import Refused
from ..kernels.ahead import Ahead, kernels
from ..notebook_names import BASELINE, VALIDATION
from ..plan import Plan
from ..plan_file import read_plan
from ..postgres import seat
from ..project import find_project
from ..target import Target, open_target

# Names no phase: a plan whose phase is called so means its own.
_VALIDATION = "validation"


def run(options: argparse.Namespace) -> int:
    """Execute the notebooks of the phases in order; stop at the first that does not pass."""
    with kernels(ready=_certain(options)) as ahead:
        return _run(options, ahead)


def _certain(options: argparse.Namespace) -> bool:
    """Whether notebooks will run: kernels then get ready while an embedded server is made."""
    if options.again or options.phases:
        return True
    root = find_project(options.project)
    embedding = open_target(options.target, root).kind == "embedded"
    return embedding and not seat.holds_server(embedded.home(root))


def _run(options: argparse.Namespace, ahead: Ahead) -> int:
    root = find_project(options.project)
    plan = read_plan(root)
    named = options.phases == [_VALIDATION]
    alone = named and all(phase.id != _VALIDATION for phase in plan.phases)
    chosen = () if alone else options.phases
    phases = [plan.phase(name) for name in chosen] or list(plan.phases)
    target = open_target(options.target, root)
    mode = options.mode or ("check" if target.protected else "apply")
    if mode == "apply" and not options.again and not options.phases and _complete(plan, target):
        total = len(plan.migrations)
        say(f"Nothing to apply: {total}/{total} applied and closed on {target.name}."
            " (--again runs the notebooks all the same.)")  # fmt: skip
        return 0
    # What follows needs the parser, kernels and archives; nothing to do needs none of them.
    from ..approvals import second
    from . import executing

    if options.require_other_approver:
        os.environ[second.REQUIRED] = "1"  # the kernels, where approvals are asked for, inherit it
    for phase in phases:
        for migration in phase.migrations:
            _ = migration.script  # every file is read before anything runs
    names = [VALIDATION] if alone else [phase.notebook for phase in phases]
    if not options.phases:
        names = [BASELINE, *names] + ([VALIDATION] if mode == "apply" else [])
    given = {"mode": mode, "approve": options.approve, "lock_timeout_ms": options.lock_timeout_ms}
    code = executing.execute(
        root, target, names, options.operator, given, sign=options.sign, archive=options.archive,
        ahead=ahead,
    )  # fmt: skip
    applied, total = executing.counts(plan, target)
    say(f"{applied}/{total} applied on {target.name}")
    if mode == "check" and not code and target.protected and not alone:
        say(executing.token(plan, phases[-1], target, options.operator))
    return code


def reset(options: argparse.Namespace) -> int:
    """Delete an embedded database; the next use makes it anew in the production state."""
    root = find_project(options.project)
    target = open_target(options.target, root)
    if target.kind != "embedded":
        raise Refused(
            f"reset deletes a database, and {target.name} is not an embedded one.",
            remedy="It works on embedded and embedded:NAME only.",
        )
    name = target.name.partition(":")[2]
    home = embedded.home(root)
    if name:
        with embedded.start(home) as server:
            embedded.drop(server, name)
    else:
        embedded.reset(home)
    say(f"{target.name} was deleted; the next use makes it anew.")
    return 0


def new(options: argparse.Namespace) -> int:
    """Write a migration, its rollback and its scenario, and say what to add to the plan."""
    root = find_project(options.project)
    name = re.sub(r"[^a-z0-9]+", "_", options.name.lower()).strip("_")
    if not name:
        raise Refused("A migration needs a name.", remedy="make new-migration name=add_speakers")
    version = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    file = f"{version}_{name}.sql"
    texts = {
        "migrations": f"-- {name}\n--\n-- Purpose:\n-- Objects:\n-- Locks:\n-- Requires:\n",
        "migrations/rollback": f"-- Takes {name} back; the catalog is then as it was before.\n",
        "migrations/tests": f"-- Scenario of {name}; rolled back after every run.\n",
    }
    for folder, text in texts.items():
        path = root / folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        say(f"{folder}/{file}")
    say("\nAdd to migrations/plan.toml, in its phase:\n\n" + _first_phase(root) +
        f'  [[phase.migration]]\n  version = "{version}"\n  risk    = "medium"\n'
        '  why     = "…"\n  requires = []\n  tables  = []\n\nThen `runbook notebooks` writes its'
        " notebook, and `runbook run` runs it.")  # fmt: skip
    return 0


def _first_phase(root: Path) -> str:
    """The lines above the first migration of a plan that has no phase yet."""
    if "[[phase]]" in (root / "migrations" / "plan.toml").read_text(encoding="utf-8"):
        return ""
    return '[[phase]]\nid       = "first"\ntitle    = "First"\nnotebook = "01_first.ipynb"\n\n'


def write(options: argparse.Namespace) -> int:
    """Write the notebooks from the plan, without outputs."""
    from ..notebooks import write_notebooks

    root = find_project(options.project)
    for path in write_notebooks(read_plan(root), root / "notebooks"):
        say(f"notebooks/{path.name}")
    return 0


def _complete(plan: Plan, target: Target) -> bool:
    """Whether everything is applied, and whatever this runbook applied is also closed."""
    with target.connect(purpose="status") as conn:
        there = history.classify(plan, history.read(conn))
        if there.pending or there.edited:
            return False
        begun = ledger.unclosed(conn)
    return begun.isdisjoint(m.version for m in plan.migrations)
