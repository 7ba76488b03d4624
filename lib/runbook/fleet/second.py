"""Two-person mode for a wave: one word of a second person, written into each target's ledger.

The check leaves runs/plans/<wave token>.json, which says who made it. `runbook fleet approve` looks
at the fleet again, finds the wave that the token is for, and approves the plan token of every
target in it: so each target's notebook asks its own ledger, and need not believe the fleet.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from .. import history
from ..approvals import second
from ..approvals.person import Person, at_keyboard, told_apart
from ..errors import NotApproved, RunbookError
from ..ledger import Author
from ..records import archive
from ..target import identify, open_target, require_fit
from .run import Run
from .survey import Surveyed


def keep(run: Run, author: Author) -> None:
    """Write down who made this check, for every wave that needs an approval."""
    folder = run.root / "runs" / "plans"
    here = asdict(at_keyboard(author, ""))
    for wave in range(1, run.fleet.waves + 1):
        if token := run.token(wave):
            roles = {seen.name: seen.role for seen in run.asking(wave)}
            said = {"token": token, "wave": wave, "checked": here, "roles": roles}
            with contextlib.suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
                text = json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True)
                archive.write(folder / f"{token}.json", text + "\n")


def approve(run: Run, token: str, author: Author) -> tuple[int, dict[str, RunbookError]]:
    """Approve a wave of the fleet as it was just surveyed.

    Returns:
        How many targets' ledgers have the word now, and the targets that could not take it.

    Raises:
        NotApproved: the token is of no wave, as the fleet is now; or whose word this is does not
            count as another's than who made the check. Nothing was written.
    """
    wave = next((w for w in range(1, run.fleet.waves + 1) if token == run.token(w) != ""), None)
    if wave is None:
        raise NotApproved(
            f"The token {token} is of no wave of {run.fleet.path.name} as its targets are now.",
            remedy="A file, a target's catalog or who is in the wave is not what it was. Have the"
            " fleet checked again, with the same phases: `runbook fleet run`.",
        )
    checked = _checked(run, token)
    lacking = [s for s in run.asking(wave) if run.own_token(s) not in s.approved]
    for seen in lacking:
        made = checked.get(seen.name)
        if made and not told_apart(at_keyboard(author, seen.role), made):
            raise NotApproved(
                f"{author.operator} is not known to be another than {made.operator}, who made the"
                f" check of wave {wave}: only a typed name, if that, tells them apart.",
                remedy="Somebody else approves it: under another name, and from another system"
                " login or as another database role.",
            )
    failed: dict[str, RunbookError] = {}
    with ThreadPoolExecutor(run.fleet.per_server) as pool:
        asked = {s.name: pool.submit(_approve, run, s, author, checked) for s in lacking}
    for name, future in asked.items():
        error = future.exception()
        if isinstance(error, RunbookError):
            failed[name] = error
        elif error is not None:
            failed[name] = RunbookError(f"{type(error).__name__}: {error}".splitlines()[0])
    return len(run.asking(wave)) - len(failed), failed


def _approve(run: Run, seen: Surveyed, author: Author, checked: Mapping[str, Person]) -> None:
    target = open_target(seen.name, run.root)
    with target.connect(purpose=f"{author.operator}: approve") as conn:
        identity = identify(conn)
        require_fit(target, conn, identity)
        waiting = {m.version for m in history.classify(run.plan, history.read(conn)).pending}
        pending = [m for m in run.plan.migrations if m.version in waiting]
        second.approve(
            target, conn, identity, pending, run.own_token(seen), author,
            checked=checked.get(seen.name),
        )  # fmt: skip


def lacking(run: Run, wave: int) -> str:
    """Why a wave may not begin in two-person mode, in words; "" when it may."""
    without = [s for s in run.asking(wave) if run.own_token(s) not in s.approved]
    if not (second.required() and without):
        return ""
    return (
        f"wave {wave} needs the word of a second person on {len(without)} targets:"
        f" runbook fleet approve {run.token(wave)}"
    )


def _checked(run: Run, token: str) -> dict[str, Person]:
    """Who made the check, by target; empty where this folder does not know."""
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        path = run.root / "runs" / "plans" / f"{token}.json"
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        here = said["checked"]
        return {name: Person(**{**here, "role": role}) for name, role in said["roles"].items()}
    return {}
