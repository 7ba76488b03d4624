"""Look at one target of the fleet: done, begun, fresh, or not as it should be. Read-only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from .. import catalog, history, ledger
from ..approvals import second
from ..approvals.person import present
from ..errors import RunbookError
from ..ledger import PASSED, Author, Event, latest, since_rollback
from ..plan import Migration, Plan
from ..plan_file import read_plan
from ..target import identify, open_target, require_fit

DONE, BEGUN, FRESH, DRIFTED, UNREACHABLE = "done", "begun", "fresh", "drifted", "unreachable"


@dataclass(frozen=True)
class Surveyed:
    """What a target is like.

    Fields:
        name, protected: the target's.
        state: done · begun (by the runbook, and as it left it) · fresh · drifted · unreachable.
        why: of drifted and unreachable, in words.
        server: the cluster's identifier, by which targets of one server are told.
        key: identity that a token is bound to.
        catalog: the fingerprint now.
        waiting: versions that are pending up to the last chosen phase.
        token: of begun, the plan token that was used.
        role: as which the server let us in.
        approved: plan tokens that somebody approved, as its ledger has it.
    """

    name: str
    protected: bool
    state: str
    why: str = ""
    server: str = ""
    key: str = field(default="", repr=False)
    catalog: str = ""
    waiting: tuple[str, ...] = ()
    token: str = ""
    role: str = ""
    approved: tuple[str, ...] = ()


def look(project: str, name: str, last: str) -> Surveyed:
    """Survey one target; also what a Dask worker runs.

    Args:
        project: the folder with migrations/.
        name: the target's.
        last: the version that the chosen phases end with.
    """
    root = Path(project)
    plan = read_plan(root)
    target = replace(open_target(name, root), read_only=True)
    seen = Surveyed(name, target.protected, UNREACHABLE)
    try:
        with target.connect(purpose="fleet: survey") as conn:
            identity = identify(conn)
            require_fit(target, conn, identity)
            there = history.classify(plan, history.read(conn))
            events = ledger.read(conn)
            now = catalog.fingerprint(catalog.snapshot(conn))
            role = present(conn, Author("", "")).role
    except RunbookError as error:
        return replace(seen, why=error.what)
    chosen = _until(plan, last)
    absent = {m.version for m in there.pending}
    seen = replace(
        seen, server=identity.system_identifier, key=identity.key, catalog=now,
        waiting=tuple(m.version for m in chosen if m.version in absent), role=role,
        approved=tuple(e.detail["token"] for e in events if e.stage == second.STAGE),
    )  # fmt: skip
    edited = [row.version for row in there.edited]
    if edited:
        return replace(seen, state=DRIFTED, why=f"{edited[0]} was applied with other SQL")
    if not seen.waiting and _closed(chosen, events):
        return replace(seen, state=DONE)
    left = [event for event in events if "catalog" in event.detail]
    if not left:
        return replace(seen, state=FRESH)
    if left[-1].detail["catalog"] != now:
        why = f"its catalog changed since event {left[-1].seq}, and not by the runbook"
        return replace(seen, state=DRIFTED, why=why)
    used = [event.detail["token"] for event in left if event.stage == "approval"]
    return replace(seen, state=BEGUN, token=used[-1] if used else "")


def _until(plan: Plan, last: str) -> list[Migration]:
    end = [m.version for m in plan.migrations].index(last) + 1
    return list(plan.migrations[:end])


def _closed(migrations: list[Migration], events: list[Event]) -> bool:
    """Whether whatever the runbook applied also passed its checkpoint."""
    for migration in migrations:
        own = since_rollback(e for e in events if e.version == migration.version)
        last = latest(own, "checkpoint")
        if own and (last is None or last.state != PASSED):
            return False
    return True
