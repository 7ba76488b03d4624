"""What stands between two cells: history, order, stages. Each refusal names the cell to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import ledger
from ..errors import InDoubt, OutOfOrder
from ..ledger import DONE, PASSED, latest, since_rollback
from ..plan import Migration
from . import issues

if TYPE_CHECKING:
    from .opened import OpenPhase

_NEEDS = {"apply": "precheck", "verify": "apply", "test": "verify"}


def require_history(phase: OpenPhase, migration: Migration) -> None:
    """What the ledger calls applied must be in the history, before any stage says a word.

    Raises:
        InDoubt: it is not.
    """
    version = migration.version
    event = latest(since_rollback(ledger.read(phase.conn, version)), "apply")
    if event is None or event.state not in (PASSED, DONE):
        return
    if not phase.holds(version):
        raise InDoubt(
            f"The ledger says that {version} was applied by {event.operator} at"
            f" {event.at:%Y-%m-%d %H:%M:%S} UTC, and the history has no row for it.",
            state="In doubt: somebody removed the row, or the database was reset or restored.",
            remedy="`runbook reconcile` says whether all of it is there, and with --mode apply"
            " writes the row back; where it is gone, `runbook next` names the way.",
        )


def require_stage_before(phase: OpenPhase, migration: Migration, stage: str) -> None:
    """A stage comes after the one that it needs, on the same file.

    Raises:
        OutOfOrder: names the cell to run first.
    """
    needed = _NEEDS.get(stage)
    if needed is None or not phase.applies:
        return
    event = latest(since_rollback(ledger.read(phase.conn, migration.version)), needed)
    same = event is not None and event.detail.get("sha256") == migration.script.sha256
    if event is None or event.state not in (PASSED, DONE) or not same:
        edited = ", and the file was edited since" if event is not None and not same else ""
        raise OutOfOrder(
            f"{stage} of {migration.name} comes after {needed}{edited}.",
            remedy=f"Run the cell {migration.variable}.{needed}() first.",
        )


def require_previous(phase: OpenPhase, migration: Migration) -> None:
    """Migrations are applied one at a time: the one before has to be closed first.

    Raises:
        OutOfOrder: it is pending, or not closed, or has an open issue.
    """
    phase.wake()
    order = phase.plan.migrations
    place = order.index(phase.plan.migration(migration.version))
    if place == 0 or phase.holds(migration.version):
        return
    issues.require_none(phase.conn, order[:place], migration.name)
    before = order[place - 1]
    if not phase.holds(before.version):
        raise OutOfOrder(
            f"{migration.name} comes after {before.name}, which is pending.",
            remedy=f"Run the cells of {before.name} first.",
        )
    every = since_rollback(ledger.read(phase.conn, before.version))
    events = [event for event in every if event.stage != "reconcile"]  # taken over, not run
    last = latest(events, "checkpoint")
    if events and (last is None or last.state != PASSED):
        raise OutOfOrder(
            f"{before.name} is applied, and its checkpoint is missing.",
            remedy=f"Run the cell {before.variable}.checkpoint() first.",
        )
