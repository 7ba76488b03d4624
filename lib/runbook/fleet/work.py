"""One target of the fleet through the phase notebooks: what a Dask worker runs.

It may run again after a worker died in the middle: what is applied is in the target's history,
what was done is in its ledger, and whoever still runs holds its lock. Nothing is applied twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSED, FAILED, HELD_BACK = "passed", "failed", "held back"
_LOST = ("cannot be reached", "connection was lost", "connection is lost")


@dataclass(frozen=True)
class Order:
    """What is to be done with one target.

    Fields:
        project, target: the folder, as the worker finds it, and the target's name.
        notebooks: file names, in order.
        parameters: of the notebooks.
        files: version to sha256: what the worker's folder must hold.
        stop: name of the Dask event that is set once nothing more may start.
        server: name of the Dask semaphore that counts this server's targets.
        per_server: its size.
        run: id of the fleet's run.
        topic: of the scheduler, where it is said what is begun.
        other_approver: whether a second person's word is asked for.
    """

    project: str
    target: str
    notebooks: tuple[str, ...]
    parameters: Mapping[str, Any]
    files: Mapping[str, str]
    stop: str
    server: str
    per_server: int
    run: str
    topic: str
    other_approver: bool = False


class Passing(Exception):
    """A failure that may pass by itself; Dask runs the task again. Its argument is the outcome."""


def migrate(order: Order) -> dict[str, Any]:
    """Take one target through its notebooks, each into its record.

    Returns:
        outcome, records, seconds, worker (its process id), and error where there is one.

    Raises:
        Passing: the connection failed, or a lock was not to be had.
    """
    from distributed import Event, Semaphore

    with Semaphore(max_leases=order.per_server, name=order.server):
        if Event(order.stop).is_set():
            return _outcome(HELD_BACK, [], 0.0, None)
        began = time.monotonic()
        error, records = _run(order)
    done = _outcome(FAILED if error else PASSED, records, time.monotonic() - began, error)
    if error and passes(error):
        raise Passing(done)
    return done


def passes(error: Mapping[str, Any]) -> bool:
    """Whether a failure is a lost connection or a lock timeout; nothing else is tried again."""
    what = str(error.get("what", ""))
    return error.get("kind") == "LockTimeout" or any(sign in what for sign in _LOST)


def _run(order: Order) -> tuple[dict[str, Any] | None, list[str]]:
    from .. import record
    from ..approvals import second
    from ..audit import signing
    from ..errors import RunbookError
    from ..kernels import parameters
    from ..postgres import production_state
    from ..target import open_target

    root, records = Path(order.project), []
    try:
        _same_files(root, order.files)
        target = open_target(order.target, root)
        if target.kind == "embedded":
            production_state.server(root)
        witnesses = record.Witnesses(target, signing.key_of())
        asked = {second.REQUIRED: "1"} if order.other_approver else {}
        for name in order.notebooks:
            _tell(order, Path(name).stem)
            path = root / "notebooks" / name
            known = parameters.defaults(path)
            made = record.run(
                path, phase=Path(name).stem, target=order.target, runs=root / "runs", project=root,
                parameters={k: v for k, v in order.parameters.items() if k in known},
                witnesses=witnesses, fleet=order.run, environment=asked,
            )  # fmt: skip
            records.append(made.name)
            if not made.passed:
                return {**(made.error or {}), "exit_code": made.exit_code}, records
    except RunbookError as error:
        words = {"what": error.what, "state": error.state, "remedy": error.remedy}
        return {"kind": type(error).__name__, **words, "exit_code": error.exit_code}, records
    return None, records


def _tell(order: Order, notebook: str) -> None:
    """Say on the scheduler what begins, for whoever follows."""
    from distributed import get_worker

    get_worker().log_event(order.topic, (order.target, notebook))


def _same_files(root: Path, files: Mapping[str, str]) -> None:
    from ..errors import FileInvalid
    from ..plan_file import read_plan

    plan = read_plan(root)
    other = [v for v, sha256 in files.items() if plan.migration(v).script.sha256 != sha256]
    if other:
        raise FileInvalid(
            f"{plan.migration(other[0]).file} is another file on this worker than where the fleet"
            " was started.",
            remedy="Give all workers the same folder, or the same commit.",
        )


def _outcome(
    outcome: str, records: Sequence[str], seconds: float, error: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "records": list(records),
        "seconds": round(seconds, 1),
        "worker": os.getpid(),
        "error": dict(error) if error else None,
    }
