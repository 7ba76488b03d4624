"""What became of the approval of what is pending: none yet, printed, in use, or void and why.

Only tokens that somebody printed are named, from runs/plans/ and from the ledger: `next` approves
nothing by itself, and a token that it made up would skip the check it stands for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..approvals import manifest, second, token
from ..errors import NotApproved
from ..plan import Migration
from .standing import Standing

NONE, READY, IN_USE, VOID = "none", "ready", "in use", "void"
_SAID = 300


@dataclass(frozen=True)
class Approval:
    """The best token there is for what is pending.

    Fields:
        state: none · ready · in use · void.
        token: "" where there is none.
        covers: the pending migrations that it is good for.
        checked: who made the check; "" where this folder does not know.
        approved: who else approved it; "" for nobody.
        why: of a void one, what is not as it was.
    """

    state: str
    token: str = ""
    covers: Sequence[Migration] = ()
    checked: str = ""
    approved: str = ""
    why: str = ""

    @property
    def waits_for_another(self) -> bool:
        """Whether this process asks for a second person, who has not approved it yet."""
        return second.required() and not self.approved


def approval(standing: Standing) -> Approval:
    """Hold every token that is known against what is pending now; the newest good one counts."""
    void = Approval(NONE)
    for given in _known(standing):
        found = _state(standing, given)
        if found and found.state in (READY, IN_USE):
            return found
        if found and void.state == NONE:
            void = found
    return void


def _known(standing: Standing) -> list[str]:
    """The tokens of this target, the one that was printed or used last first."""
    project, at = standing.target.project, {}
    for path in (project / "runs" / "plans").glob("*.json"):
        known = manifest.find(project, path.stem)
        if known and known.target == standing.target.name:
            at[known.token] = path.stat().st_mtime
    for event in standing.events:
        if event.stage in ("approval", second.STAGE):
            given = str(event.detail["token"])
            at[given] = max(event.at.timestamp(), at.get(given, 0.0))
    return sorted(at, key=lambda given: -at[given])


def _state(standing: Standing, given: str) -> Approval | None:
    """None where nothing of what it covered is pending any more: it is used up."""
    pending, target = standing.pending, standing.target
    known = manifest.find(target.project, given)
    used = token.used_before(standing.events, given)
    files = used.detail["files"] if used else known.files if known else _files(standing, given)
    left = [m for m in pending if m.version in files]
    about = {
        "token": given,
        "checked": str(known.checked.get("operator", "")) if known else "",
        "approved": ", ".join(_approvers(standing, given)),
    }
    covered = token.covered_by(standing.identity, standing.fingerprint, pending, given, least=1)
    if covered:
        return Approval(IN_USE if used else READY, covers=covered, **about)
    if files and not left:
        return None
    if used:
        try:
            token.require_rest(standing.events, target, left, given, standing.fingerprint)
        except NotApproved as error:
            why = error.what.replace(f"The token {given} does", "it does")
            return Approval(VOID, why=why, **about)
        return Approval(IN_USE, covers=left, **about)
    if known is None:
        return Approval(VOID, why="it was made for something else than is pending now", **about)
    why = "; ".join(manifest.changed(known, standing.identity, standing.catalog, pending))
    why = why or "more files are pending now than it covers"
    return Approval(VOID, why=why if len(why) <= _SAID else f"{why[: _SAID - 1]}…", **about)


def _files(standing: Standing, given: str) -> dict[str, str]:
    """What a token that was printed elsewhere was approved for here."""
    said = (e for e in standing.events if e.stage == second.STAGE)
    return next((e.detail["files"] for e in said if e.detail.get("token") == given), {})


def _approvers(standing: Standing, given: str) -> Iterator[str]:
    for event in standing.events:
        if event.stage == second.STAGE and event.detail.get("token") == given:
            yield str(event.detail.get("by", {}).get("operator") or event.operator)
