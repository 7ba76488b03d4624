"""The commands that do something: run, reset, new, notebooks."""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import embedded, history, ledger
from ..approvals import second
from ..approvals import token as approval
from ..audit import signing, storing
from ..cli import say
from ..errors import Refused
from ..kernels.ahead import Ahead, kernels
from ..notebook_names import BASELINE, VALIDATION
from ..plan import Phase, Plan
from ..plan_file import read_plan
from ..postgres import production_state
from ..project import author, find_project
from ..target import Target, identify, open_target

if TYPE_CHECKING:
    from ..kernels.engine import CellEvent


def run(options: argparse.Namespace) -> int:
    """Execute the notebooks of the phases in order; stop at the first that does not pass."""
    root = find_project(options.project)
    plan = read_plan(root)
    phases = [plan.phase(name) for name in options.phases] or list(plan.phases)
    target = open_target(options.target, root)
    mode = options.mode or ("check" if target.protected else "apply")
    if options.require_other_approver:
        os.environ[second.REQUIRED] = "1"  # the kernels, where approvals are asked for, inherit it
    if mode == "apply" and not options.again and not options.phases and _complete(plan, target):
        total = len(plan.migrations)
        say(f"Nothing to apply: {total}/{total} applied and closed on {target.name}."
            " (--again runs the notebooks all the same.)")  # fmt: skip
        return 0
    for phase in phases:
        for migration in phase.migrations:
            _ = migration.script  # every file is read before anything runs
    names = [phase.notebook for phase in phases]
    if not options.phases:
        names = [BASELINE, *names] + ([VALIDATION] if mode == "apply" else [])
    given = {"mode": mode, "approve": options.approve, "lock_timeout_ms": options.lock_timeout_ms}
    code = execute(
        root, target, names, options.operator, given, sign=options.sign, archive=options.archive
    )
    applied, total = counts(plan, target)
    say(f"{applied}/{total} applied on {target.name}")
    if mode == "check" and not code and target.protected:
        say(_token(plan, phases[-1], replace(target, read_only=True), options.operator))
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
    say("\nAdd to migrations/plan.toml, in its phase:\n\n"
        f'  [[phase.migration]]\n  version = "{version}"\n  risk    = "medium"\n'
        '  why     = "…"\n  requires = []\n  tables  = []')  # fmt: skip
    return 0


def write(options: argparse.Namespace) -> int:
    """Write the notebooks from the plan, without outputs."""
    from ..notebooks import write_notebooks

    root = find_project(options.project)
    for path in write_notebooks(read_plan(root), root / "notebooks"):
        say(f"notebooks/{path.name}")
    return 0


def execute(
    root: Path,
    target: Target,
    names: list[str],
    operator: str,
    given: dict[str, Any],
    *,
    sign: str = "",
    archive: str = "",
) -> int:
    """Run notebooks headlessly, each into its record; the first exit code that is not 0.

    Args:
        sign: a file with a key that signs the records.
        archive: where copies of them go.

    Raises:
        Refused: the key or the archive cannot be used; nothing was started.
    """
    key, place = signing.key_of(sign), storing.place_of(archive)
    if place is not None:
        place.greet(root / "runs")
    with kernels(len(names)) as ahead:
        return _executed(root, target, names, operator, given, ahead, key, place)


def _executed(
    root: Path,
    target: Target,
    names: list[str],
    operator: str,
    given: dict[str, Any],
    ahead: Ahead,
    key: signing.Key | None,
    place: storing.Place | None,
) -> int:
    from .. import record
    from ..kernels import parameters

    stored = True
    if target.kind == "embedded":
        production_state.server(root)  # held by us, so that it does not restart between kernels
    given = {"target": target.name, **({"operator": operator} if operator else {}), **given}
    for name in names:
        path = root / "notebooks" / name
        known = parameters.defaults(path)
        say(f"\n{Path(name).stem}")
        made = record.run(
            path,
            phase=Path(name).stem,
            target=target.name,
            parameters={key: value for key, value in given.items() if key in known},
            runs=root / "runs",
            project=root,
            on_event=_progress,
            kernels=ahead,
            witnesses=record.Witnesses(target, key),
        )
        say(f"  {made.outcome} in {made.seconds:.1f} s: runs/{made.name}")
        if place is not None:
            stored = _stored(place, made.path) and stored
        if not made.passed:
            if made.error:
                for key in ("what", "state", "remedy"):
                    if made.error.get(key):
                        print(made.error[key], file=sys.stderr)
            return made.exit_code
    return 0 if stored else storing.NotStored.exit_code


def _stored(place: storing.Place, path: Path) -> bool:
    """Copy a record; a copy that failed is said, and stops nothing: the record itself is here."""
    try:
        say(f"  {place.store(path)} files in {place}, read back and the same")
        return True
    except storing.NotStored as error:
        print(error, file=sys.stderr)
        return False


def _progress(event: CellEvent) -> None:
    """A line per finished cell on a terminal; a pipe gets only the records."""
    if not sys.stdout.isatty():
        return
    where = f"  [{event.number}/{event.total}] {event.line[:60]}"
    if event.kind == "started":
        print(f"{where:<76}", end="\r", flush=True)
    else:
        sign = "✓" if event.kind == "finished" else "✕"
        print(f"  {sign} {event.line[:60]:<62} {event.seconds or 0:6.2f} s")


def counts(plan: Plan, target: Target) -> tuple[int, int]:
    """How many migrations are applied, of how many."""
    with replace(target, read_only=True).connect(purpose="count") as conn:
        there = history.classify(plan, history.read(conn))
    return sum(there.holds(m.version) for m in plan.migrations), len(plan.migrations)


def _token(plan: Plan, last: Phase, target: Target, operator: str) -> str:
    """The plan token for everything that is pending up to the end of a phase, in words."""
    with target.connect(purpose="token") as conn:
        there = {m.version for m in history.classify(plan, history.read(conn)).pending}
        end = plan.migrations.index(last.migrations[-1]) + 1
        waiting = [m for m in plan.migrations[:end] if m.version in there]
        if not waiting:
            return "Nothing is pending: there is nothing to approve."
        offer = approval.offer(conn, target, identify(conn), waiting, author(operator))
    first = f"Plan token for these {len(waiting)} files on {target.name} as it is now:"
    covers = "It covers exactly this, and is void as soon as any of it changes:"
    following = f"Next: the same command with --mode apply --approve {offer.token}"
    return f"{first} {offer.token}\n{covers}\n{offer.text()}\n{following}"


def _complete(plan: Plan, target: Target) -> bool:
    """Whether everything is applied, and whatever this runbook applied is also closed."""
    with target.connect(purpose="status") as conn:
        there = history.classify(plan, history.read(conn))
        if there.pending or there.edited:
            return False
        begun = ledger.unclosed(conn)
    return begun.isdisjoint(m.version for m in plan.migrations)
