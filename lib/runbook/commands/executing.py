"""Phases' notebooks executed headlessly, each into its record: what `run` and `rollback` do."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import history
from ..approvals import token as approval
from ..audit import signing, storing
from ..cli import say
from ..kernels.ahead import Ahead, kernels
from ..plan import Phase, Plan
from ..postgres import production_state
from ..project import author
from ..target import Target, identify

if TYPE_CHECKING:
    from ..kernels.engine import CellEvent


def execute(
    root: Path,
    target: Target,
    names: list[str],
    operator: str,
    given: dict[str, Any],
    *,
    sign: str = "",
    archive: str = "",
    ahead: Ahead | None = None,
) -> int:
    """Run notebooks headlessly, each into its record; the first exit code that is not 0.

    Args:
        sign: a file with a key that signs the records.
        archive: where copies of them go.
        ahead: what kernels are made from, where the caller began that before.

    Raises:
        Refused: the key or the archive cannot be used; nothing was started.
    """
    key, place = signing.key_of(sign), storing.place_of(archive)
    if place is not None:
        place.greet(root / "runs")
    with contextlib.nullcontext(ahead) if ahead else kernels() as ahead:
        ahead.start()
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


def token(plan: Plan, last: Phase, target: Target, operator: str) -> str:
    """The plan token for everything that is pending up to the end of a phase, in words."""
    with replace(target, read_only=True).connect(purpose="token") as conn:
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
